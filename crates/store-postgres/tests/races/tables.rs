//! Whole tables out of one database and into another.

use crate::common::database;
use crate::common::samples::{append, flip, group, keys, new_person, node, notice, person, plan, slice, time};
use cpis_store::tables::{TABLES, Tables as _, described};
use cpis_store::{Effect, Group, LookStep, NumberKeys, RegisterRow, Store as _, StoredAlias};

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_the_same_and_goes_on() {
    let (from, to) = (database().await, database().await);
    let source = node(&from.service_url).await;
    assert_eq!(source.described().await.unwrap(), described());
    source.create_people(vec![new_person(1), new_person(2)]).await.unwrap();
    let alias = StoredAlias { id: 0, keys: keys(8), number: vec![1], person: person(1), until: None };
    let decide =
        Box::new(move |_: &_| Group { effects: vec![Effect::AddAlias(alias)], ..crate::common::samples::entries(3) });
    source.append(group(1), Vec::new(), decide).await.unwrap();
    // Of long ago, so that it lies in a partition that nobody has.
    append(&source, cpis_store::GroupId(1 << 60), 5).await.unwrap();
    source.begin_staging(group(2), time(0)).await.unwrap();
    source.stage(group(2), slice(0, 0, vec![plan(1, 1, group(2))])).await.unwrap();
    source.flip(flip(group(2), None, 1, 1)).await.unwrap();
    let notices = vec![notice(1, 1), notice(2, 2)];
    source.apply_looks(LookStep { to: 4, notices, ..LookStep::default() }).await.unwrap();
    let row = RegisterRow { id: 0, keys: keys(1), search: NumberKeys::default(), person: vec![1] };
    source.register_put(vec![row]).await.unwrap();
    source.set_setting("origin", vec![4]).await.unwrap();

    let target = node(&to.url).await;
    for table in TABLES {
        target.clear(table).await.unwrap();
        let mut after = None;
        loop {
            let page = source.rows_after(table, after, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            let place = |name: &&str| table.columns.iter().position(|column| column.name == *name).unwrap();
            after = Some(table.key.iter().map(|name| last[place(name)].clone()).collect());
            // Twice is once.
            target.put_rows(table, page.clone()).await.unwrap();
            target.put_rows(table, page).await.unwrap();
        }
        assert_eq!(target.count(table).await.unwrap(), source.count(table).await.unwrap(), "{}", table.name);
        assert_eq!(target.last_key(table).await.unwrap(), source.last_key(table).await.unwrap(), "{}", table.name);
        let (copied, original) =
            (target.rows_after(table, None, 100).await.unwrap(), source.rows_after(table, None, 100).await.unwrap());
        assert_eq!(copied, original, "{}", table.name);
    }
    // The copy goes on where the original was.
    let target = node(&to.service_url).await;
    assert_eq!(append(&target, group(1), 1).await, Err(cpis_store::StoreError::Stale), "that group is there");
    let place = append(&target, group(9), 1).await.unwrap();
    assert_eq!((place.seq, place.first_index), (4, 9));
    assert_eq!(target.find(vec![keys(8)]).await.unwrap()[0].len(), 1);
    let step = LookStep { from: 4, to: 5, notices: vec![notice(3, 4)], ..LookStep::default() };
    target.apply_looks(step).await.unwrap();
    assert_eq!(target.notices_after(0, 10).await.unwrap().last().unwrap().number, 3);
    target
        .register_put(vec![RegisterRow { id: 0, keys: keys(2), search: NumberKeys::default(), person: vec![2] }])
        .await
        .unwrap();
    assert_eq!(target.register_after(0, 10).await.unwrap().len(), 2);
    let findings = target.examine().await.unwrap();
    assert!(findings.iter().any(|finding| finding.what == "leaf_rest" && finding.found == "empty"));
}
