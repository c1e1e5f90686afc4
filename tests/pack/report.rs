//! What is printed: paths or JSON lines on stdout, everything for people on stderr; help and version.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::process::{Command, ExitCode};

use serde_json::Value;

use crate::build::text;
use crate::project::{Outcome, PROGRAM, Project, Run, host};
use crate::sdk;

/// The lines that cargo does not print.
fn ours(outcome: &Outcome) -> Vec<Value> {
    let lines = outcome.json();
    let first = lines
        .iter()
        .position(|line| line["reason"] == "build-finished")
        .expect("the end of the build");
    let (cargos, ours) = lines.split_at(first + 1);
    assert!(cargos.iter().all(|line| line["reason"] != "airflow-bundle"));
    assert!(ours.iter().all(|line| line["reason"] == "airflow-bundle"));
    ours.to_vec()
}

#[test]
fn stdout_holds_the_paths_and_nothing_else() {
    let project = Project::with_sdk("workspace-two-bins");
    let outcome = project.pack("--workspace -v --out-dir ./dags").ok();
    let expected = ["etl", "reports"].map(|bin| project.path(&format!("dags/{bin}")));
    let expected = text(expected.iter().map(|path| path.to_string_lossy()));
    assert_eq!(outcome.text(), expected);
    let quiet = project.pack("--workspace -q").bundles();
    assert_eq!(quiet.len(), 2);
}

#[test]
fn a_status_line_names_path_size_and_contents() {
    let project = Project::with_sdk("one-bin");
    let outcome = project.pack("-r").ok();
    let bundle = outcome.text().trim().to_owned();
    let line = outcome.stderr.lines().last().unwrap();
    assert!(line.starts_with("      Packed `"), "twelve columns: {line}");
    for word in [
        &*bundle,
        "MiB",
        "1 dag, 2 tasks; for Airflow 3.3 and 3.4",
        "executable for",
    ] {
        assert!(line.contains(word), "{word} in {line}");
    }
    let again = project.pack("-r").ok();
    again.says(&["       Fresh `"]).says_nothing_of(&["Packed"]);
}

#[test]
fn our_line_has_every_key_with_its_type() {
    let project = Project::with_sdk("one-bin").with_sdk_for("--target host-tuple");
    let host = host();
    let outcome = project
        .pack(&format!("--target {host} --message-format json"))
        .ok();
    let [line] = ours(&outcome).try_into().expect("one line");
    let line: BTreeMap<String, Value> = serde_json::from_value(line).unwrap();
    let keys: Vec<_> = line.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "airflow",
            "binary_sha256",
            "dags",
            "executable",
            "executable_info",
            "fresh",
            "introspection",
            "package_id",
            "path",
            "reason",
            "size",
            "supervisor_schema_version",
            "target",
            "target_triple",
            "tried",
        ]
    );
    assert_eq!(line["airflow"], serde_json::json!(["3.3", "3.4"]));
    assert_eq!(line["supervisor_schema_version"], "2026-06-16");
    let artifact = outcome
        .json()
        .into_iter()
        .find(|line| line["executable"].is_string());
    let artifact = artifact.expect("cargo's own line");
    assert_eq!(line["executable"], artifact["executable"]);
    assert_eq!(line["package_id"], artifact["package_id"]);
    // Whatever cargo says of the target; optional keys of its format may be there in addition.
    for (key, value) in artifact["target"].as_object().unwrap() {
        assert_eq!(line["target"][key], *value, "{key}");
    }
    assert_eq!(line["target_triple"], *host);
    assert_eq!(
        line["dags"],
        serde_json::json!({"one_bin": {"tasks": ["extract", "load"]}})
    );
    assert_eq!(line["fresh"], false);
    assert_eq!(line["tried"], true);
    let path = line["path"].as_str().unwrap();
    assert_eq!(line["size"], fs::metadata(path).unwrap().len());
    let bundle = fs::read(path).unwrap();
    let recorded = &bundle[bundle.len() - 52..bundle.len() - 20];
    let recorded = recorded.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    });
    assert_eq!(line["binary_sha256"], *recorded);

    let again = project.pack("--message-format json").ok();
    let again = ours(&again).remove(0);
    assert_eq!(again["target_triple"], Value::Null);
    let third = project.pack("--message-format json").ok();
    assert_eq!(ours(&third)[0]["fresh"], true);
}

#[test]
fn cargos_lines_pass_unchanged() {
    let project = Project::with_sdk("one-bin");
    project.append("src/main.rs", "fn unused(argument: u32) {}");
    for formats in [
        "json",
        "json-render-diagnostics",
        "json,json-diagnostic-short",
        "json-diagnostic-rendered-ansi",
        "json-diagnostic-short,json-diagnostic-rendered-ansi",
    ] {
        let args = format!("--message-format={formats}");
        let plain = project.cargo_build(&args).run().ok();
        project.clean();
        let outcome = project.pack(&args).ok();
        project.clean();
        // cargo itself tells in any order what is fresh.
        let sorted = |stdout: &str| {
            let mut lines: Vec<_> = stdout.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        let (cargos, _) = outcome.text().trim_end().rsplit_once('\n').unwrap();
        assert_eq!(sorted(cargos), sorted(plain.text()), "{formats}");
        assert_eq!(ours(&outcome).len(), 1);
        let in_stderr = outcome.stderr.contains("unused variable");
        assert_eq!(
            in_stderr,
            formats.contains("render-diagnostics"),
            "{formats}"
        );
    }
}

#[test]
fn message_formats_for_people() {
    let project = Project::with_sdk("one-bin");
    project.append("src/main.rs", "fn unused(argument: u32) {}");
    let human = project.pack("--message-format human").ok();
    let human = human.says(&["warning: unused variable", "-->"]);
    let bundle = human.bundle();
    project.clean();
    let short = project.pack("--message-format short").ok();
    let short = short
        .says(&["warning: unused variable"])
        .says_nothing_of(&["-->"]);
    assert_eq!(short.bundle(), bundle);
}

#[test]
fn two_kinds_of_messages_exclude_each_other() {
    let project = Project::with_sdk("one-bin");
    for formats in [
        "human,json",
        "short,json-render-diagnostics",
        "human,short",
        "human --message-format json",
    ] {
        let plain = project
            .cargo_build(&format!("--message-format {formats}"))
            .run();
        assert!(
            plain.stderr.contains("two kinds"),
            "{formats}: {}",
            plain.stderr
        );
        project
            .pack(&format!("--message-format {formats}"))
            .fails(2, &["two kinds", "--message-format"]);
    }
    project
        .pack("--message-format xml")
        .fails(2, &["xml", "json-render-diagnostics"]);
}

#[test]
fn quiet_is_quiet() {
    let project = Project::with_sdk("one-bin");
    for (args, env) in [("-q", None), ("", Some(("CARGO_TERM_QUIET", "true")))] {
        let mut run = project.program().args(args);
        if let Some((name, value)) = env {
            run = run.env(name, value);
        }
        let outcome = run.run().ok();
        assert_eq!(outcome.stderr, "", "{args} {env:?}");
        outcome.bundle();
    }
    // Errors are not status.
    project
        .pack("-q --bin nowhere")
        .fails(1, &["error: ", "nowhere"]);
}

#[test]
fn verbose_shows_cargos_commands() {
    let project = Project::with_sdk_as("one-bin", "a b");
    let manifest = project.path("Cargo.toml");
    for (flag, env) in [
        ("-v", None),
        ("-vv", None),
        ("", Some("CARGO_TERM_VERBOSE")),
    ] {
        let mut run = project.program().args(flag).args("-r --manifest-path");
        run = run.arg(&manifest);
        if let Some(name) = env {
            run = run.env(name, "true");
        }
        let outcome = run.run().ok();
        let commands: Vec<_> = outcome
            .stderr
            .lines()
            .filter(|line| line.starts_with("     Running `") && line.contains("cargo"))
            .collect();
        let quoted = format!("--manifest-path '{}'", manifest.display());
        let of = |verb: &str| {
            let found = commands.iter().find(|line| line.contains(verb));
            assert!(
                found
                    .unwrap_or_else(|| panic!("{verb}: {commands:?}"))
                    .contains(&quoted)
            );
        };
        of("cargo metadata");
        of("cargo build");
    }
    project.pack("").ok().says_nothing_of(&["cargo metadata"]);
}

#[test]
fn colours() {
    const GREEN: &str = "\u{1b}[1m\u{1b}[92m";
    let project = Project::with_sdk("one-bin");
    let coloured = |args: &str, env: &[(&str, &str)]| {
        let start = project.program().args(args);
        let run = env
            .iter()
            .fold(start, |run, (name, value)| run.env(name, *value));
        let stderr = run.run().ok().stderr;
        let ours = stderr.lines().last().unwrap().to_owned();
        assert!(ours.contains("one-bin"), "{ours}");
        // What is said by cargo and what is said by us must look the same.
        let all = stderr
            .lines()
            .filter(|line| line.contains('\u{1b}'))
            .count();
        assert!(all == 0 || all == stderr.lines().count(), "{stderr}");
        let green = ours.starts_with(GREEN);
        assert_eq!(green, ours.contains('\u{1b}'), "{ours:?}");
        green
    };
    assert!(!coloured("", &[]), "a pipe is no terminal");
    assert!(coloured("--color always", &[]));
    assert!(coloured("--color=always", &[("NO_COLOR", "1")]));
    assert!(!coloured(
        "--color never",
        &[("CARGO_TERM_COLOR", "always")]
    ));
    assert!(coloured("", &[("CARGO_TERM_COLOR", "always")]));
    assert!(coloured("--color auto", &[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured("", &[("NO_COLOR", "1")]));
    assert!(!coloured("--color never", &[]));

    let wrong = project
        .pack("--color always --no-such-flag")
        .must_end_with(2);
    assert!(wrong.stderr.contains('\u{1b}'), "usage errors too");
    let wrong = project
        .pack("--no-such-flag --color never")
        .must_end_with(2);
    assert!(!wrong.stderr.contains('\u{1b}'));
}

/// What cargo says of a broken manifest comes through us, in its own words and colours.
#[test]
fn errors_of_cargo_metadata_look_like_cargos() {
    let project = Project::with_sdk("one-bin");
    project.replace("Cargo.toml", "edition = \"2024\"", "edition = \"1066\"");
    for args in ["", "--color always", "--color never"] {
        let plain = project.cargo_build(args).run().must_end_with(101);
        let ours = project.pack(args).fails(101, &["1066"]);
        let same = ours.stderr.starts_with(&plain.stderr);
        assert!(same, "{args}\n{:?}\n{:?}", plain.stderr, ours.stderr);
    }
}

#[test]
fn cargo_finds_it_with_aliases_help_and_version() {
    let project = Project::with_sdk("workspace-two-bins");
    let bundle = |args: &str| {
        let run = project.cargo("bundle").arg(sdk::patch());
        run.args(args).run().bundle()
    };
    assert_eq!(
        bundle(""),
        project.path("target/release/airflow-bundle/etl")
    );
    assert_eq!(
        bundle("-p reports"),
        project.path("target/release/airflow-bundle/reports")
    );

    let help = project.cargo("airflow-bundle --help").run().ok();
    let help = help.text();
    for word in [
        "cargo airflow-bundle",
        "--executable",
        "--message-format",
        "Exit codes",
        "inspect",
        "CARGO_AIRFLOW_BUNDLE_BINS",
        "CARGO_AIRFLOW_BUNDLE_CARGO_BUILD",
        "CARGO_AIRFLOW_BUNDLE_OUT_DIR",
        "CARGO_AIRFLOW_BUNDLE_SOURCE",
    ] {
        assert!(help.contains(word), "{word} in {help}");
    }
    assert_eq!(project.cargo("help airflow-bundle").run().ok().text(), help);
    let version = project.cargo("airflow-bundle --version").run().ok();
    let version = version.text();
    assert_eq!(
        version.trim(),
        concat!("cargo-airflow-bundle ", env!("CARGO_PKG_VERSION"))
    );
    let listed = project.cargo("--list").run().ok();
    let listed = listed.text();
    assert!(listed.contains("airflow-bundle"), "{listed}");
    let exit = project.cargo("airflow-bundle --bin nowhere").run();
    exit.fails(1, &["nowhere"]);
}

/// The README's second command.
#[cfg(unix)]
#[test]
fn the_path_can_be_given_to_cp() {
    let project = Project::with_sdk_as("workspace-two-bins", "two words");
    fs::create_dir(project.path("dags")).unwrap();
    let shell = project.command(Command::new("sh"));
    let script = "cp \"$(cargo airflow-bundle --release \"$@\")\" dags && ls dags";
    let shell = shell.arg("-c").arg(script).arg("sh").arg(sdk::patch());
    assert_eq!(shell.run().ok().text(), "etl\n");
    assert!(crate::project::is_bundle(&project.path("dags/etl")));
}

/// Without cargo the name of the subcommand can be left out.
#[test]
fn both_spellings_of_the_command_work() {
    let project = Project::with_sdk("one-bin");
    let run = project.command(Command::new(PROGRAM)).arg(sdk::patch());
    let direct = run.args("-r").run().bundle();
    assert_eq!(project.pack("-r").bundle(), direct);
}

#[test]
fn wrong_arguments_end_with_2_and_a_hint() {
    let project = Project::with_sdk("one-bin");
    for (args, words) in [
        ("--relase", &["--relase", "--release"][..]),
        ("-r --profile dist", &["--release", "--profile"]),
        ("-o a --out-dir b", &["--output", "--out-dir"]),
        ("pack", &["pack", "Usage"]),
        ("--introspect-timeout 0", &["--introspect-timeout", "0"]),
    ] {
        project.pack(args).fails(2, words);
    }
}

/// As an `xtask` does: the same program as a function, with arguments of its own. In a process of its
/// own, since the function watches for signals from then on.
#[test]
fn the_library_runs_the_program() {
    const CHILD: &str = "XTASK_TEST";
    if std::env::var_os(CHILD).is_some() {
        return act_as_xtask();
    }
    let this = Command::new(std::env::current_exe().unwrap());
    let run = Run::new(this, &std::env::temp_dir()).env(CHILD, "1");
    let outcome = run
        .args("--exact report::the_library_runs_the_program --nocapture")
        .run();
    let outcome = outcome.ok();
    assert!(outcome.text().contains("1 passed"), "{}", outcome.text());
    // The path on stdout is the bundle's.
    assert!(outcome.text().contains("/dags/one\n"), "{}", outcome.text());
}

fn act_as_xtask() {
    let code = |args: &[&str]| {
        let code = cargo_airflow_bundle::run(args.iter().copied());
        format!("{code:?}")
    };
    let project = Project::with_sdk("one-bin").building_in("target", "");
    let patch = sdk::patch();
    let manifest = project.path("Cargo.toml");
    let target_dir = project.path("target");
    let bundle = project.path("dags/one");
    let args = [
        "xtask",
        "--quiet",
        "--message-format=short",
        &patch,
        "--manifest-path",
        manifest.to_str().unwrap(),
        "--target-dir",
        target_dir.to_str().unwrap(),
        "--output",
        bundle.to_str().unwrap(),
    ];
    assert_eq!(code(&args), format!("{:?}", ExitCode::SUCCESS));
    assert!(crate::project::is_bundle(&bundle));
    assert_eq!(
        code(&["xtask", "verify", "--quiet", bundle.to_str().unwrap()]),
        format!("{:?}", ExitCode::SUCCESS)
    );
    assert_eq!(
        code(&["xtask", "airflow-bundle", "--executable", "x"]),
        format!("{:?}", ExitCode::from(2))
    );
}
