//! The closing lines of the runners, as they print them.

use super::{Counts, read};

#[test]
fn runners_closing_lines_are_read() {
    let cases = [
        ("", 0, 0),
        ("     Summary [   0.006s] 12 tests run: 12 passed, 0 skipped\n", 12, 0),
        ("     Summary [   0.006s] 12 tests run: 9 passed (1 slow, 2 leaky), 2 failed, 1 timed out, 4 skipped\n", 9, 3),
        ("     Summary [   0.006s] 5/12 tests run: 4 passed, 1 exec failed, 0 skipped\n", 4, 1),
        (
            "\u{1b}[32;1m     Summary\u{1b}[0m [   0.1s] \u{1b}[1m3\u{1b}[0m tests run: \u{1b}[1m3\u{1b}[0m passed, 0 skipped",
            3,
            0,
        ),
        ("test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n", 5, 0),
        ("test result: FAILED. 2 passed; 3 failed; 0 ignored\nnoise\ntest result: ok. 4 passed; 0 failed;\n", 6, 3),
        ("ℹ tests 17\nℹ suites 2\nℹ pass 15\nℹ fail 1\nℹ cancelled 1\nℹ skipped 0\n", 15, 2),
        ("    test result: ok. 5 passed; 0 failed (what a test printed)\n", 0, 0),
        ("Ran 9 tests in 4.2s\n\n7 passed, 2 failed\n", 7, 2),
    ];
    for (output, passed, failed) in cases {
        assert_eq!(read(output), Counts { passed, failed }, "{output:?}");
    }
}

#[test]
fn closing_line_is_plain() {
    assert_eq!(Counts { passed: 12, failed: 1 }.to_string(), "12 passed, 1 failed");
}
