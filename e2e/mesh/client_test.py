"""An authority's day with the public MESH client for Python, over mutual TLS, against the program as it is installed.

Set up as docs/ops/mesh.md says, with the commands that an operator has. Ends with the line "N passed, N failed".
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from mesh_client import MeshClient
from requests.exceptions import HTTPError, RequestException

CPIS = os.environ["CPIS_BINARY"]
ROOT = Path(__file__).resolve().parents[2]
SHARED_KEY = "a shared key for tests"
CAMDEN, CITY, SERVICE = "702OT001", "714OT001", "CPIS0HC001"
NUMBERS = ["9990000018", "9990000026"]


def free_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def upload(sequence, number=NUMBERS[0], code="702"):
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<File xmlns="urn:hl7-org:v3" xmlns:npfitlc="NPFIT:HL7:Localisation">
  <creationTime value="20260302093000+0000"/>
  <id extension="{sequence}"/>
  <transmissionQuantity value="1"/>
  <communicationFunctionSnd><organisation>
    <id root="2.16.840.1.113883.2.1.3.2.4.19.1" extension="{code}"/>
    <name>CAMDEN</name>
    <telecom value="tel:01632960001" use="EC"/>
  </organisation></communicationFunctionSnd>
  <record><CP-ISRecord>
    <pertinentInformation>
      <npfitlc:contentId root="2.16.840.1.113883.2.1.3.2.4.18.16" extension="COCT_TP146101GB01#CPPInformation"/>
      <COCT_TP146101GB01.CPPInformation>
        <component><cPPStartDate><value value="202601150000"/></cPPStartDate></component>
      </COCT_TP146101GB01.CPPInformation>
    </pertinentInformation>
    <subject>
      <npfitlc:contentId root="2.16.840.1.113883.2.1.3.2.4.18.16" extension="COCT_TP145101GB01#Child"/>
      <COCT_TP145101GB01.Child>
        <id root="2.16.840.1.113883.2.1.4.1" extension="{number}"/>
        <childPerson><birthTime value="20170404"/><name><given>Robin</given><family>Testcase</family></name></childPerson>
      </COCT_TP145101GB01.Child>
    </subject>
  </CP-ISRecord></record>
</File>
""".encode()


class Installation:
    """A service in a folder of its own."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="cpis-mesh-"))
        self.ports = [free_port() for _ in range(3)]
        self.certificates()
        data = self.folder / "data"
        self.cpis("keys", "init", "--data-dir", data)
        records = [{"version": 1, "kind": "authority", "code": code, "name": name, "mailboxes": [mailbox]}
                   for code, name, mailbox in [("702", "Camden", CAMDEN), ("714", "City of London", CITY)]]
        table = self.write("records.jsonl", "".join(json.dumps(record) + "\n" for record in records))
        self.cpis("organisations", "import", "--kind", "records", "--why", "a test", "--data-dir", data, table)
        people = "nhs_number,given,family,birth_date,restricted,deceased,superseded_by\n"
        people += "".join(f"{number},Robin,Testcase,2017-04-04,no,no,\n" for number in NUMBERS)
        self.cpis("register", "import", "--data-dir", data, self.write("people.csv", people))
        for mailbox in (CAMDEN, CITY):
            self.cpis("mailbox", "password", mailbox, "--stdin", "--data-dir", data, text=f"password of {mailbox}\n")
        assert f"{CAMDEN}  open" in self.cpis("mailbox", "list", "--data-dir", data)
        shutil.copy(ROOT / "crates/identity/src/mapping/default.toml", self.folder / "issuer.toml")
        self.write("shared-key", SHARED_KEY + "\n")
        self.write("cpis.toml", f"""
listen = "127.0.0.1:{self.ports[0]}"
inside_listen = "127.0.0.1:{self.ports[1]}"
data_dir = "data"
test_numbers = true
[[issuer]]
mapping = "issuer.toml"
[mesh]
listen = "127.0.0.1:{self.ports[2]}"
certificate = "server.pem"
key = "server.key"
client_ca_file = "ca.pem"
shared_key_file = "shared-key"
tell_seconds = 1
[logs]
format = "human"
""")
        self.start()

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def cpis(self, *arguments, text=""):
        done = subprocess.run([CPIS, *map(str, arguments)], input=text, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout

    def openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], cwd=self.folder, check=True, capture_output=True, timeout=60)

    def certificates(self):
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=A test authority",
                     "-keyout", "ca.key", "-out", "ca.pem", "-addext", "basicConstraints=critical,CA:TRUE",
                     "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        for name, subject, more in [
            ("server", "/CN=localhost", "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n"),
            ("client", "/CN=702OT001.702.api.mesh-client.nhs.uk", "extendedKeyUsage=clientAuth\n"),
        ]:
            self.write(f"{name}.ext", "basicConstraints=CA:FALSE\n" + more)
            self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", subject, "-keyout", f"{name}.key",
                         "-out", f"{name}.csr")
            self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2",
                         "-out", f"{name}.pem", "-extfile", f"{name}.ext")

    def start(self):
        log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen([CPIS, "serve", "--config", self.folder / "cpis.toml"], stdout=log, stderr=log)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", self.ports[2])) == 0:
                    return
            assert self.process.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.05)
        raise AssertionError("the service does not start: " + (self.folder / "log").read_text())

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def client(self, mailbox, **given):
        settings = {
            "url": f"https://localhost:{self.ports[2]}", "mailbox": mailbox, "password": f"password of {mailbox}",
            "shared_key": SHARED_KEY.encode(), "verify": str(self.folder / "ca.pem"),
            "cert": (str(self.folder / "client.pem"), str(self.folder / "client.key")), "check_hostname": True,
            "retry_backoff_factor": 0.05, "timeout": 60, **given,
        }
        return MeshClient(**settings)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)
        shutil.rmtree(self.folder, ignore_errors=True)


class AuthoritysDay(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.installation = Installation()

    @classmethod
    def tearDownClass(cls):
        cls.installation.stop()

    def answer(self, client, local_id):
        """The answer to a file, once it lies in the mailbox. What else lies there is left."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            for message in client.iterate_all_messages():
                if message.local_id == local_id and message.workflow_id == "CPIS_UPLOAD_ACK":
                    text = message.read().decode()
                    message.acknowledge()
                    return text
            time.sleep(0.1)
        raise AssertionError(f"no answer to {local_id}: " + (self.installation.folder / "log").read_text())

    def test_1_a_file_is_sent_and_answered(self):
        with self.installation.client(CAMDEN) as client:
            self.assertIn("status", client.ping())
            client.handshake()
            sent = client.send_message(SERVICE, upload(1), workflow_id="CPIS_UPLOAD", local_id="UPLOAD-1",
                                       subject="A file", filename="upload.xml")
            self.assertEqual(len(sent), 27)
            text = self.answer(client, "UPLOAD-1")
            self.assertIn('code="CPF02"', text)
            self.assertIn('<id extension="1"/>', text)
            tracked = client.track_message(message_id=sent)
            self.assertEqual(tracked["status"].lower(), "acknowledged")
            self.assertEqual(tracked["recipient"], SERVICE)
            self.assertEqual(client.count_messages(), 0)

    def test_2_a_compressed_file_in_chunks_is_the_same(self):
        with self.installation.client(CAMDEN, transparent_compress=True, max_chunk_size=500) as client:
            client.send_message(SERVICE, upload(2, NUMBERS[1]), workflow_id="CPIS_UPLOAD", local_id="UPLOAD-2")
            self.assertIn('code="CPF02"', self.answer(client, "UPLOAD-2"))

    def test_3_chunks_travel_between_mailboxes(self):
        content = b"".join(str(n).encode() * 7 for n in range(1000))
        for compress in (False, True):
            with self.installation.client(CAMDEN, transparent_compress=compress, max_chunk_size=3000) as client:
                sent = client.send_message(CITY, content, workflow_id="LETTER", subject="Gr\u00fc\u00dfe", filename="a.txt")
            with self.installation.client(CITY) as client:
                self.assertEqual(client.list_messages(), [sent])
                self.assertEqual(client.list_messages(workflow_filter="!LETTER"), [])
                with client.retrieve_message(sent) as message:
                    self.assertEqual(message.sender, CAMDEN)
                    self.assertEqual(message.filename, "a.txt")
                    self.assertEqual(message.read(), content)
                self.assertEqual(client.list_messages(), [])

    def test_4_many_messages_come_in_pages(self):
        with self.installation.client(CAMDEN) as client:
            sent = [client.send_message(CITY, b"x", workflow_id="LETTER") for _ in range(25)]
        with self.installation.client(CITY) as client:
            listed = list(client.iterate_message_ids(batch_size=10))
            self.assertEqual(listed, sent)
            for message in client.iterate_all_messages():
                message.acknowledge()
            self.assertEqual(client.list_messages(), [])

    def test_5_what_cannot_be_sent_is_told(self):
        with self.installation.client(CAMDEN) as client:
            for to, workflow, words in [("X99OT001", "W", "Unregistered"), (SERVICE, "W", "Workflow")]:
                with self.assertRaises(Exception) as told:
                    client.send_message(to, b"x", workflow_id=workflow)
                self.assertIn(words, str(told.exception))
            found = client.lookup_endpoint("714", "LETTER")
            self.assertEqual(found["results"][0]["mailbox_id"], CITY)

    def test_6_nobody_else_gets_in(self):
        with self.installation.client(CAMDEN, password="another") as client:
            with self.assertRaises(HTTPError) as told:
                client.handshake()
            self.assertEqual(told.exception.response.status_code, 403)
        without = self.installation.client(CAMDEN, cert=None, max_retries=0)
        with self.assertRaises(RequestException):
            without.handshake()
        without.close()

    def test_7_nothing_is_lost_when_the_service_is_killed(self):
        with self.installation.client(CAMDEN) as client:
            for sequence in range(3, 9):
                client.send_message(SERVICE, upload(sequence), workflow_id="CPIS_UPLOAD", local_id=f"UPLOAD-{sequence}")
            self.installation.kill()
            self.installation.start()
            client.send_message(SERVICE, upload(9), workflow_id="CPIS_UPLOAD", local_id="UPLOAD-9")
            for sequence in range(3, 10):
                self.assertIn('code="CPF02"', self.answer(client, f"UPLOAD-{sequence}"))
            self.assertEqual([m.workflow_id for m in client.iterate_all_messages() if m.workflow_id == "CPIS_UPLOAD_ACK"], [])

    def test_8_a_missing_file_is_reported(self):
        with self.installation.client(CAMDEN) as client:
            client.send_message(SERVICE, upload(11), workflow_id="CPIS_UPLOAD", local_id="UPLOAD-11")
            end, report = time.monotonic() + 60, None
            while report is None and time.monotonic() < end:
                for message in client.iterate_all_messages():
                    if message.mex_header("messagetype") == "REPORT":
                        report = (message.mex_header("statuscode"), message.mex_header("statusdescription"))
                        message.acknowledge()
                time.sleep(0.1)
            self.assertEqual(report, ("05", "Upload 11 is held. Upload 10 is missing."))
            client.send_message(SERVICE, upload(10), workflow_id="CPIS_UPLOAD", local_id="UPLOAD-10")
            for sequence in (10, 11):
                self.assertIn('code="CPF02"', self.answer(client, f"UPLOAD-{sequence}"))


if __name__ == "__main__":
    done = unittest.main(exit=False, verbosity=2).result
    failed = len(done.failures) + len(done.errors)
    print(f"{done.testsRun - failed} passed, {failed} failed")
    sys.exit(0 if done.wasSuccessful() else 1)
