//! One node hears of another's commits, and its own are no news to it.

use crate::common::database;
use crate::common::samples::{append, group, node};
use cpis_store::Store as _;
use std::time::{Duration, Instant};

/// The slow poll comes after half a second; a signal is far quicker.
const QUICK: Duration = Duration::from_millis(250);

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_wakes_another_node() {
    let database = database().await;
    let (one, two) = (node(&database.service_url).await, node(&database.service_url).await);
    // At first the listeners may still be on their way; a busy machine may be late once. Later it must be quick.
    for number in 0.. {
        assert!(number < 50, "no signal came");
        let began = Instant::now();
        let (appended, ()) = tokio::join!(append(&one, group(number), 1), two.wake());
        appended.unwrap();
        if began.elapsed() < QUICK {
            break;
        }
    }
    // Without one it returns too, and finds out by looking.
    two.wake().await;
    two.wake().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn own_commits_are_no_news() {
    let database = database().await;
    let one = node(&database.service_url).await;
    append(&one, group(1), 1).await.unwrap();
    let began = Instant::now();
    let (appended, ()) = tokio::join!(append(&one, group(2), 1), one.wake());
    appended.unwrap();
    assert!(began.elapsed() >= QUICK, "its own commit woke it");
}
