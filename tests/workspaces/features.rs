//! A program with other crates: they switch on features of what they share with the SDK (cargo builds each crate once, with
//! the features of all), and read what it gives them.

use crate::project;

/// Numbers stay numbers under `serde_json/arbitrary_precision` and its like, and drivers read the URLs of connections. The tests
/// of the project run its tasks under the SDK's own supervisor.
#[test]
fn values_and_urls_hold_beside_other_crates() {
    let project = project("sdk-features", &["airflow-sdk"]);
    let outcome = project.cargo("test --quiet").run().ok();
    assert!(outcome.text().contains("5 passed"), "{}", outcome.text());
}
