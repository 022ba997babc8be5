//! What the service's role may not do.

use crate::common::samples::{append, flip, group, new_person, node, plan, slice, time};
use crate::common::{admin, database};
use cpis_store::Store as _;
use tokio_postgres::error::SqlState;

#[tokio::test(flavor = "multi_thread")]
async fn the_service_may_add_to_the_past_and_not_change_it() {
    let database = database().await;
    let store = node(&database.service_url).await;
    store.create_people(vec![new_person(1)]).await.unwrap();
    append(&store, group(1), 2).await.unwrap();
    let of = group(2);
    store.begin_staging(of, time(0)).await.unwrap();
    store.stage(of, slice(0, 0, vec![plan(1, 1, of)])).await.unwrap();
    store.flip(flip(of, None, 1, 1)).await.unwrap();

    let service = admin(&database.service_url).await;
    service.batch_execute("SET search_path = cpis").await.unwrap();
    for sql in [
        "DELETE FROM journal",
        "UPDATE journal SET body = NULL",
        "TRUNCATE journal",
        "DROP TABLE journal",
        "ALTER TABLE journal ADD COLUMN more bigint",
        "INSERT INTO journal_0 (seq, group_no, first_index, count, digest) VALUES (9, 9, 9, 1, '')",
        "DELETE FROM journal_0",
        "DELETE FROM leaf",
        "UPDATE leaf SET hash = ''",
        "DELETE FROM upload_body",
        "UPDATE upload_body SET body = ''",
        "DELETE FROM group_id",
        "UPDATE group_id SET seq = 1",
        "DELETE FROM checkpoint",
        "UPDATE checkpoint SET note = ''",
        "DELETE FROM tile",
        "UPDATE tile SET hashes = ''",
        "DELETE FROM sequence",
        "INSERT INTO sequence (id, next_seq, next_index) VALUES (2, 1, 0)",
        "DELETE FROM watermark",
        "DELETE FROM person",
        "UPDATE plan SET details = ''",
        "UPDATE contact SET emergency = ''",
        "DELETE FROM contact",
        "UPDATE access SET at = 0",
        "UPDATE notice SET authority = ''",
        "DELETE FROM upload",
        "DELETE FROM quarantine",
        "UPDATE schema_version SET serves = 9",
        "CREATE TABLE other (id bigint)",
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS ''",
        "SELECT make_partitions('journal', 1, 1, 1)",
        "ALTER FUNCTION make_room() OWNER TO cpis_service",
        "CREATE ROLE somebody",
    ] {
        let error = service.batch_execute(sql).await.expect_err(sql);
        assert_eq!(error.code().map(SqlState::code), Some("42501"), "{sql}: {error}");
    }
    // Not even by saying that a group in the journal is being staged.
    for of in [group(1), group(2)] {
        let staged = format!("INSERT INTO staging (group_no, at) VALUES ({}, 0)", of.0);
        service.batch_execute(&staged).await.unwrap();
        let removed = service.query_one("SELECT discard_staged($1, 100)", &[&of.0]).await.unwrap();
        assert_eq!(removed.get::<_, i64>(0), 0);
        service.batch_execute("DELETE FROM staging").await.unwrap();
    }
    assert_eq!(store.leaves(group(1), 0, 10).await.unwrap().len(), 2);
    assert_eq!(store.upload_bodies(group(2), 0, 10).await.unwrap().len(), 1);
}
