//! `cpis csv` as an authority has it: the template, and a check that needs no service.

use crate::child::{cpis, failed};
use serde_json::Value;

#[test]
fn the_template_is_written_once_and_its_faults_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plans.csv");
    let path = path.to_str().unwrap();
    let printed = cpis(&["csv", "template"], "");
    assert_eq!(printed.code, 0, "{}", printed.err);
    assert_eq!(cpis(&["csv", "template", "--out", path], "").code, 0);
    assert_eq!(std::fs::read_to_string(path).unwrap(), printed.out);
    assert_eq!(failed(&["csv", "template", "--out", path]).code, 2);

    // All but the last row of the template stand for ever; the due date of that one passes.
    let mut text = printed.out.lines().take(17).collect::<Vec<_>>().join("\n") + "\n";
    std::fs::write(path, &text).unwrap();
    let good = cpis(&["csv", "check", path, "--authority", "714"], "");
    assert!(good.code == 0 && good.out.contains("3 rows, all without a fault"), "{} {}", good.out, good.err);

    text.extend((0..60).map(|_| "9.99E+09,Zebedee,Sample,4/4/17,CPP,1/2/2026\n"));
    std::fs::write(path, &text).unwrap();
    let bad = failed(&["csv", "check", path, "--authority", "714"]);
    assert!(bad.code == 1 && bad.out.contains("63 rows, 3 without a fault, 60 to be mended"), "{}", bad.out);
    assert!(bad.out.contains("line 18, nhs_number: a number in scientific notation (D13)"), "{}", bad.out);
    assert!(bad.out.contains("70 more; --all shows them."), "{}", bad.out);
    let all = failed(&["csv", "check", path, "--authority", "714", "--all"]);
    assert!(all.out.contains("line 77, birth_date: ") && !all.out.contains("Zebedee"), "{}", all.out);
    let json = failed(&["csv", "check", path, "--authority", "714", "--json"]);
    let json: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((json["rows"].as_u64(), json["findings"].as_array().map(Vec::len)), (Some(63), Some(120)));

    assert_eq!(failed(&["csv", "check", path]).code, 2);
    assert_eq!(failed(&["csv", "check", "nowhere.csv", "--authority", "714"]).code, 2);
}
