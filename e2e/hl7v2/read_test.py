"""What the gateway sends, read by two public readers of HL7 v2, one of which knows the structures of the standard.

The messages are those of the example `sent` of the format's crate, in the folder CPIS_SENT. Ends with the line "N passed, N
failed".
"""

import os
import sys
import unittest
from pathlib import Path

import hl7
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message

MESSAGES = {path.stem: path.read_bytes() for path in sorted(Path(os.environ["CPIS_SENT"]).glob("*.hl7"))}
# Versions that the reader has tables for.
KNOWN = ("2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8")


def acknowledgements():
    return {name: message for name, message in MESSAGES.items() if name.startswith("ack-")}


def alerts():
    return {name: message for name, message in MESSAGES.items() if name.startswith("alert-")}


class Acknowledgements(unittest.TestCase):
    def test_hl7_reads_code_and_control_id(self):
        for name, message in acknowledgements().items():
            with self.subTest(name):
                _, version, outcome, mode, n = name.split("-")
                read = hl7.parse(message.decode())
                letter = {"accepted": "A", "failed": "E", "rejected": "R"}[outcome]
                first = "C" if mode == "enhanced" and n == "0" else "A"
                self.assertEqual(str(read.segment("MSA")[1]), first + letter)
                self.assertEqual(str(read.segment("MSA")[2]), "ID\\T\\1")
                self.assertEqual(read.unescape(str(read.segment("MSA")[2])), "ID&1")
                self.assertEqual(str(read.segment("MSH")[12]), version)
                self.assertEqual(str(read.segment("MSH")[9]).split("^")[0], "ACK")

    def test_hl7apy_reads_them_as_its_versions_have_them(self):
        for name, message in acknowledgements().items():
            version = name.split("-")[1]
            self.assertIn(version, KNOWN)
            with self.subTest(name):
                read = parse_message(message.decode(), validation_level=VALIDATION_LEVEL.TOLERANT, find_groups=False)
                self.assertTrue(read.msa.msa_1.value in ("AA", "AE", "AR", "CA", "CE", "CR"))
                self.assertEqual(read.msh.msh_10.value, "G0000000412")
                if "accepted" not in name:
                    self.assertEqual(len(read.err), 1)

    def test_hl7apy_finds_no_fault_in_those_of_the_uk(self):
        for name, message in acknowledgements().items():
            if name.split("-")[1] in ("2.4", "2.5", "2.5.1"):
                with self.subTest(name):
                    parse_message(message.decode(), validation_level=VALIDATION_LEVEL.STRICT)

    def test_there_are_as_many_as_there_should_be(self):
        # Ten versions, three outcomes; the enhanced mode came with 2.2 and has two answers.
        self.assertEqual(len(acknowledgements()), 10 * 3 + 9 * 3 * 2)


class Alerts(unittest.TestCase):
    def test_hl7_reads_names_identifiers_and_what_is_said(self):
        for name, message in alerts().items():
            with self.subTest(name):
                read = hl7.parse(message.decode())
                pid, obx = read.segment("PID"), read.segment("OBX")
                self.assertEqual([str(one[0]) for one in pid[3]], ["L4410021", "9990417008"])
                names = [read.unescape(str(part)) for part in pid[5][0]]
                self.assertEqual(names, ["O'TEST|NÚÑEZ^", "SEÁN D&A"])
                self.assertEqual(str(read.segment("PV1")[19][0][0]), "AE26031400771")
                said = (str(obx[5]), str(obx[11]))
                present = ("P^Present, see viewer^L", "F")
                self.assertEqual(said, present if "present" in name else ('""', "D"))

    def test_hl7apy_finds_no_fault(self):
        for name, message in alerts().items():
            with self.subTest(name):
                read = parse_message(message.decode(), validation_level=VALIDATION_LEVEL.STRICT)
                self.assertEqual(read.msh.msh_12.value, "2.4")


if __name__ == "__main__":
    done = unittest.main(exit=False, verbosity=2).result
    failed = len(done.failures) + len(done.errors)
    print(f"{max(done.testsRun - failed, 0)} passed, {failed} failed")
    sys.exit(0 if done.wasSuccessful() else 1)
