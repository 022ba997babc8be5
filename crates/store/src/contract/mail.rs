//! Mailboxes and deliveries.

use super::Backend;
use super::samples::{authority, group, new_person, person, plan, time, upload_plans};
use crate::{Delivery, MailMove, MailRow, MailStatus, MailStep, NewMail, Store, StoreError};

fn row(id: &str, recipient: &str, seconds: i64) -> MailRow {
    MailRow {
        id: id.to_owned(),
        sender: Some("E001OT001".to_owned()),
        recipient: recipient.to_owned(),
        workflow: "CPIS_UPLOAD".to_owned(),
        status: MailStatus::Accepted,
        place: 0,
        at: time(seconds),
        expires: time(seconds + 1000),
        ended: None,
        chunks: 1,
        compressed: false,
        bytes: 10,
        local: None,
        held: None,
        key: vec![7; 48],
        envelope: vec![8; 20],
    }
}

fn put(row: MailRow) -> MailStep {
    MailStep { put: vec![NewMail { row, parts: vec![vec![1; 5], vec![2; 5]] }], ..MailStep::default() }
}

fn moved(id: &str, from: MailStatus, to: MailStatus) -> MailMove {
    MailMove { id: id.to_owned(), from, to, at: time(500), held: None }
}

fn told(upto: u64, mail: Option<&str>) -> Delivery {
    let (authority, channel) = (authority(1), "mesh".to_owned());
    Delivery { authority, channel, upto, at: time(upto as i64), mail: mail.map(str::to_owned) }
}

async fn inbox(store: &dyn Store, recipient: &str, status: MailStatus, after: u64, max: u32) -> Vec<(String, u64)> {
    let rows = store.inbox(recipient.to_owned(), status, after, max).await.unwrap();
    rows.into_iter().map(|row| (row.id, row.place)).collect()
}

/// Messages are listed by mailbox and status, in the order in which they became complete.
pub async fn messages_lie_in_the_order_in_which_they_became_complete(backend: &dyn Backend) {
    let store = backend.open().await;
    store.mail_step(put(MailRow { status: MailStatus::Uploading, chunks: 2, ..row("A", "BOX1", 1) })).await.unwrap();
    store.mail_step(put(row("C", "BOX1", 2))).await.unwrap();
    store.mail_step(put(row("D", "BOX2", 3))).await.unwrap();
    assert!(store.mail_chunk("A".to_owned(), 2, 4, vec![vec![3]]).await.unwrap());
    store.mail_step(put(row("B", "BOX1", 4))).await.unwrap();
    let store = backend.open().await;
    let listed = inbox(&*store, "BOX1", MailStatus::Accepted, 0, 10).await;
    assert_eq!(listed, [("C".to_owned(), 1), ("A".to_owned(), 3), ("B".to_owned(), 4)]);
    assert_eq!(inbox(&*store, "BOX1", MailStatus::Accepted, 1, 1).await, listed[1..2]);
    assert_eq!(inbox(&*store, "BOX1", MailStatus::Held, 0, 10).await, []);
    assert_eq!(store.inbox_size("BOX1".to_owned()).await.unwrap(), (3, 34));
    assert_eq!(store.inbox_size("BOX9".to_owned()).await.unwrap(), (0, 0));
    let stored = store.mail("C".to_owned()).await.unwrap().unwrap();
    assert_eq!(stored, MailRow { place: 1, ..row("C", "BOX1", 2) });
    assert_eq!(store.mail("X".to_owned()).await.unwrap(), None);
    assert_eq!(store.mail_parts("C".to_owned(), 1).await.unwrap(), [vec![1; 5], vec![2; 5]]);
    let ids = async |after: &str| {
        let rows = store.mail_after(after.to_owned(), 2).await.unwrap();
        rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(ids("").await, ["A", "B"]);
    assert_eq!(ids("B").await, ["C", "D"]);
    store.reseal_mail(vec![("C".to_owned(), vec![9; 48]), ("X".to_owned(), vec![9])]).await.unwrap();
    assert_eq!(store.mail("C".to_owned()).await.unwrap().unwrap().key, [9; 48]);
}

/// A message goes on from where it was seen, together with what it brings; otherwise nothing happens.
pub async fn a_step_of_messages_is_all_or_nothing(backend: &dyn Backend) {
    let store = backend.open().await;
    store.mail_step(put(row("A", "BOX1", 1))).await.unwrap();
    let held = MailMove { held: Some(1042), ..moved("A", MailStatus::Accepted, MailStatus::Held) };
    store.mail_step(MailStep { moved: vec![held], ..put(row("B", "BOX2", 2)) }).await.unwrap();
    let stored = store.mail("A".to_owned()).await.unwrap().unwrap();
    assert_eq!((stored.status, stored.held, stored.ended), (MailStatus::Held, Some(1042), None));
    // It is not accepted any more: the answer does not lie in the box either.
    let again = moved("A", MailStatus::Accepted, MailStatus::Acknowledged);
    let refused = store.mail_step(MailStep { moved: vec![again], ..put(row("C", "BOX2", 3)) }).await;
    assert_eq!(refused, Err(StoreError::Stale));
    // An id is used once.
    let done = moved("A", MailStatus::Held, MailStatus::Acknowledged);
    let refused = store.mail_step(MailStep { moved: vec![done.clone()], ..put(row("B", "BOX2", 3)) }).await;
    assert_eq!(refused, Err(StoreError::Stale));
    let store = backend.open().await;
    assert_eq!(inbox(&*store, "BOX2", MailStatus::Accepted, 0, 10).await, [("B".to_owned(), 2)]);
    store.mail_step(MailStep { moved: vec![done], ..MailStep::default() }).await.unwrap();
    let stored = store.mail("A".to_owned()).await.unwrap().unwrap();
    assert_eq!((stored.status, stored.held, stored.ended), (MailStatus::Acknowledged, None, Some(time(500))));
}

/// A chunk that comes again takes the place of the one before; the message is complete once, with the last that was missing.
pub async fn chunks_make_a_message_once(backend: &dyn Backend) {
    let store = backend.open().await;
    store.mail_step(put(MailRow { status: MailStatus::Uploading, chunks: 3, ..row("A", "BOX1", 1) })).await.unwrap();
    let chunk = |number, mark: u8| store.mail_chunk("A".to_owned(), number, 5, vec![vec![mark; 5]]);
    assert!(!chunk(3, 3).await.unwrap());
    assert!(!chunk(3, 4).await.unwrap());
    assert_eq!(store.mail_chunks("A".to_owned()).await.unwrap(), [1, 3]);
    assert_eq!(inbox(&*store, "BOX1", MailStatus::Accepted, 0, 10).await, []);
    let store = backend.open().await;
    assert!(store.mail_chunk("A".to_owned(), 2, 5, vec![vec![2; 5]]).await.unwrap());
    assert_eq!(store.mail_chunk("A".to_owned(), 2, 5, vec![vec![9; 5]]).await, Err(StoreError::Stale));
    assert_eq!(store.mail_chunk("X".to_owned(), 2, 5, vec![vec![9; 5]]).await, Err(StoreError::Stale));
    assert_eq!(store.mail_parts("A".to_owned(), 3).await.unwrap(), [vec![4; 5]]);
    assert_eq!(inbox(&*store, "BOX1", MailStatus::Accepted, 0, 10).await, [("A".to_owned(), 1)]);
}

/// Messages are found by the digest of their sender's own name for them.
pub async fn messages_are_found_by_their_sender_s_name(backend: &dyn Backend) {
    let store = backend.open().await;
    for (id, local, seconds) in
        [("A", Some([1; 16]), 3), ("B", Some([1; 16]), 2), ("C", Some([2; 16]), 1), ("D", None, 1)]
    {
        store.mail_step(put(MailRow { local, ..row(id, "BOX1", seconds) })).await.unwrap();
    }
    let rows = store.mail_by_local([1; 16], 10).await.unwrap();
    assert_eq!(rows.iter().map(|row| &*row.id).collect::<Vec<_>>(), ["B", "A"]);
    assert_eq!(store.mail_by_local([1; 16], 1).await.unwrap(), rows[..1]);
    assert_eq!(store.mail_by_local([3; 16], 10).await.unwrap(), []);
}

/// What nobody collects runs out; what ended is removed some time later, with its parts.
pub async fn messages_run_out_and_are_removed(backend: &dyn Backend) {
    let store = backend.open().await;
    let uploading = MailRow { status: MailStatus::Uploading, chunks: 2, ..row("B", "BOX1", 2) };
    for row in [row("A", "BOX1", 1), uploading, row("C", "BOX1", 3), row("D", "BOX1", 4)] {
        store.mail_step(put(row)).await.unwrap();
    }
    let done = moved("A", MailStatus::Accepted, MailStatus::Acknowledged);
    store.mail_step(MailStep { moved: vec![done], ..MailStep::default() }).await.unwrap();
    let due = store.mail_due(time(1003), 10).await.unwrap();
    assert_eq!(due.iter().map(|row| &*row.id).collect::<Vec<_>>(), ["B", "C"]);
    assert_eq!(store.mail_due(time(1003), 1).await.unwrap(), due[..1]);
    assert_eq!(store.remove_mail(time(500)).await.unwrap(), 0, "it ended then, not before");
    assert_eq!(store.remove_mail(time(501)).await.unwrap(), 1);
    assert_eq!(store.mail("A".to_owned()).await.unwrap(), None);
    assert_eq!(store.mail_parts("A".to_owned(), 1).await.unwrap(), Vec::<Vec<u8>>::new());
    assert_eq!(store.mail_parts("C".to_owned(), 1).await.unwrap().len(), 2);
}

/// An authority is told of its notices from where the last time ended, and each notice knows by what it was told.
pub async fn what_was_told_is_told_once(backend: &dyn Backend) {
    let store = backend.open().await;
    let tell = |upto, before, mail| MailStep { delivered: Some((told(upto, mail), before)), ..MailStep::default() };
    assert_eq!(store.delivered(authority(1), "mesh".to_owned()).await.unwrap(), None);
    store.mail_step(tell(5, 0, Some("A"))).await.unwrap();
    assert_eq!(store.mail_step(tell(5, 0, Some("B"))).await, Err(StoreError::Stale), "it was told meanwhile");
    assert_eq!(store.mail_step(tell(7, 4, Some("B"))).await, Err(StoreError::Stale));
    store.mail_step(tell(9, 5, Some("B"))).await.unwrap();
    let hook = Delivery { channel: "hook".to_owned(), ..told(6, None) };
    store.mail_step(MailStep { delivered: Some((hook.clone(), 0)), ..MailStep::default() }).await.unwrap();
    let store = backend.open().await;
    assert_eq!(store.delivered(authority(1), "mesh".to_owned()).await.unwrap(), Some(told(9, Some("B"))));
    assert_eq!(store.delivered(authority(2), "mesh".to_owned()).await.unwrap(), None);
    assert_eq!(store.deliveries_of(authority(1), 5).await.unwrap(), [hook.clone(), told(5, Some("A"))]);
    assert_eq!(store.deliveries_of(authority(1), 6).await.unwrap(), [hook, told(9, Some("B"))]);
    assert_eq!(store.deliveries_of(authority(1), 10).await.unwrap(), []);
    // Which upload a group was: notices name it.
    store.create_people(vec![new_person(1)]).await.unwrap();
    let plans = vec![(person(1), plan(1, 1, authority(1), group(3)))];
    upload_plans(&*store, group(3), authority(1), 41, plans, None).await;
    assert_eq!(store.upload_of(group(3)).await.unwrap(), Some(41));
    assert_eq!(store.upload_of(group(4)).await.unwrap(), None);
}
