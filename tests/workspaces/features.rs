//! A program whose other crates switch on features of what they share with the SDK: cargo builds each crate once, with the
//! features of all.

use crate::project;

/// `serde_json/arbitrary_precision` and its like. The tests of the project run its tasks under the SDK's own supervisor.
#[test]
fn numbers_stay_numbers_whatever_other_crates_switch_on() {
    let project = project("sdk-features", &["airflow-sdk"]);
    let outcome = project.cargo("test --quiet").run().ok();
    assert!(outcome.stdout.contains("4 passed"), "{}", outcome.stdout);
}
