//! An authority sends a file in the browser and reads what became of it.
#![allow(clippy::unwrap_used, reason = "test support: a panic is how a test fails")]

mod world;

use cpis_inbound_web::paths;
use world::{World, number};

const COLUMNS: &str = "NHS No.,given,family,dob,plan type,start date,edt phone\n";

fn row(number: &str) -> String {
    format!("{number},Robin,Testcase,2015-03-04,CPP,15/1/2026,01632960001\n")
}

#[tokio::test]
async fn a_spreadsheet_is_sent_mended_and_taken() {
    let world = World::new().await;
    let mut worker = world.signed_in("duty-worker").await;
    let form = worker.get(paths::FILES).await;
    assert!(form.body.contains("No file of yours has taken effect yet"), "{}", form.body);
    let empty = worker.upload(paths::FILES, &[], b"").await;
    assert!(empty.status == 422 && empty.body.contains("Choose a file that is not empty"), "{}", empty.body);

    let good = number(7).digits().to_owned();
    let text = format!("{COLUMNS}{}{}", row(&good), row("9.99E+09"));
    let part = worker.upload(paths::FILES, &[], text.as_bytes()).await;
    assert!(part.status == 200 && part.heading().starts_with("The file was taken in part"), "{}", part.body);
    for told in
        ["line 3, nhs_number", "a number in scientific notation (D13)", "Format the column as text", "1 record taken"]
    {
        assert!(part.body.contains(told), "{told}: {}", part.body);
    }
    assert!(!part.body.contains("Robin") && !part.body.contains(&good), "nothing of the file comes back");
    let form = worker.get(paths::FILES).await;
    assert!(form.body.contains("Your last file took effect on "), "{}", form.body);
    let whole = worker.upload(paths::FILES, &[], format!("{COLUMNS}{}", row(&good)).as_bytes()).await;
    assert!(whole.status == 200 && whole.body.contains("1 record taken. Staff in"), "{}", whole.body);
}

#[tokio::test]
async fn what_cannot_be_taken_says_why_and_messages_are_told_from_tables() {
    let world = World::new().await;
    let mut worker = world.signed_in("duty-worker").await;
    worker.get(paths::FILES).await;
    let refused = worker.upload(paths::FILES, &[], b"given,family\nRobin,Testcase\n").await;
    assert_eq!((refused.status.as_u16(), &*refused.heading()), (422, "The file cannot be taken"), "{}", refused.body);
    assert!(refused.body.contains("line 1, nhs_number"), "{}", refused.body);
    worker.get(paths::FILES).await;
    let broken = worker.upload(paths::FILES, &[], b"\xef\xbb\xbf <File").await;
    assert_eq!((broken.status.as_u16(), &*broken.heading()), (422, "The file cannot be taken"), "{}", broken.body);
    assert!(!broken.body.contains("nhs_number"), "read as a message: {}", broken.body);
}

#[tokio::test]
async fn the_empty_spreadsheet_is_a_download() {
    let world = World::new().await;
    let mut worker = world.signed_in("duty-worker").await;
    let template = worker.get(paths::FILES_TEMPLATE).await;
    assert_eq!((template.status.as_u16(), template.header("content-type")), (200, "text/csv; charset=utf-8"));
    assert_eq!(template.header("content-disposition"), "attachment; filename=\"plans.csv\"");
    assert!(template.body.contains("nhs_number"), "{}", template.body);
}
