//! Bundles and readers of both sides: the packer's bundles under the released Airflow, and the
//! reader here on bundles that others pack.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed unwrap fails the test"
)]

mod cron;
mod environment;
mod faults;
mod foreign;
mod ids;
mod ignore_files;
mod mutants;
#[path = "../common/packer.rs"]
mod packer;
mod pins;
#[path = "../common/python.rs"]
mod python;
#[path = "../common/quotes.rs"]
mod quotes;
mod released;
#[path = "../common/releases.rs"]
mod releases;
mod schemas;
mod settings;
mod texts;
mod url_texts;
mod values;

use std::path::Path;

use serde_json::{Value, json};

/// The released reader, in a process of its own.
struct Airflow(python::Script);

impl Airflow {
    /// The oldest release.
    fn start() -> Self {
        let [(requirements, _), ..] = releases::RELEASES;
        Self::of(requirements)
    }

    fn of(requirements: &str) -> Self {
        let python = python::environment(requirements);
        Self(python::Script::start(&python, "read_bundles.py"))
    }

    /// What `_Bundle.find` says: `usable`, `served`, `raises`, `error`.
    fn judge(&mut self, path: &Path) -> Value {
        self.0.ask(&json!({ "judge": path }))
    }

    fn metadata(&mut self, path: &Path) -> Value {
        self.0.ask(&json!({ "metadata": path }))
    }

    /// Where the manifest differs from what the executable printed, packer-owned keys apart.
    fn difference(&mut self, bundle: &Path, printed: &str) -> Option<String> {
        let answer = self.0.ask(&json!({ "compare": bundle, "json": printed }));
        (answer["equal"] != true).then(|| answer["difference"].to_string())
    }
}

/// What `verify` says of one file.
fn verify(path: &Path) -> Value {
    let outcome =
        packer::packed_with(["verify", "--message-format", "json", path.to_str().unwrap()]);
    assert!(matches!(outcome.code, 0 | 100), "{outcome:#?}");
    let [line] = outcome.json().try_into().unwrap();
    assert_eq!(outcome.code == 0, line["usable"] == true, "{outcome:#?}");
    line
}
