//! The cluster that all tests of all processes share.

use super::{Cluster, Ending, Stop, as_server, binary, give_to_server, make};
use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;
use tokio::sync::OnceCell;

/// Stops the server, and removes the folder unless it is kept, when nobody had the lock for six times five seconds. Arguments: the lock, the folder,
/// `pg_ctl`.
const WATCH: &str = r#"
free=0
while sleep 5; do
  [ -d "$2/data" ] || exit 0
  if flock --exclusive --nonblock "$1" true; then free=$((free + 1)); else free=0; fi
  [ "$free" -lt 6 ] && continue
  flock --exclusive --nonblock "$1" sh -c '"$2" --pgdata "$1/data" --mode fast --wait stop; [ -e "$1/kept" ] || rm -rf "$1"' sh "$2" "$3" && exit 0
  free=0
done
"#;

/// Everything is thrown away, so nothing need be safe from a power cut.
const SETTINGS: &[&str] =
    &["fsync = off", "full_page_writes = off", "shared_buffers = 64MB", "autovacuum_naptime = 5s"];

impl Cluster {
    /// The cluster of all tests, which is started if it does not run. It does not keep anything from a power cut.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<Cluster> = OnceCell::const_new();
        SHARED.get_or_init(join).await
    }

    /// Has a cluster of our own stopped if we end without doing so.
    pub(super) fn watch(&mut self) {
        let path = self.folder.with_extension("users");
        let users = File::options().create(true).append(true).open(&path).expect("a lock");
        give_to_server(&path);
        users.lock_shared().expect("a lock");
        watch(&path, &self.folder);
        self.user = Some(users);
    }
}

async fn join() -> Cluster {
    let folder = std::env::temp_dir().join("cpis-pg-shared");
    let lock = |name: &str| {
        let path = folder.with_extension(name);
        let file = File::options().create(true).append(true).open(&path).expect("a lock");
        give_to_server(&path);
        (path, file)
    };
    let (users_path, users) = lock("users");
    let (_, making) = lock("making");
    let (users, making) = tokio::task::spawn_blocking(move || {
        // The one that stops the server has this lock alone while it does.
        users.lock_shared().expect("a lock");
        making.lock().expect("a lock");
        (users, making)
    })
    .await
    .expect("locks");
    let mut cluster = match running(&folder).await {
        Some(port) => Cluster { folder, port, ending: Ending::Leave, user: None },
        None => fresh(&folder, &users_path).await,
    };
    drop(making);
    cluster.user = Some(users);
    cluster
}

/// The port of the server that runs there.
async fn running(folder: &Path) -> Option<u16> {
    let port = fs::read_to_string(folder.join("ready")).ok()?.trim().parse().ok()?;
    let known = Cluster { folder: folder.to_owned(), port, ending: Ending::Leave, user: None };
    known.pid()?;
    super::database::try_connect(&known.superuser_url("postgres")).await.map(|_| port)
}

async fn fresh(folder: &Path, users: &Path) -> Cluster {
    // The script may have removed it.
    fs::create_dir_all(folder).expect("a folder");
    give_to_server(folder);
    let stale = Cluster { folder: folder.to_owned(), port: 0, ending: Ending::Leave, user: None };
    stale.stop(Stop::Immediate);
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let _ = fs::remove_dir_all(entry.path()).or_else(|_| fs::remove_file(entry.path()));
    }
    let mut cluster = make(folder, SETTINGS);
    cluster.ending = Ending::Leave;
    cluster.roles().await;
    fs::write(folder.join("ready"), cluster.port.to_string()).expect("a note");
    watch(users, folder);
    cluster
}

/// Starts the script that looks whether anybody still uses a cluster.
fn watch(users: &Path, folder: &Path) {
    let mut watch = as_server(Path::new("setsid"));
    watch.args(["sh", "-c", WATCH, "sh"]).arg(users).arg(folder).arg(binary("pg_ctl"));
    watch.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut watch = watch.spawn().expect("a watch over the cluster");
    // It outlives us; if it does not, it is waited for.
    std::thread::spawn(move || watch.wait());
}
