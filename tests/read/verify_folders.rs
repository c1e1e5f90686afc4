//! `verify` of folders: the walk, several bundles, and the dags that they serve.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::json;

use crate::packer::{
    Bench, EXECUTABLE, MANIFEST, Outcome, assemble, manifest_for, packer, run, set_mode,
};
use crate::{SHORT, by_hand};

fn verify(bench: &Bench, args: &[&str]) -> Outcome {
    run(packer()
        .current_dir(bench.root())
        .args(["verify", "--message-format", "json"])
        .args(args))
}

fn names(outcome: &Outcome) -> Vec<String> {
    let name = |line: serde_json::Value| {
        Path::new(line["path"].as_str().unwrap())
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    };
    let mut names: Vec<_> = outcome.json().into_iter().map(name).collect();
    names.sort();
    names
}

/// A bench with bundles for `dags`, each named like its dag, in the folder `bundles`.
fn bundles(dags: &[&str]) -> Bench {
    let bench = Bench::new();
    for dag in dags {
        bench
            .pack(manifest_for(dag), &["-o", &format!("bundles/{dag}")])
            .ok();
    }
    bench
}

#[test]
fn folders_are_walked_as_the_coordinator_does() {
    let bench = bundles(&["a", "b"]);
    fs::create_dir_all(bench.path("bundles/deep/er")).unwrap();
    fs::rename(
        bench.path("bundles/b"),
        bench.path("bundles/deep/er/.hidden"),
    )
    .unwrap();
    // What is no bundle is passed over in folders, executable or not.
    fs::copy(bench.path("etl"), bench.path("bundles/plain")).unwrap();
    fs::write(bench.path("bundles/README"), "AFBNDL01 is the magic\n").unwrap();
    fs::create_dir(bench.path("bundles/empty")).unwrap();
    symlink("nowhere", bench.path("bundles/dangling")).unwrap();
    symlink("..", bench.path("bundles/deep/loop")).unwrap();
    assert!(
        std::process::Command::new("mkfifo")
            .arg(bench.path("bundles/pipe"))
            .status()
            .unwrap()
            .success()
    );
    let outcome = verify(&bench, &["bundles"]).ok();
    assert_eq!(names(&outcome), [".hidden", "a"]);
    // Twice the same folder is one folder.
    let outcome = verify(&bench, &["bundles", "bundles/", "bundles/deep/.."]).ok();
    assert_eq!(names(&outcome), [".hidden", "a"]);
    // A folder that is met through a link.
    symlink(bench.path("bundles"), bench.path("linked")).unwrap();
    assert_eq!(names(&verify(&bench, &["linked"]).ok()), [".hidden", "a"]);
    // A file that ends in the magic is told even where the worker would not look at it.
    set_mode(&bench.path("bundles/a"), 0o644);
    let outcome = verify(&bench, &["bundles"]);
    assert_eq!(outcome.code, 100);
    assert_eq!(names(&outcome), [".hidden", "a"]);
}

/// What `strip` leaves of a bundle lies beside a good one: the worker does not find the dag, and `verify` alone ends with 0.
#[test]
fn warnings_are_denied() {
    let bench = bundles(&["a", "b"]);
    fs::write(bench.path("bundles/README"), "text\n").unwrap();
    let clean = verify(&bench, &["bundles", "-D"]).ok();
    assert_eq!(
        clean.stderr.lines().last(),
        Some("      Judged 2 files; passed over 1, which is no bundle")
    );
    // A bundle without its footer, and with it without its end.
    let mut bytes = fs::read(bench.path("bundles/b")).unwrap();
    bytes.extend_from_slice(b"signed");
    fs::write(bench.path("bundles/b"), bytes).unwrap();
    let outcome = verify(&bench, &["bundles"]).ok();
    assert_eq!(names(&outcome), ["a"]);
    let line = "      Judged 1 file; passed over 2, which are no bundles";
    assert_eq!(outcome.stderr.lines().last(), Some(line));
    let denied = verify(&bench, &["bundles", "--deny-warnings"]);
    assert_eq!((denied.code, names(&denied)), (100, vec!["a".to_owned()]));
    let denied = denied.says(&[
        "[footer-moved]",
        "error: 1 warning, denied by `--deny-warnings`",
    ]);
    assert_eq!(denied.stderr.lines().last(), Some(line));
    // A warning of a bundle counts too, and what is not shown does.
    set_mode(&bench.path("bundles/a"), 0o700);
    let denied = verify(&bench, &["bundles", "-D", "-q"]);
    assert_eq!(denied.code, 100);
    assert_eq!(
        denied.stderr,
        "error: 2 warnings, denied by `--deny-warnings`\n"
    );
    assert_eq!(
        verify(&bench, &["bundles/a"]).ok().stderr,
        "",
        "each file has its line"
    );
    fs::remove_file(bench.path("bundles/b")).unwrap();
    fs::remove_file(bench.path("bundles/README")).unwrap();
    let none = verify(&bench, &["bundles"]).ok();
    assert_eq!(none.stderr, "      Judged 1 file; passed over none\n");
}

#[test]
fn nothing_found() {
    let bench = Bench::new();
    fs::create_dir(bench.path("empty")).unwrap();
    verify(&bench, &["empty"]).fails(100, &["no bundle found in `", "/empty`"]);
    verify(&bench, &["."]).fails(100, &["no bundle found"]);
    let missing = verify(&bench, &["missing"]);
    assert_eq!(
        (missing.code, names(&missing)),
        (100, vec!["missing".into()])
    );
    verify(&bench, &[]).fails(2, &["PATH"]);
    // A named file that is no bundle spoils the rest.
    let bundle = bench.bundle(MANIFEST);
    let outcome = verify(&bench, &["airflow-bundle", "main.rs"]);
    assert_eq!(outcome.code, 100);
    assert_eq!(names(&outcome), ["etl", "main.rs"]);
    assert!(bundle.is_file());
}

#[test]
fn a_dag_that_is_served_twice() {
    let bench = bundles(&["a", "b"]);
    let words = [
        "the dag `a` is served by 2 bundles",
        "by chance",
        "keep one of them",
    ];
    fs::copy(bench.path("bundles/a"), bench.path("bundles/copy")).unwrap();
    let outcome = verify(&bench, &["bundles"]);
    assert_eq!(outcome.code, 100);
    assert_eq!(outcome.json().len(), 3);
    assert!(outcome.json().iter().all(|line| line["usable"] == true));
    let outcome = outcome.says(&words);
    assert!(!outcome.stderr.contains("`b`"), "{}", outcome.stderr);
    // Under two roots.
    fs::create_dir(bench.path("other")).unwrap();
    fs::rename(bench.path("bundles/copy"), bench.path("other/copy")).unwrap();
    verify(&bench, &["bundles"]).ok();
    assert_eq!(verify(&bench, &["bundles", "other"]).says(&words).code, 100);
    assert_eq!(
        verify(&bench, &["bundles/a", "other/copy"])
            .says(&words)
            .code,
        100
    );
    // Where all releases take one of the same files, that is said once.
    let both = verify(&bench, &["bundles", "other"]);
    assert_eq!(
        both.stderr.matches("served by").count(),
        1,
        "{}",
        both.stderr
    );
    both.says(&["under the worker's `executables_root` (Airflow 3.3) or `task_handler_bundle_name` (Airflow 3.4)"]);
    let one = verify(&bench, &["bundles", "other", "--airflow", "3.3"]);
    assert!(
        one.stderr
            .contains("keep one of them under the worker's `executables_root`\n")
    );
    // An unusable one does not count, and one file that is met twice is one. Airflow 3.4 makes it executable.
    set_mode(&bench.path("other/copy"), 0o644);
    let outcome = verify(&bench, &["bundles", "other", "--airflow", "3.3"]);
    assert!(!outcome.stderr.contains("served by"), "{}", outcome.stderr);
    verify(&bench, &["bundles", "other"])
        .says(&["error: on Airflow 3.4, the dag `a` is served by 2"]);
    fs::remove_file(bench.path("other/copy")).unwrap();
    symlink(bench.path("bundles/a"), bench.path("other/link")).unwrap();
    verify(&bench, &["bundles", "other"]).ok();
}

/// Half surrogate pairs, which no text can say, look the same. They are two ids for the worker.
#[test]
fn ids_that_look_the_same_in_one_bundle() {
    let bench = Bench::new();
    let manifest = br#"{"dags": {"\ud800": {}, "\ud801": {}}, "sdk": {"supervisor_schema_version": "2026-06-16"}}"#;
    let executable = fs::read(bench.path(EXECUTABLE)).unwrap();
    let bundle = bench.write("bundle", assemble(&executable, b"", manifest));
    set_mode(&bundle, 0o755);
    let outcome = verify(&bench, &["bundle"]).ok();
    assert_eq!(
        outcome.json()[0]["dag_ids"],
        json!(["\u{fffd}", "\u{fffd}"])
    );
}

/// Its size is 0 and it has no end that could be sought.
#[cfg(target_os = "linux")]
#[test]
fn a_named_file_that_the_system_makes_up() {
    let outcome = verify(&Bench::new(), &["/proc/version"]);
    let line = &outcome.json()[0];
    assert_eq!(line["problems"][0]["code"], "not-a-bundle", "{line}");
}

#[test]
fn a_dag_that_is_served_very_often() {
    let bench = bundles(&["a"]);
    for number in 1..13 {
        let copy = bench.path(format!("bundles/copy-{number}"));
        fs::copy(bench.path("bundles/a"), copy).unwrap();
    }
    let outcome = verify(&bench, &["bundles"]).says(&["served by 13 bundles", ", 3 more; keep"]);
    assert_eq!(outcome.code, 100);
    assert_eq!(outcome.json().len(), 13);
    assert_eq!(outcome.stderr.matches("/bundles/").count(), 10);
}

#[test]
fn a_dag_that_is_asked_for() {
    let bench = bundles(&["a", "b"]);
    let served = verify(&bench, &["bundles", "--dag-id", "a"]).ok();
    assert!(
        served.stderr.contains("the dag `a` is served by `")
            && served.stderr.contains("bundles/a`"),
        "{}",
        served.stderr
    );
    assert!(!served.stderr.contains("chance"));
    let both = verify(&bench, &["bundles", "--dag-id", "a", "--dag-id", "b"]).ok();
    assert_eq!(both.stderr.matches(" is served by `").count(), 2);

    let outcome = verify(&bench, &["bundles", "--dag-id", "b", "--dag-id", "c\u{1b}"]);
    assert_eq!(outcome.code, 100);
    outcome.says(&[
        "no usable bundle serves the dag `c\\u{1b}`; dags served: `a`, `b`",
        "the dag `b` is served by `",
    ]);
    // An id is compared whole, and as it is.
    for id in ["A", "", "a ", "ab"] {
        assert_eq!(
            verify(&bench, &["bundles", "--dag-id", id]).code,
            100,
            "{id:?}"
        );
    }
    // Two roots: the first one serves it, by chance of the order.
    fs::create_dir(bench.path("other")).unwrap();
    fs::copy(bench.path("bundles/a"), bench.path("other/a")).unwrap();
    for (first, second) in [("bundles", "other"), ("other", "bundles")] {
        let outcome = verify(&bench, &[first, second, "--dag-id", "a"]);
        assert_eq!(outcome.code, 100);
        outcome.says(&[
            "the dag `a` is served by `",
            &format!("/{first}/a` (by chance; here, today)"),
        ]);
    }
    // Unusable bundles serve nothing.
    set_mode(&bench.path("bundles/b"), 0o644);
    assert_eq!(
        verify(&bench, &["bundles", "--dag-id", "b", "--airflow", "3.3"])
            .says(&["no usable bundle serves the dag `b`"])
            .code,
        100
    );
    let outcome = verify(&bench, &["bundles", "--dag-id", "b"]).says(&[
        "on Airflow 3.3, the dag `b` is served by no bundle; on Airflow 3.4, the dag `b` is served by `",
    ]);
    assert_eq!(outcome.code, 100, "the file is made for both");
}

/// A manifest on which the worker's reader raises ends the search for every dag behind it.
#[test]
fn a_manifest_that_ends_the_search() {
    let bench = bundles(&["sales"]);
    let raising = by_hand(&bench, "raising", b"", format!("{SHORT}x: !!bool x\n"));
    let words = ["search for the dag `sales` fails at `", "raising`"];
    let outcome = verify(&bench, &["raising", "bundles", "--dag-id", "sales"]);
    assert_eq!(outcome.code, 100);
    let outcome = outcome.says(&words);
    let lines = outcome.json();
    assert_eq!(lines[0]["problems"][0]["code"], "manifest-raises");
    assert_eq!(lines[1]["usable"], true);
    // Behind the good one it does no harm to this dag, but is told.
    let outcome = verify(&bench, &["bundles", "raising", "--dag-id", "sales"]);
    assert_eq!(outcome.code, 100);
    assert!(!outcome.stderr.contains("fails at"), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("the dag `sales` is served by `"),
        "{}",
        outcome.stderr
    );
    // The worker does not open what it may not execute, or what has another digest.
    set_mode(&raising, 0o644);
    verify(&bench, &["raising", "bundles", "--dag-id", "sales"]).says(&[
        "error: on Airflow 3.3, the dag `sales` is served by `",
        "; on Airflow 3.4, the worker's search for the dag `sales` fails at `",
    ]);
    set_mode(&raising, 0o755);
    let mut bytes = fs::read(&raising).unwrap();
    bytes[100] ^= 1;
    fs::write(&raising, bytes).unwrap();
    let outcome = verify(&bench, &["raising", "bundles", "--dag-id", "sales"]);
    assert!(
        outcome.stderr.contains("the dag `sales` is served by `"),
        "{}",
        outcome.stderr
    );
}

/// Ids and paths from elsewhere do not reach the terminal as they are.
#[test]
fn hostile_names() {
    let bench = Bench::new();
    let manifest = "dags: {\"\\e[31mred\\u202e\": {tasks: [t]}, \"\\ud800\": {}}\nsdk: {supervisor_schema_version: '2026-06-16'}\n";
    by_hand(&bench, "\u{1b}[2J\nusable: x", b"", manifest);
    let human = run(packer().current_dir(bench.root()).args(["verify", "."]));
    assert_eq!(human.code, 0, "{human:?}");
    assert!(
        !human.text().contains(['\x1b', '\u{202e}']),
        "{}",
        human.text()
    );
    assert_eq!(
        human.text().matches("usable: ").count(),
        2,
        "one is a part of the name: {}",
        human.text()
    );
    assert!(!human.text().contains("\nusable: x"), "{}", human.text());
    let [line] = verify(&bench, &["."]).json().try_into().unwrap();
    assert_eq!(
        line["dag_ids"],
        json!(["\u{1b}[31mred\u{202e}", "\u{fffd}"])
    );
}

/// The Dag processor of Airflow 3.4 reads `.airflowignore`, the search for a task's bundle does not.
#[test]
fn bundles_that_the_dag_processor_need_not_start() {
    let bench = bundles(&["a", "b", "c.d"]);
    let told =
        |args: &[&str]| run(packer().current_dir(bench.root()).arg("verify").args(args)).ok();
    let lines = |folder: &str| told(&[folder, "--airflowignore"]).text().to_owned();
    assert_eq!(lines("bundles"), "/a\n/b\n");
    assert_eq!(lines("."), "/bundles/a\n/bundles/b\n");
    let words = "note: the Dag processor of Airflow 3.4 starts 2 bundles at every parse, which only run tasks of Python Dags: \
                 `cargo airflow-bundle verify --airflowignore bundles` prints the lines for `.airflowignore`";
    let human = told(&["bundles"]);
    assert!(human.stderr.contains(words), "{}", human.stderr);
    assert!(
        !told(&["bundles", "--airflow", "3.3"])
            .stderr
            .contains("Dag processor")
    );

    fs::write(bench.path("bundles/.airflowignore"), lines("bundles")).unwrap();
    let outcome = verify(&bench, &["bundles"]).ok();
    let does = |line: &serde_json::Value| line["airflow"]["3.4"]["dag_processor"].clone();
    let mut does: Vec<_> = outcome.json().iter().map(does).collect();
    does.sort_by_key(ToString::to_string);
    assert_eq!(does, ["ignored", "ignored", "suffix"]);
    assert!(outcome.json().iter().all(|line| line["usable"] == true));
    assert_eq!(lines("bundles"), "");
    assert!(!told(&["bundles"]).stderr.contains("Dag processor"));

    // A bundle with Dags of its own must not be ignored.
    let declares = format!("{SHORT}dag_source_paths: {{own: main.rs}}\n").replace("sales", "own");
    by_hand(&bench, "bundles/own", b"", declares);
    fs::write(bench.path("bundles/.airflowignore"), "own # for now\n").unwrap();
    let outcome = verify(&bench, &["bundles"]).ok();
    let own = outcome
        .json()
        .into_iter()
        .find(|line| line["dag_ids"] == json!(["own"]));
    let own = own.unwrap();
    assert_eq!(own["warnings"][0]["code"], "ignored", "{own:#}");
    assert_eq!(lines("bundles"), "/a\n/b\n");

    for wrong in [
        &["bundles/a", "--airflowignore"][..],
        &["bundles", ".", "--airflowignore"],
    ] {
        let outcome = run(packer().current_dir(bench.root()).arg("verify").args(wrong));
        outcome.fails(2, &["`--airflowignore` takes one folder"]);
    }
}
