//! The trial: an executable with a link section is started once as Airflow starts it. What keeps it from answering is an
//! error in time, nothing is written, and no process is left.

use std::fs;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::packer::{BUNDLE, Bench, Outcome, is_running, program, run, set_mode, wait_for};

/// The limit is one second; the rest is for a busy machine.
const IN_TIME: Duration = Duration::from_secs(4);

/// What is said before the reason.
const CONTEXT: &str = "error: `etl` failed its trial, and was not packed: Airflow starts it just so (`--comm=ADDRESS \
                       --logs=ADDRESS`); `--introspect section` packs it without a trial\n\nCaused by:\n  ";
const SERVE: &str = "; its tasks would fail with an empty log: with `airflow-sdk`, `main` must end in `serve()`, and get \
                     there when it is started with `--comm=ADDRESS --logs=ADDRESS`";
const TIME: &str = "; a slow start can have more time with `--introspect-timeout SECONDS`";
const SILENT: &str = "\n  it wrote nothing to stdout, stderr or its log";

fn bench() -> Bench {
    Bench::with_program("link_section")
}

fn pack(bench: &Bench, how: &str, args: &[&str]) -> Outcome {
    let mut packer = bench.packer();
    run(packer.args(args).env("TRIAL", how))
}

#[track_caller]
fn nothing_runs(bench: &Bench) {
    let processes = bench.processes();
    assert!(!processes.is_empty(), "the program never ran");
    wait_for("the end of all processes", Duration::from_secs(2), || {
        !processes.iter().any(|&id| is_running(id))
    });
}

/// What is the same for each program that fails its trial.
#[track_caller]
fn refused(how: &str) -> Outcome {
    let bench = bench();
    let before = bench.listing();
    let outcome = pack(&bench, how, &[]);
    assert_eq!((outcome.code, outcome.text()), (1, ""), "{outcome:#?}");
    assert!(outcome.stderr.starts_with(CONTEXT), "{}", outcome.stderr);
    assert_eq!(bench.listing(), before, "something was written");
    nothing_runs(&bench);
    assert!(outcome.elapsed < IN_TIME, "{:?}", outcome.elapsed);
    outcome
}

/// The whole message, to the letter.
#[track_caller]
fn refused_with(how: &str, reason: &str) {
    assert_eq!(refused(how).stderr, format!("{CONTEXT}{reason}\n"), "{how}");
}

#[test]
fn who_ends_before_it_connects() {
    refused_with(
        "no_serve",
        &format!(
            "it ended with exit code 0, and never connected to the addresses in its arguments{SERVE}\n  its stdout:\n    \
             nothing to do"
        ),
    );
    refused_with(
        "fails",
        &format!(
            "it ended with exit code 2, and never connected to the addresses in its arguments{SERVE}\n  its stderr:\n    \
             error: unexpected argument '--comm' found\n    \n    \\u{{1b}}[1mUsage\\u{{1b}}[0m: etl"
        ),
    );
    let panic = refused("panics").stderr;
    let reason = "it was ended by signal 6, and never connected to the addresses in its arguments";
    assert!(panic.contains(&format!("{reason}{SERVE}\n")), "{panic}");
    assert!(panic.contains("    the settings are not here\n"), "{panic}");
    refused_with(
        "ends_half_connected",
        &format!(
            "it ended with exit code 0, and had connected to the address in `--logs` only{SERVE}{SILENT}"
        ),
    );
}

#[test]
fn who_does_not_answer() {
    refused_with(
        "is_too_old",
        "it ended with exit code 1, and had connected, but not answered; it was asked `DagFileParseRequest`, as Airflow \
         3.4 asks bundles; an `airflow-sdk` that does not serve it is too old: `cargo update airflow-sdk`\n  its \
         log:\n    error: it is DagFileParseRequest, which this version does not serve",
    );
    refused_with(
        "closes",
        &format!(
            "it connected, the connection was closed before an answer came, and it did not end{SILENT}"
        ),
    );
    let sentence = format!("it connected, but did not answer within 1 s{TIME}{SILENT}");
    refused_with("never_answers", &sentence);
    refused_with("claims_and_trickles", &sentence);
    refused_with(
        "hangs",
        &format!(
            "it did not connect to the addresses in its arguments within 1 s{TIME}{SERVE}{SILENT}"
        ),
    );
    refused_with(
        "hangs_half_connected",
        &format!("it connected to the address in `--comm` only within 1 s{TIME}{SERVE}{SILENT}"),
    );
}

#[test]
fn who_answers_what_airflow_refuses() {
    // The letters `HTTP` are its length.
    refused_with(
        "speaks_http",
        &format!("it sent a frame of 1213486160 bytes, more than 16 MiB{SILENT}"),
    );
    refused("sends_rubbish").says(&["it sent a frame that Airflow would refuse ("]);
    refused_with(
        "has_import_errors",
        "it says that its own registrations are wrong:\n    two tasks\n    of one name",
    );
    // It does not read its replies, until there is no room for them.
    let stderr = refused("asks_without_end").stderr;
    assert!(stderr.contains("connected, "), "{stderr}");
}

#[test]
fn what_it_said_is_bounded() {
    let outcome = refused("floods").says(&["exit code 1", "the last line, which says why"]);
    for block in ["its stdout:", "its stderr:", "its log:"] {
        assert!(outcome.stderr.contains(block), "{block}");
    }
    let length = outcome.stderr.len();
    assert!(length < 64 << 10, "{length} bytes");
}

/// A child in its process group is ended with it. One in a session of its own is out of reach, and holds up nobody.
#[test]
fn who_leaves_a_child_behind() {
    refused("leaves_child").says(&["it ended with exit code 1, and never connected"]);

    let bench = bench();
    let mut packer = bench.packer();
    packer.env("TRIAL", "leaves_child").env("LEAVES_GROUP", "1");
    let outcome = run(&mut packer).fails(1, &["it ended with exit code 1"]);
    assert!(outcome.elapsed < IN_TIME, "{:?}", outcome.elapsed);
    assert!(!bench.path(BUNDLE).exists());
    let [program, daemon] = bench.processes()[..] else {
        panic!("{:?}", bench.processes());
    };
    assert!(!is_running(program));
    assert!(is_running(daemon), "it did not leave the group");
    let daemon = Pid::from_raw(i32::try_from(daemon).unwrap()).unwrap();
    kill_process(daemon, Signal::KILL).unwrap();
}

/// What looks odd but is right for Airflow is packed.
#[test]
fn right_answers_in_odd_ways() {
    for how in [
        "asks_first",
        "answers_and_fails",
        "answers_and_leaves_child",
    ] {
        let bench = bench();
        let outcome = pack(&bench, how, &[]).ok();
        assert!(outcome.elapsed < IN_TIME, "{how}: {:?}", outcome.elapsed);
        assert!(bench.path(BUNDLE).is_file(), "{how}");
        nothing_runs(&bench);
    }
}

/// Airflow waits as long, kills it, and has its answer.
#[test]
fn who_answers_and_stays() {
    let bench = bench();
    pack(&bench, "answers_and_stays", &[]).ok();
    nothing_runs(&bench);
}

/// Whether a pack of the bench said that it started the executable.
#[track_caller]
fn tried(outcome: Outcome) -> bool {
    let outcome = outcome.ok();
    outcome.json()[0]["tried"].as_bool().unwrap()
}

/// Only what is about to be written is tried: the executable, the source, or a bundle that was damaged.
#[test]
fn a_fresh_bundle_is_not_tried_again() {
    let bench = bench();
    let json = ["--message-format", "json"];
    let pack = |how: &str, starts: usize| {
        let outcome = pack(&bench, how, &json);
        assert_eq!(bench.processes().len(), starts);
        outcome
    };
    assert!(tried(pack("", 1)));
    for _ in 0..2 {
        // It would fail now.
        assert!(!tried(pack("fails", 1)));
    }
    bench.write("main.rs", "fn main() { /* another source */ }\n");
    assert!(tried(pack("", 2)));
    let bundle = bench.path(BUNDLE);
    let mut bytes = fs::read(&bundle).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&bundle, &bytes).unwrap();
    pack("fails", 3).fails(1, &["failed its trial"]);
    assert_eq!(fs::read(&bundle).unwrap(), bytes, "the old bundle stays");
    assert!(tried(pack("", 4)));
    // Another executable in its place.
    fs::copy(program("prints_file"), bench.path("etl")).unwrap();
    assert!(!tried(pack("", 5)), "no section");
}

/// `run` asks for the manifest too, and then tries: two starts.
#[test]
fn who_is_tried() {
    for (args, starts) in [
        (&["--introspect", "auto"][..], 1),
        (&["--introspect", "run"], 2),
        (&["--introspect", "section"], 0),
        (&["--airflow-metadata", "captured.json"], 0),
    ] {
        let bench = bench();
        bench.write("captured.json", crate::packer::MANIFEST);
        let json = [args, &["--message-format", "json"]].concat();
        let outcome = pack(&bench, "", &json);
        let said = outcome.stderr.contains("note: `etl` was not tried (");
        assert_eq!(said, args.contains(&"section"), "{}", outcome.stderr);
        assert_eq!(tried(outcome), starts > 0, "{args:?}");
        assert_eq!(bench.processes().len(), starts, "{args:?}");
    }
    let bench = bench();
    pack(&bench, "fails", &["--introspect", "run"]).fails(1, &["failed its trial"]);
    assert!(!bench.path(BUNDLE).exists());
    pack(&bench, "fails", &["--introspect", "section"]).ok();
}

/// Without a section nobody knows that it has the SDK: it is asked for its manifest, and that is all.
#[test]
fn a_program_without_a_section_is_not_tried() {
    let bench = Bench::new();
    let json = ["--message-format", "json"];
    let outcome = run(bench.packer().args(json));
    assert!(!outcome.stderr.contains("tried"), "{}", outcome.stderr);
    assert!(!tried(outcome));
    assert_eq!(bench.processes().len(), 1);
}

/// What was built here may be meant for elsewhere.
#[test]
fn who_does_not_start_here_is_packed_with_a_note() {
    let bench = bench();
    set_mode(&bench.path("etl"), 0o644);
    let outcome = pack(&bench, "", &["--message-format", "json"]).says(&[
        "note: `etl` was not tried (it does not start here: Permission denied (os error 13)): whether its `main` gets as far \
         as `serve()` when Airflow starts it was not checked",
    ]);
    assert!(!tried(outcome));
}
