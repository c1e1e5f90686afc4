//! Executables that answer `--airflow-metadata` wrongly: exit code 1, a helpful sentence, in time,
//! no process left, nothing written.

use std::process::Command;
use std::time::Duration;

use crate::packer::{BUNDLE, Bench, Outcome, is_running, run, wait_for};

/// The limit is one second; the rest is for a busy machine.
const IN_TIME: Duration = Duration::from_secs(4);

/// Packs a misbehaving program and checks all that is the same for each.
#[track_caller]
fn refused(program: &str, words: &[&str]) -> Outcome {
    let bench = Bench::with_program(program);
    let before = bench.listing();
    let outcome = run(&mut bench.packer()).must_fail(1, words);
    let message = outcome.stderr.as_str();
    assert!(message.contains("etl --airflow-metadata`"), "{message}");
    assert!(
        !message.contains('\x1b'),
        "escapes reach the terminal: {message:?}"
    );
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
    let words = [
        "did not exit within 1 s",
        "--introspect-timeout",
        "hangs: waiting for connections",
    ];
    let outcome = refused("hangs", &words);
    assert!(
        outcome.elapsed >= Duration::from_secs(1),
        "{:?}",
        outcome.elapsed
    );
}

#[test]
fn a_program_that_never_stops_printing() {
    refused("prints_forever", &["more than 16 MiB"]);
}

#[test]
fn a_program_that_prints_a_little_for_ever() {
    refused("prints_slowly", &["did not exit within 1 s"]);
}

#[test]
fn a_program_that_closes_its_output_and_stays() {
    refused(
        "closes_stdout",
        &["closed its output but did not exit within 1 s"],
    );
}

#[test]
fn a_program_that_prints_nothing() {
    refused("prints_nothing", &["it is empty", "airflow-sdk"]);
    refused("prints_blanks", &["it is empty"]);
}

#[test]
fn a_banner_before_the_manifest() {
    refused(
        "banner",
        &[
            "line 1",
            "misbehaving 0.1.0\\nconnected to \\u{1b}[31m",
            "the manifest seems to follow other output",
        ],
    );
}

#[test]
fn output_that_is_not_utf8() {
    refused(
        "not_utf8",
        &["line 2: it is not UTF-8", "it began: {\\n\"dags\""],
    );
    refused("utf16", &["UTF-16", "UTF-8"]);
}

#[test]
fn a_program_that_dies() {
    refused("dies", &["ended by signal 6", "dies: assertion failed"]);
}

#[test]
fn a_program_that_fails() {
    refused(
        "fails",
        &[
            "exit code 3",
            "no such option `--airflow-metadata`",
            "\\u{1b}[1mUsage",
        ],
    );
    let outcome = refused(
        "floods_stderr",
        &["exit code 1", "the last line, which says why"],
    );
    assert!(
        outcome.stderr.len() < 64 << 10,
        "{} bytes",
        outcome.stderr.len()
    );
}

#[test]
fn programs_that_hang_with_a_child_or_without_manners() {
    refused("hangs_with_child", &["did not exit within 1 s"]);
    refused(
        "ignores_signals",
        &["did not exit within 1 s", "its stderr was empty"],
    );
}

#[test]
fn answers_that_are_no_answer() {
    refused("two_documents", &["line 9: a second YAML document follows"]);
    refused("two_jsons", &["line 6: more text follows the manifest"]);
    refused("half_an_answer", &["line 4", "EOF"]);
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

#[test]
fn a_program_that_wants_a_terminal() {
    let ended = refused("reads_terminal", &[]);
    assert!(
        ended.stderr.contains("no terminal") || ended.stderr.contains("did not exit within 1 s"),
        "{}",
        ended.stderr
    );
}

/// With a real terminal, the program must not get what the user types next, and must not stop us.
#[test]
fn a_program_that_wants_the_users_own_terminal() {
    let bench = Bench::with_program("reads_terminal");
    let packer = bench.packer();
    let words: Vec<String> = std::iter::once(packer.get_program())
        .chain(packer.get_args())
        .map(|word| format!("'{}'", word.to_str().unwrap()))
        .collect();
    let mut script = Command::new("script");
    script.args(["-qec", &words.join(" "), "/dev/null"]);
    script
        .current_dir(bench.root())
        .env("PID_FILE", bench.path(".pids"));
    script.stdin(std::process::Stdio::null());
    let outcome = run(&mut script);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    assert!(outcome.elapsed < IN_TIME, "{:?}", outcome.elapsed);
    let shown = String::from_utf8_lossy(&outcome.stdout);
    assert!(shown.contains("gave no manifest"), "{shown}");
    assert!(!bench.path(BUNDLE).exists());
    nothing_runs(&bench);
}

/// What looks odd but is right is packed.
#[test]
fn right_answers_in_odd_ways() {
    for program in ["prints_file", "yaml", "noisy_but_right", "leaves_child"] {
        let bench = Bench::with_program(program);
        let outcome = run(&mut bench.packer()).must_succeed();
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
fn programs_that_cannot_be_started() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = Bench::new();
    let executable = bench.path("etl");
    std::fs::set_permissions(&executable, std::fs::Permissions::from_mode(0o644)).unwrap();
    run(&mut bench.packer()).must_fail(1, &["could not be started", "chmod +x"]);

    // The dynamic loader's path stands in the file; another of the same length is not there.
    let mut bytes = std::fs::read(&executable).unwrap();
    let name = b"/lib64/ld-linux-x86-64.so.2";
    if let Some(at) = bytes.windows(name.len()).position(|window| window == name) {
        bytes[at + 5] = b'9';
        std::fs::write(&executable, bytes).unwrap();
        std::fs::set_permissions(&executable, std::fs::Permissions::from_mode(0o755)).unwrap();
        run(&mut bench.packer()).must_fail(1, &["could not be started", "dynamic loader"]);
    }
    assert!(!bench.path("airflow-bundle").exists());
}

#[test]
fn a_captured_manifest_runs_nothing() {
    let bench = Bench::with_program("hangs");
    bench.write("captured.json", crate::packer::MANIFEST);
    run(bench.packer().args(["--airflow-metadata", "captured.json"])).must_succeed();
    assert_eq!(bench.processes(), [] as [u32; 0]);
    let refused = |file: &str, words: &[&str]| {
        let args = ["--airflow-metadata", file, "-o", "other"];
        run(bench.packer().args(args)).must_fail(1, words);
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
