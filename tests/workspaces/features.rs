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

/// The error types of other crates, in handlers and below `?`: with anyhow known to the SDK, and as one report among others. The
/// tests of the project run its tasks under the SDK's own supervisor.
#[test]
fn errors_of_other_crates_are_the_sdks() {
    let project = project("sdk-errors", &["airflow-sdk"]);
    for flags in ["", " --features anyhow"] {
        let test = project.cargo(&format!("test --quiet{flags}"));
        let outcome = test.env("RUST_BACKTRACE", "1").run().ok();
        assert!(outcome.text().contains("6 passed"), "{}", outcome.text());
    }
}
