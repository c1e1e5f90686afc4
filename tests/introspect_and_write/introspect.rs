//! Executables that answer `--airflow-metadata` wrongly: exit code 1, a helpful sentence, in time,
//! no process left, nothing written.

use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::packer::{BUNDLE, Bench, Outcome, is_running, run, wait_for};

/// The limit is one second; the rest is for a busy machine.
const IN_TIME: Duration = Duration::from_secs(4);

/// Where the sentence stands that says what was wrong.
const NO_MANIFEST: &str = "gave no manifest";
const NOT_VALID: &str = "printed no valid manifest";

/// What is said of a program that takes too long, behind the reason.
const TIME: &str = "; it must print its manifest and exit, without connecting to anything; a slow start can have more \
                    time with `--introspect-timeout SECONDS`";
const EXIT: &str =
    "; it must print its manifest and exit with 0 (does its `main` handle `--airflow-metadata`?)";

/// The whole message, to the letter.
fn message(bench: &Bench, verdict: &str, sentence: &str) -> String {
    let executable = bench.path("etl").display().to_string();
    format!("error: `{executable} --airflow-metadata` {verdict}\n\nCaused by:\n  {sentence}\n")
}

/// Packs a misbehaving program and checks all that is the same for each.
#[track_caller]
fn refused(program: &str, verdict: &str, sentence: &str) -> Outcome {
    let bench = Bench::with_program(program);
    let before = bench.listing();
    let outcome = run(&mut bench.packer()).fails(1, &[]);
    assert_eq!(outcome.stderr, message(&bench, verdict, sentence));
    assert_eq!(bench.listing(), before, "something was written");
    nothing_runs(&bench);
    assert!(outcome.elapsed < IN_TIME, "{:?}", outcome.elapsed);
    outcome
}

#[track_caller]
fn nothing_runs(bench: &Bench) {
    let processes = bench.processes();
    assert!(!processes.is_empty(), "the program never ran");
    wait_for("the end of all processes", Duration::from_secs(2), || {
        !processes.iter().any(|&id| is_running(id))
    });
}

#[test]
fn a_program_that_hangs() {
    let sentence = format!(
        "it did not exit within 1 s{TIME}\n  its stderr:\n    hangs: waiting for connections"
    );
    let outcome = refused("hangs", NO_MANIFEST, &sentence);
    let elapsed = outcome.elapsed;
    assert!(elapsed >= Duration::from_secs(1), "{elapsed:?}");
}

/// For ever, or a gigabyte.
#[test]
fn a_program_that_prints_too_much() {
    let sentence = "it printed more than 16 MiB; it must print its manifest and nothing else";
    refused("prints_forever", NO_MANIFEST, sentence);
    refused("prints_gigabyte", NO_MANIFEST, sentence);
}

/// 16 MiB are kept, in a buffer that grows by doubling.
#[test]
fn the_memory_for_too_much_output_is_bounded() {
    let bench = Bench::with_program("prints_forever");
    let packer = bench.packer();
    let measure = "import resource, subprocess, sys; code = subprocess.call(sys.argv[1:]); \
                   print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)";
    let mut python = Command::new("python3");
    python.args(["-c", measure]);
    python.arg(packer.get_program()).args(packer.get_args());
    python.current_dir(bench.root());
    python.env("PID_FILE", bench.path(".pids"));
    let outcome = run(&mut python);
    assert_eq!(outcome.code, 1, "this test needs Python: {outcome:#?}");
    let peak: u64 = outcome.text().trim().parse().unwrap();
    assert!(peak < 100 << 10, "{peak} KiB");
    nothing_runs(&bench);
}

#[test]
fn a_program_that_prints_a_little_for_ever() {
    let sentence = format!("it did not exit within 1 s{TIME}\n  its stderr was empty");
    refused("prints_slowly", NO_MANIFEST, &sentence);
}

#[test]
fn a_program_that_closes_its_output_and_stays() {
    let sentence =
        format!("it closed its output but did not exit within 1 s{TIME}\n  its stderr was empty");
    refused("closes_stdout", NO_MANIFEST, &sentence);
}

#[test]
fn a_program_that_prints_nothing() {
    let sentence = "it is empty; expected a JSON or YAML manifest (with `airflow-sdk`, `main` ends in `serve()`, which \
                    answers the flag)";
    refused("prints_nothing", NOT_VALID, sentence);
    refused("prints_blanks", NOT_VALID, sentence);
}

#[test]
fn a_banner_before_the_manifest() {
    let sentence = r#"line 1: it is not valid YAML: control characters are not allowed at position 31
  it began: misbehaving 0.1.0\nconnected to \u{1b}[31mnothing\u{1b}[0m\n{\n  "airflow_bundle_metadata_version": "1.0",\n  "dags": {"misbehaving": …
  the manifest seems to follow other output: print nothing else to stdout when the program is run with `--airflow-metadata` (a banner can go to stderr)"#;
    refused("banner", NOT_VALID, sentence);
}

#[test]
fn output_that_is_not_utf8() {
    let sentence =
        "line 2: it is not UTF-8\n  it began: {\\n\"dags\": {\"gr\u{fffd}\u{fffd}e\": {}}}\\n";
    refused("not_utf8", NOT_VALID, sentence);
    let bench = Bench::with_program("utf16");
    run(&mut bench.packer()).fails(
        1,
        &[
            "Caused by:\n  line 1: it is not UTF-8\n  it began: \u{fffd}\u{fffd}{\\u{0}\\n",
            "…\n  it seems to be UTF-16, as some shells redirect output into a file: convert it to UTF-8\n",
        ],
    );
}

#[test]
fn a_program_that_dies() {
    let sentence =
        format!("it was ended by signal 6{EXIT}\n  its stderr:\n    dies: assertion failed");
    refused("dies", NO_MANIFEST, &sentence);
}

#[test]
fn a_program_that_fails() {
    let sentence = format!(
        "it ended with exit code 3{EXIT}\n  its stderr:\n    fails: no such option `--airflow-metadata`\n    \
         \\u{{1b}}[1mUsage\\u{{1b}}[0m: fails PORT"
    );
    refused("fails", NO_MANIFEST, &sentence);
    let bench = Bench::with_program("floods_stderr");
    let words = ["exit code 1", "the last line, which says why"];
    let outcome = run(&mut bench.packer()).fails(1, &words);
    let length = outcome.stderr.len();
    assert!(length < 64 << 10, "{length} bytes");
    nothing_runs(&bench);
}

#[test]
fn programs_that_hang_with_a_child_or_without_manners() {
    let sentence = format!("it did not exit within 1 s{TIME}\n  its stderr was empty");
    refused("hangs_with_child", NO_MANIFEST, &sentence);
    refused("ignores_signals", NO_MANIFEST, &sentence);
}

/// A session of its own is out of reach. We end in time all the same, and say that something may still run.
#[test]
fn a_program_whose_child_leaves_the_process_group() {
    let exited = "it exited, but a process that it started in the background holds its output open and may still run; it \
                  must print its manifest and exit, without starting anything"
        .to_owned();
    let hung = format!(
        "it did not exit within 1 s, and a process that it started in the background could not be ended with it and may \
         still run{TIME}\n  its stderr was empty"
    );
    for (variable, sentence) in [("OTHER", exited), ("HANG", hung)] {
        let bench = Bench::with_program("leaves_daemon");
        let before = bench.listing();
        let outcome = run(bench.packer().env(variable, "1")).fails(1, &[]);
        assert_eq!(outcome.stderr, message(&bench, NO_MANIFEST, &sentence));
        assert_eq!(bench.listing(), before, "something was written");
        assert!(outcome.elapsed < IN_TIME, "{:?}", outcome.elapsed);
        let [program, daemon] = bench.processes()[..] else {
            panic!("{:?}", bench.processes());
        };
        assert!(!is_running(program));
        assert!(is_running(daemon), "it did not leave the group");
        let daemon = Pid::from_raw(i32::try_from(daemon).unwrap()).unwrap();
        kill_process(daemon, Signal::KILL).unwrap();
    }
}

#[test]
fn answers_that_are_no_answer() {
    let sentence = r"line 9: a second YAML document follows the manifest
  it began: airflow_bundle_metadata_version: '1.0'\ndags:\n  misbehaving:\n    tasks: [extract, load]\nsdk:\n  language: rust\n  superviso…";
    refused("two_documents", NOT_VALID, sentence);
    let sentence = r#"line 6: more text follows the manifest
  it began: {\n  "airflow_bundle_metadata_version": "1.0",\n  "dags": {"misbehaving": {"tasks": ["extract", "load"]}},\n  "sdk": {"lang…"#;
    refused("two_jsons", NOT_VALID, sentence);
    let sentence = r#"line 4: it is not valid JSON: EOF while parsing a string at line 4 column 15
  it began: {\n  "airflow_bundle_metadata_version": "1.0",\n  "dags": {"misbehaving": {"tasks": ["extract", "load"]}},\n  "sdk": {"lang"#;
    refused("half_an_answer", NOT_VALID, sentence);
}

#[test]
fn standard_input_is_nobodys() {
    let bench = Bench::with_program("reads_stdin");
    let mut command = bench.packer();
    // A pipe that never ends would hold up a program that inherits it.
    command.stdin(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let open = child.stdin.take();
    let status = child.wait().unwrap();
    drop(open);
    assert!(status.success(), "{status}");
    assert!(bench.path(BUNDLE).is_file());
}

/// Without a terminal there is none to open.
#[test]
fn a_program_that_wants_a_terminal() {
    let bench = Bench::with_program("reads_terminal");
    let mut command = wrapped_in("setsid", &["--wait"], &bench);
    let outcome = run(&mut command).fails(1, &[]);
    let sentence = format!(
        "it ended with exit code 4{EXIT}\n  its stderr:\n    reads_terminal: no terminal: No such device or address (os \
         error 6)"
    );
    assert_eq!(outcome.stderr, message(&bench, NO_MANIFEST, &sentence));
    nothing_runs(&bench);
}

/// `program args packer`, as the bench runs the packer.
fn wrapped_in(program: &str, args: &[&str], bench: &Bench) -> Command {
    let packer = bench.packer();
    let mut outer = Command::new(program);
    outer.args(args);
    outer.arg(packer.get_program()).args(packer.get_args());
    outer
        .current_dir(bench.root())
        .env("PID_FILE", bench.path(".pids"))
        .stdin(std::process::Stdio::null());
    outer
}

/// Packs on a terminal of its own; returns what that shows.
#[track_caller]
fn on_a_terminal(bench: &Bench, code: i32) -> String {
    let run_it =
        "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
    let outcome = run(&mut wrapped_in("python3", &["-c", run_it], bench));
    assert_eq!(outcome.code, code, "this test needs Python: {outcome:#?}");
    assert!(outcome.elapsed < IN_TIME, "{:?}", outcome.elapsed);
    nothing_runs(bench);
    outcome.text().replace('\r', "")
}

/// With a real terminal, the program must not get what the user types next, and must not stop us.
#[test]
fn a_program_that_wants_the_users_own_terminal() {
    let bench = Bench::with_program("reads_terminal");
    let shown = on_a_terminal(&bench, 1);
    let reason =
        "it did not exit within 1 s, because it was waiting for the terminal, which it cannot use";
    let sentence = format!("{reason}{TIME}\n  its stderr was empty");
    let plain = without_colours(&shown);
    assert_eq!(plain, message(&bench, NO_MANIFEST, &sentence));
    assert!(!bench.path(BUNDLE).exists());

    // Its standard input is not the terminal.
    let bench = Bench::with_program("reads_stdin");
    on_a_terminal(&bench, 0);
    assert!(bench.path(BUNDLE).is_file());
}

/// `text` without `ESC [ ... m`.
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| plain + part.split_once('m').unwrap().1)
}

/// What looks odd but is right is packed.
#[test]
fn right_answers_in_odd_ways() {
    for program in ["prints_file", "yaml", "noisy_but_right", "leaves_child"] {
        let bench = Bench::with_program(program);
        let outcome = run(&mut bench.packer()).ok();
        assert!(
            outcome.elapsed < IN_TIME,
            "{program}: {:?}",
            outcome.elapsed
        );
        assert!(bench.path(BUNDLE).is_file(), "{program}");
        assert!(
            !outcome.stderr.contains("noisy"),
            "stderr of a success is not shown"
        );
        nothing_runs(&bench);
    }
}

#[test]
fn a_captured_manifest_runs_nothing() {
    let bench = Bench::with_program("hangs");
    bench.write("captured.json", crate::packer::MANIFEST);
    run(bench.packer().args(["--airflow-metadata", "captured.json"])).ok();
    assert_eq!(bench.processes(), [] as [u32; 0]);
    let refused = |file: &str, words: &[&str]| {
        let args = ["--airflow-metadata", file, "-o", "other"];
        run(bench.packer().args(args)).fails(1, words);
        assert!(!bench.path("other").exists());
    };
    refused(
        "missing.json",
        &["failed to read the manifest `missing.json`"],
    );
    refused(".", &["it is a folder"]);
    bench.write("empty.json", "");
    refused(
        "empty.json",
        &["`empty.json` holds no valid manifest", "it is empty"],
    );
    bench.write("wrong.json", "{\n\"dags\": 1}");
    refused(
        "wrong.json",
        &[
            "`wrong.json` holds no valid manifest",
            "line 2: `dags` is a number",
        ],
    );
    std::fs::File::create(bench.path("huge.json"))
        .unwrap()
        .set_len(1 << 40)
        .unwrap();
    refused("huge.json", &["longer than 16 MiB"]);
}
