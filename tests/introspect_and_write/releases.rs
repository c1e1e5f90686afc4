//! For which releases of Airflow an executable is packed.

use std::fs;
use std::path::Path;

use cargo_airflow_bundle::bundle::reader::Bundle;
use cargo_airflow_bundle::manifest::Manifest;
use cargo_airflow_bundle::packing::{Airflow, PackError, PinError, Request};
use serde_json::json;

use crate::packer::{
    BUNDLE, Bench, EXECUTABLE, MANIFEST, Outcome, manifest_for, packer, replaced, run,
};

const OLD: &str = "2026-06-16";
const NEW: &str = "2026-10-30";

/// What a program with `airflow-sdk` says of itself.
fn record() -> String {
    replaced(
        MANIFEST,
        "\"supervisor_schema_version\": \"2026-06-16\"",
        "\"supervisor_schema_versions\": [\"2026-10-30\", \"2026-06-16\"]",
    )
}

/// The same, of a program whose `load` takes two arguments, and `extract` one.
fn record_with_parameters() -> String {
    replaced(
        &record(),
        "\"load\"\n      ]",
        "\"load\"\n      ], \"parameters\": {\"extract\": 1, \"load\": 2}",
    )
}

/// The manifest in a bundle, as it stands there.
fn manifest(bundle: &Path) -> String {
    let bundle = Bundle::open(bundle).unwrap();
    String::from_utf8(bundle.manifest().unwrap()).unwrap()
}

fn line(outcome: Outcome) -> serde_json::Value {
    let [line] = outcome.ok().json().try_into().unwrap();
    line
}

#[test]
fn one_executable_is_packed_for_either_release() {
    let executable = |bundle: &Path| {
        let bundle = fs::read(bundle).unwrap();
        let program = fs::read(Bench::new().path(EXECUTABLE)).unwrap();
        bundle.starts_with(&program)
    };
    for (record, airflow, pin, releases, said) in [
        (
            record(),
            None,
            OLD,
            &["3.3", "3.4"][..],
            "for Airflow 3.3 and 3.4",
        ),
        (
            record(),
            Some("both"),
            OLD,
            &["3.3", "3.4"],
            "for Airflow 3.3 and 3.4",
        ),
        (record(), Some("3.3"), OLD, &["3.3"], "for Airflow 3.3;"),
        (record(), Some("3.4"), NEW, &["3.4"], "for Airflow 3.4;"),
        (
            record_with_parameters(),
            None,
            NEW,
            &["3.4"],
            "for Airflow 3.4;",
        ),
        (
            record_with_parameters(),
            Some("3.4"),
            NEW,
            &["3.4"],
            "for Airflow 3.4;",
        ),
    ] {
        let bench = Bench::new();
        let flags: Vec<_> = airflow
            .iter()
            .flat_map(|value| ["--airflow", value])
            .collect();
        let packed = bench.pack(&record, &flags).ok();
        packed.says(&["Packed `", &format!("1 dag, 2 tasks; {said}")]);
        let again = [&*flags, &["--message-format", "json"]].concat();
        let line = line(bench.pack(&record, &again));
        assert_eq!(line["airflow"], json!(releases), "{flags:?}");
        assert_eq!(line["supervisor_schema_version"], pin, "{flags:?}");
        assert_eq!(line["fresh"], true);

        // In the bundle, the manifest has the documented keys and no other.
        let bundle = bench.path(BUNDLE);
        assert!(executable(&bundle));
        let manifest = manifest(&bundle);
        assert!(
            manifest.contains(&format!("supervisor_schema_version: \"{pin}\"\n")),
            "{manifest}"
        );
        assert!(
            !manifest.contains("versions") && !manifest.contains("parameters"),
            "{manifest}"
        );
    }
}

/// The bundle is the same, byte for byte, as that of a manifest which names the version itself.
#[test]
fn a_chosen_version_stands_where_a_named_one_does() {
    let (chosen, named) = (Bench::new(), Bench::new());
    for (airflow, pin) in [("3.3", OLD), ("3.4", NEW)] {
        chosen.pack(record(), &["--airflow", airflow]).ok();
        named.pack(replaced(MANIFEST, OLD, pin), &[]).ok();
        let bytes = |bench: &Bench| fs::read(bench.path(BUNDLE)).unwrap();
        assert_eq!(bytes(&chosen), bytes(&named), "{airflow}");
    }
}

/// The commands that the error names make two files of the same executable. That for 3.3 says which tasks will get nothing.
#[test]
fn handlers_that_take_arguments_need_two_files() {
    let bench = Bench::new();
    let before = bench.listing();
    let record = record_with_parameters();
    let asked = ["--airflow", "both", "--out-dir", "dist"];
    let refused = bench.pack(&record, &asked).fails(
        1,
        &[
            "cannot pack `etl` for Airflow 3.3 and 3.4, as `--airflow` says",
            "only Airflow 3.4 passes arguments to tasks, and these handlers take some: `sales.extract` (1 parameter), \
             `sales.load` (2 parameters)",
            "make two files, in two folders",
        ],
    );
    assert_eq!(bench.listing(), before, "nothing is written");
    let commands = refused.stderr.lines();
    let commands: Vec<_> = commands
        .filter_map(|line| line.trim().strip_prefix("cargo airflow-bundle "))
        .collect();
    assert_eq!(
        commands,
        [
            "--executable etl --source main.rs --airflow 3.4 --out-dir dist-3.4",
            "--executable etl --source main.rs --airflow 3.3 --out-dir dist-3.3",
        ]
    );
    for (command, (airflow, pin)) in commands.iter().zip([("3.4", NEW), ("3.3", OLD)]) {
        let folder = format!("dist-{airflow}");
        let mut packer = packer();
        packer.current_dir(bench.root()).args(command.split(' '));
        packer.env("MANIFEST_FILE", bench.path(".manifest"));
        let packed = run(packer.env("PID_FILE", bench.path(".pids"))).ok();
        let warned = packed.stderr.contains(
            "warning: the supervisor schema version 2026-06-16 brings tasks no arguments, and these handlers take some, so that \
             their tasks will fail: `sales.extract` (1 parameter), `sales.load` (2 parameters)",
        );
        assert_eq!(warned, airflow == "3.3", "{}", packed.stderr);
        let manifest = manifest(&bench.path(&folder).join("etl"));
        assert!(manifest.contains(&format!("\"{pin}\"")), "{manifest}");
    }
}

/// A manifest of another SDK names its version itself, and keeps it.
#[test]
fn a_manifest_of_another_sdk_keeps_its_version() {
    let foreign = |pin: &str| replaced(MANIFEST, OLD, pin);
    for (pin, airflow, releases) in [
        (OLD, None, &["3.3", "3.4"][..]),
        (OLD, Some("3.3"), &["3.3"]),
        (OLD, Some("3.4"), &["3.4"]),
        (OLD, Some("both"), &["3.3", "3.4"]),
        (NEW, None, &["3.4"]),
        (NEW, Some("3.4"), &["3.4"]),
    ] {
        let bench = Bench::new();
        bench.write("captured.json", foreign(pin));
        let mut command = bench.packer();
        command.args([
            "--airflow-metadata",
            "captured.json",
            "--message-format",
            "json",
            "-D",
        ]);
        command.args(airflow.iter().flat_map(|value| ["--airflow", value]));
        let line = line(run(&mut command));
        assert_eq!(line["supervisor_schema_version"], pin, "{pin} {airflow:?}");
        assert_eq!(line["airflow"], json!(releases), "{pin} {airflow:?}");
        assert!(manifest(&bench.path(BUNDLE)).contains(&format!("version: \"{pin}\"")));
    }
    for (pin, airflow, said) in [
        (
            NEW,
            "3.3",
            "names `sdk.supervisor_schema_version` 2026-10-30 itself, which only Airflow 3.4 can run",
        ),
        (NEW, "both", "which only Airflow 3.4 can run"),
        (
            "2027-01-31",
            "3.4",
            "2027-01-31 itself, which no release of Airflow that is known here runs",
        ),
    ] {
        let bench = Bench::new();
        let refused = bench.pack(foreign(pin), &["--airflow", airflow]);
        refused.fails(
            1,
            &[
                "cannot pack `etl` for Airflow 3.",
                said,
                "leave out `--airflow`",
            ],
        );
        assert!(!bench.path(BUNDLE).exists());
    }
    // Without the flag, a version that nobody knows is a warning.
    let unknown = Bench::new().pack(foreign("2027-01-31"), &[]).ok();
    unknown.says(&[
        "warning: Airflow 3.3 knows only the supervisor schema version 2026-06-16, Airflow 3.4 only 2026-10-30 and 2026-06-16",
        "for an unknown release of Airflow",
    ]);
}

#[test]
fn a_bundle_with_another_version_is_not_fresh() {
    let bench = Bench::new();
    let packed = |airflow: &str| {
        let line = line(bench.pack(
            record(),
            &["--airflow", airflow, "--message-format", "json"],
        ));
        line["fresh"] == true
    };
    assert!(!packed("3.3"));
    // The same bytes, for one more release.
    assert!(packed("both"));
    assert!(!packed("3.4"));
    assert!(packed("3.4"));
    assert!(!packed("3.3"), "replaced in its place");
    assert!(manifest(&bench.path(BUNDLE)).contains(OLD));
}

#[test]
fn bundles_of_one_executable_for_two_releases_do_not_lie_in_one_folder() {
    let bench = Bench::new();
    bench
        .pack(record(), &["--airflow", "3.3", "-o", "dist/old"])
        .ok();
    // Such as stands there while it is written.
    bench.write(
        "dist/.airflow-bundle-aB3xY9.tmp",
        fs::read(bench.path("dist/old")).unwrap(),
    );
    let (old, new) = (bench.path("dist/old"), bench.path("dist/new"));
    let listing = bench.listing();
    let refused = bench.pack(record(), &["--airflow", "3.4", "-o", "dist/new"]);
    refused.fails(
        1,
        &[
            &format!("`{}` would lie beside `{}`", new.display(), old.display()),
            "serves the dag `sales` too, for other releases of Airflow",
            "schema version 2026-10-30, the other names 2026-06-16",
            "another folder (`--out-dir DIR`)",
            "nothing was packed",
        ],
    );
    assert_eq!(bench.listing(), listing);
    // The same release, other dags, another folder, or in the place of the other.
    bench.pack(record(), &["-o", "dist/twin"]).ok();
    fs::remove_file(bench.path("dist/twin")).unwrap();
    let other = replaced(&manifest_for("other"), OLD, NEW);
    bench
        .pack(other, &["--airflow", "3.4", "-o", "dist/other"])
        .ok();
    bench
        .pack(record(), &["--airflow", "3.4", "-o", "dist-3.4/new"])
        .ok();
    bench
        .pack(record(), &["--airflow", "3.4", "-o", "dist/old"])
        .ok();
    // What is no bundle has nothing to say.
    bench.write("dist/damaged", b"\0AFBNDL01");
    let bundle = fs::read(bench.path("dist-3.4/new")).unwrap();
    bench.write("dist/short", &bundle[bundle.len() - 64..]);
    bench
        .pack(record(), &["--airflow", "3.4", "-o", "dist/old"])
        .ok()
        .says(&["Fresh"]);
}

#[test]
fn the_library_packs_for_a_release() {
    let bench = Bench::new();
    let stop = std::sync::atomic::AtomicBool::new(false);
    let (executable, source, output) = (
        bench.path("etl"),
        bench.path("main.rs"),
        bench.path("out/etl"),
    );
    let prepared = |record: &str, airflow: Option<Airflow>| {
        let mut request = Request::new(&executable, &source, &output);
        request.airflow = airflow;
        let opened = request.open(&stop).unwrap();
        opened.with_manifest(Manifest::parse(record).unwrap())
    };
    let numbers = |airflow| {
        let prepared = prepared(&record(), airflow).unwrap();
        let numbers: Vec<_> = prepared
            .releases()
            .iter()
            .map(|release| release.number)
            .collect();
        (
            numbers,
            prepared.manifest().schema_version().map(str::to_owned),
        )
    };
    assert_eq!(numbers(None), (vec!["3.3", "3.4"], Some(OLD.to_owned())));
    assert_eq!(
        numbers(Some(Airflow::V3_4)),
        (vec!["3.4"], Some(NEW.to_owned()))
    );
    let error = prepared(&record_with_parameters(), Some(Airflow::Both)).unwrap_err();
    assert!(matches!(
        &error,
        PackError::Airflow(path, Some(Airflow::Both), PinError::Arguments(handlers))
            if *path == executable && handlers.len() == 2
    ));
    assert!(std::error::Error::source(&error).is_some());
}
