//! The play against a service that answers when the test says so.

use super::*;
use std::sync::atomic::AtomicUsize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A service that counts questions and answers none before its gate is open.
struct Service {
    url: String,
    asked: Arc<AtomicUsize>,
    open: watch::Sender<bool>,
}

async fn service() -> Service {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let (open, gate) = watch::channel(false);
    let count = asked.clone();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (count, mut gate) = (count.clone(), gate.clone());
            tokio::spawn(async move {
                let body = r#"{"resourceType": "Bundle", "total": 0}"#;
                let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                let mut bytes = vec![0; 8192];
                // The head and the short body of these questions come in one piece.
                while stream.read(&mut bytes).await.is_ok_and(|read| read > 0) {
                    count.fetch_add(1, Ordering::Relaxed);
                    if gate.wait_for(|open| *open).await.is_err() || stream.write_all(answer.as_bytes()).await.is_err()
                    {
                        return;
                    }
                }
            });
        }
    });
    Service { url, asked, open }
}

fn askers(url: &str) -> Askers {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens");
    std::fs::write(&path, "one\ntwo\n").unwrap();
    Askers::read(&path, Some(url)).unwrap()
}

fn looks(count: u32, gap: Duration) -> Vec<(Duration, Look)> {
    (0..count).map(|place| (gap * place, Look::of_test("9990000018"))).collect()
}

fn limits(connections: u32, in_flight_max: u32) -> Limits {
    Limits { connections, in_flight_max, timeout: Duration::from_mins(5) }
}

struct Playing {
    recorder: Arc<Recorder>,
    stop: watch::Sender<bool>,
    ran: tokio::task::JoinHandle<Ran>,
}

fn play(url: &str, looks: Vec<(Duration, Look)>, limits: Limits) -> Playing {
    let recorder = Arc::new(Recorder::new(Instant::now(), Duration::from_secs(1)));
    let (stop, stopped) = watch::channel(false);
    let ran = tokio::spawn(run(looks, askers(url), limits, recorder.clone(), stopped));
    Playing { recorder, stop, ran }
}

async fn until(holds: impl Fn() -> bool) {
    while !holds() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stall_is_in_the_latency_of_everything_that_was_due_meanwhile() {
    // With few connections most looks cannot even be sent before the service goes on: their wait counts all the same.
    for connections in [2, 64] {
        let service = service().await;
        let gap = Duration::from_millis(5);
        let playing = play(&service.url, looks(60, gap), limits(connections, 1_000));
        until(|| playing.recorder.read(|figures| figures.counts().due) == 60).await;
        until(|| service.asked.load(Ordering::Relaxed) == connections.min(60) as usize).await;
        service.open.send(true).unwrap();
        let ran = playing.ran.await.unwrap();
        let counts = ran.figures.counts();
        assert_eq!((counts.due, counts.sent, counts.no_record, counts.failures()), (60, 60, 60, 0));
        assert_eq!((ran.planned, ran.end), (60, End::Done));
        // The gate opened after the last was due: a look that was due earlier waited at least until then.
        let latency = &ran.figures.doors[0].all.latency;
        let waited = |looks: u32| (gap * looks).as_nanos() as f64 * 0.99;
        assert_eq!(latency.count(), 60);
        assert!(latency.max() as f64 >= waited(59) && latency.quantile(0.5) as f64 >= waited(29), "{connections}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_finds_no_room_is_not_sent_and_counted() {
    let service = service().await;
    let playing = play(&service.url, looks(60, Duration::ZERO), limits(64, 5));
    until(|| playing.recorder.read(|figures| figures.counts().due) == 60).await;
    service.open.send(true).unwrap();
    let ran = playing.ran.await.unwrap();
    let counts = ran.figures.counts();
    assert_eq!((counts.due, counts.sent, counts.no_record), (60, 5, 5));
    assert_eq!(counts.kinds().collect::<Vec<_>>(), [(Failure::NotSent, 55)]);
    assert_eq!(ran.figures.doors[0].all.latency.count(), 5, "what was not sent has no latency");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_that_is_asked_for_waits_for_what_was_sent() {
    let service = service().await;
    let mut all = looks(5, Duration::ZERO);
    all.push((Duration::from_hours(1), Look::of_test("9990000018")));
    let playing = play(&service.url, all, limits(64, 1_000));
    until(|| service.asked.load(Ordering::Relaxed) == 5).await;
    playing.stop.send(true).unwrap();
    service.open.send(true).unwrap();
    let ran = playing.ran.await.unwrap();
    let counts = ran.figures.counts();
    assert_eq!((ran.end, ran.planned, counts.due, counts.no_record), (End::Stopped, 6, 5, 5));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_there_is_a_failure_of_each_look() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let ran = play(&url, looks(3, Duration::ZERO), limits(64, 1_000)).ran.await.unwrap();
    assert_eq!(ran.figures.counts().kinds().collect::<Vec<_>>(), [(Failure::Unreachable, 3)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_in_time_is_a_failure_with_its_wait() {
    let service = service().await;
    let limits = Limits { timeout: Duration::from_millis(100), ..limits(64, 1_000) };
    let ran = play(&service.url, looks(3, Duration::ZERO), limits).ran.await.unwrap();
    assert_eq!(ran.figures.counts().kinds().collect::<Vec<_>>(), [(Failure::TimedOut, 3)]);
    assert!(ran.figures.doors[0].all.latency.quantile(0.0) >= 99_000_000);
}
