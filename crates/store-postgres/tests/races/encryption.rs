//! TLS to the server: who signed the certificate and whom it names are both looked at.

use crate::common::samples::node;
use crate::common::{database_of, options};
use cpis_store::{Store as _, StoreError, Weight};
use cpis_store_postgres::{Options, PgStore};
use cpis_testkit::postgres::Cluster;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An authority of its own, and a certificate for `localhost` that it signed.
fn certificates(folder: &Path) -> PathBuf {
    let script = r#"
        set -e; cd "$1"
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$2" \
            -keyout ca.key -out ca.pem -addext basicConstraints=critical,CA:true
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost -keyout server.key -out server.csr
        printf 'subjectAltName=DNS:localhost\nbasicConstraints=CA:false\n' > ext
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out server.crt
        chmod 600 server.key
    "#;
    std::fs::create_dir_all(folder).unwrap();
    let name = folder.file_name().unwrap();
    let made = Command::new("sh").args(["-c", script, "sh"]).arg(folder).arg(name).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    folder.join("ca.pem")
}

#[tokio::test(flavor = "multi_thread")]
async fn certificate_and_host_name_are_verified() {
    let folder = |name: &str| std::env::temp_dir().join(format!("cpis-pg-{name}-{}", std::process::id()));
    let cluster = Cluster::start(&folder("tls"), &["fsync = off"]).await;
    let (keys, others) = (folder("authority"), folder("other-authority"));
    let (authority, other) = (certificates(&keys), certificates(&others));
    cluster.encrypt(&keys.join("server.crt"), &keys.join("server.key"));
    let database = database_of(&cluster).await;

    let by_number = database.service_url.clone();
    let by_name = by_number.replace("@127.0.0.1:", "@localhost:");
    let open = |url: &str, ca_file: &Path| {
        let options = Options { ca_file: Some(ca_file.to_owned()), ..options(url) };
        async { PgStore::open(options).await }
    };
    let store = open(&by_name, &authority).await.unwrap();
    store.ping().await.unwrap();
    let findings = store.examine().await.unwrap();
    assert!(findings.iter().any(|finding| finding.what == "encryption" && finding.weight == Weight::Good));
    let admin = crate::common::admin(&cluster.superuser_url(&database.name)).await;
    let sql = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'cpis'";
    assert!(admin.query_one(sql, &[]).await.unwrap().get::<_, bool>(0));

    for (url, ca_file) in [(&by_name, &other), (&by_number, &authority)] {
        let refused = open(url, ca_file).await.err();
        assert!(matches!(refused, Some(StoreError::Unavailable(_))), "{refused:?}");
    }
    // A server that speaks no TLS is not spoken to in clear.
    let plain = crate::common::database().await;
    let refused = open(&plain.service_url.replace("@127.0.0.1:", "@localhost:"), &authority).await.err();
    assert!(matches!(refused, Some(StoreError::Unavailable(_))), "{refused:?}");
    node(&by_number).await.ping().await.unwrap();
    drop((store, admin, database));
    for folder in [keys, others] {
        std::fs::remove_dir_all(folder).unwrap();
    }
}
