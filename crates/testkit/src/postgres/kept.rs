//! A cluster that stays: for the demo, which goes on where it ended.

use super::database::connect;
use super::{Cluster, Ending, OWNER, Stop, as_server, binary, free_port, make, reachable};
use std::fs;
use std::path::{Path, PathBuf};

/// The database of a kept cluster.
pub const DATABASE: &str = "cpis";
/// In the folder that was asked for, names the folder in which the cluster lies.
const PLACE: &str = "cluster-folder";

/// Whether PostgreSQL's server is installed here.
pub fn is_installed() -> bool {
    std::panic::catch_unwind(|| {
        as_server(&binary("initdb")).arg("--version").output().is_ok_and(|told| told.status.success())
    })
    .unwrap_or(false)
}

impl Cluster {
    /// Goes on with the cluster of a folder, or makes one. It stays when this is dropped, and its server is stopped. Where the
    /// server's account cannot reach the folder, the cluster lies in one of its own, which a file in the folder names.
    ///
    /// One process at a time: a server that an earlier one left running is stopped first.
    pub async fn kept(folder: &Path, settings: &[&str]) -> Self {
        fs::create_dir_all(folder).expect("a folder");
        let note = folder.join(PLACE);
        let known = fs::read_to_string(&note).ok().map(|text| PathBuf::from(text.trim()));
        if let Some(place) = known.filter(|place| place.join("data/PG_VERSION").exists()) {
            let mut cluster = Self { folder: place, port: free_port(), ending: Ending::Stop, user: None };
            cluster.stop(Stop::Fast);
            cluster.configure(settings);
            cluster.launch();
            cluster.watch();
            return cluster;
        }
        let place = reachable(&folder.join("cluster"));
        let mut cluster = make(&place, settings);
        cluster.ending = Ending::Stop;
        cluster.roles().await;
        let client = connect(&cluster.superuser_url("postgres")).await;
        client.batch_execute(&format!("CREATE DATABASE {DATABASE} OWNER {OWNER}")).await.expect("a database");
        fs::write(place.join("kept"), "").expect("a note");
        cluster.watch();
        // Last: what is named is whole.
        fs::write(&note, place.to_string_lossy().as_bytes()).expect("a note");
        cluster
    }
}
