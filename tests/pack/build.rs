//! Building: cargo's own words, flags and exit codes.

use std::fs;
use std::path::{Path, PathBuf};

use crate::bundles::{bundles_below, manifest};
use crate::project::{Outcome, Project};
use crate::sdk;
use crate::target::exe;

/// Each line with its end.
pub fn text<L: AsRef<str>>(lines: impl IntoIterator<Item = L>) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(line.as_ref());
        text.push('\n');
    }
    text
}

/// Without the lines that cannot be equal in two runs: times, and what is fresh, in any order.
fn without_times(stderr: &str) -> String {
    const VARY: [&str; 2] = ["Finished", "Fresh"];
    let varies = |line: &&str| VARY.iter().any(|word| line.contains(word));
    text(stderr.lines().filter(|line| !varies(line)))
}

#[test]
fn diagnostics_are_those_of_plain_cargo() {
    let project = Project::with_sdk("one-bin");
    project.append("src/main.rs", "fn unused(argument: u32) {}");
    for args in ["", "--color always", "-v", "-q", "--message-format short"] {
        let plain = project.cargo_build(args).run().ok();
        project.clean();
        let ours = project.pack(args).ok();
        project.clean();
        assert!(
            plain.stderr.contains("argument"),
            "{args}: {}",
            plain.stderr
        );
        let ours = without_times(&ours.stderr);
        // With `-v` the commands that we run come in between.
        let ours_of_cargo = ours.replace(&commands_of_ours(&ours), "");
        let plain = without_times(&plain.stderr);
        assert!(ours_of_cargo.starts_with(&plain), "{args}\n{plain}\n{ours}");
        let rest = ours_of_cargo.trim_start_matches(&plain);
        assert!(!rest.contains("Compiling"), "{rest}");
    }
}

fn commands_of_ours(stderr: &str) -> String {
    let is_ours = |line: &&str| line.contains("cargo metadata") || line.contains("cargo build");
    text(stderr.lines().take_while(is_ours))
}

/// A pipe holds 64 KiB; whoever reads only one of two ends up waiting for ever.
#[test]
fn a_noisy_build_does_not_hang() {
    let project = Project::with_sdk("noisy-build");
    let plain = project.cargo_build("").run().ok();
    assert!(plain.stderr.len() > 300_000, "{}", plain.stderr.len());
    project.clean();
    let ours = project.pack("");
    let diagnostics = without_times(&plain.stderr);
    let same = without_times(&ours.stderr).starts_with(&diagnostics);
    assert!(same, "the same {} bytes", plain.stderr.len());
    ours.bundle();
    project.clean();
    // Now everything comes through the pipe.
    let json = project.pack("--message-format json").ok();
    assert!(json.stdout.len() > 300_000, "{}", json.stdout.len());
    assert_eq!(json.json().pop().unwrap()["reason"], "airflow-bundle");
}

#[test]
fn progress_reaches_the_terminal() {
    let project = Project::with_sdk("one-bin");
    let run = project.program().env("CARGO_TERM_PROGRESS_WHEN", "always");
    let run = run.env("CARGO_TERM_PROGRESS_WIDTH", "80");
    run.run().ok().says(&["Building [", "one-bin"]);
}

#[test]
fn a_failed_build_packs_nothing() {
    let project = Project::with_sdk("build-error");
    let plain = project.cargo_build("").run().must_end_with(101);
    for args in ["", "-r", "--out-dir dags", "-o bundle", "--target-dir x"] {
        let outcome = project
            .pack(args)
            .fails(101, &["E0308", "not a number", "nothing was packed"]);
        if args.is_empty() {
            let start = without_times(&plain.stderr);
            assert!(outcome.stderr.starts_with(&start), "{}", outcome.stderr);
        }
    }
    for path in ["dags", "bundle"] {
        assert!(!project.path(path).exists(), "{path}");
    }
    assert_eq!(bundles_below(project.root()), Vec::<PathBuf>::new());
}

#[test]
fn a_failed_build_packs_no_stale_executable() {
    let project = Project::with_sdk("one-bin");
    let bundle = project.pack("").bundle();
    let before = (fs::read(&bundle).unwrap(), modified(&bundle));
    project.replace(
        "src/main.rs",
        "fn main()",
        "fn broken() -> u32 { \"\" }\nfn main()",
    );
    project.pack("").fails(101, &["E0308"]);
    assert_eq!((fs::read(&bundle).unwrap(), modified(&bundle)), before);
    fs::remove_file(&bundle).unwrap();
    let json = project.pack("--message-format json").must_end_with(101);
    assert!(!bundle.exists());
    let last = json.json().pop().unwrap();
    assert_eq!(last["reason"], "build-finished");
    assert_eq!(last["success"], false);
}

fn modified(path: &Path) -> std::time::SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

/// One of two does not compile: for cargo the build has failed.
#[test]
fn one_bin_that_does_not_compile_fails_the_build() {
    let project = Project::with_sdk("workspace-two-bins");
    project.append("reports/src/main.rs", "fn broken() -> u32 { \"\" }");
    project
        .pack("--workspace -- --keep-going")
        .fails(101, &["E0308"]);
    assert_eq!(bundles_below(project.root()), Vec::<PathBuf>::new());
}

#[test]
fn cargos_own_errors_keep_their_code() {
    let project = Project::with_sdk("one-bin");
    for (args, code, words) in [
        (
            "--profile nowhere",
            101,
            &["profile `nowhere` is not defined"][..],
        ),
        ("-F nowhere", 101, &["nowhere"]),
        ("-Z build-std", 101, &["nightly"]),
        ("--target no-such-triple", 101, &["no-such-triple"]),
        (
            "--manifest-path nowhere/Cargo.toml",
            101,
            &["nowhere/Cargo.toml"],
        ),
        ("-- --no-such-flag", 1, &["--no-such-flag"]),
        ("-j nine", 101, &["nine"]),
    ] {
        let plain = project.cargo_build(&args.replace("-- ", "")).run();
        let plain = plain.must_end_with(code).says(words);
        let ours = project.pack(args).fails(code, words);
        let first = plain.stderr.lines().next().unwrap();
        assert!(ours.stderr.contains(first), "{first}\n{}", ours.stderr);
    }
}

/// `$CARGO` runs everything, and whatever code it ends with is the program's.
#[cfg(unix)]
#[test]
fn the_cargo_of_the_environment_is_used_for_everything() {
    use std::os::unix::fs::PermissionsExt as _;

    let project = Project::with_sdk("one-bin");
    let script = project.path("cargo of mine");
    let write = |build: &str| {
        let text = format!(
            "#!/bin/sh\necho \"$1\" >> \"{}\"\nif [ \"$1\" = build ]; then {build}; fi\n\
             exec \"$REAL_CARGO\" \"$@\"\n",
            project.path("calls").display()
        );
        fs::write(&script, text).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    };
    let real = std::env::var_os("CARGO").expect("cargo runs the tests");
    let run = || {
        let run = project.program().env("CARGO", &script);
        run.env("REAL_CARGO", &real).run()
    };
    write(":");
    run().bundle();
    let calls = fs::read_to_string(project.path("calls")).unwrap();
    assert_eq!(calls, "metadata\nbuild\n");
    write("exit 77");
    run().fails(77, &["nothing was packed"]);
    write("kill -9 $$");
    run().fails(128 + 9, &["nothing was packed"]);
    // It claims to have built, and has said nothing of what.
    write("exit 0");
    run().fails(1, &["`cargo build` built no executable for `one-bin`"]);
}

#[test]
fn no_compiler_flags_are_added() {
    let project = Project::with_sdk("one-bin");
    let build = escargot::CargoBuild::new()
        .manifest_path(project.path("Cargo.toml"))
        .target_dir(project.path("target"))
        .release()
        .arg(sdk::patch());
    let plain = project.command(build.into_command()).run().ok();
    assert!(plain.stdout.contains("\"fresh\":false"));
    let executable = project.path(&exe("target/release/one-bin"));
    let before = (fs::read(&executable).unwrap(), modified(&executable));
    let ours = project.pack("--release").ok();
    let ours = ours.says_nothing_of(&["Compiling"]);
    assert_eq!(
        (fs::read(&executable).unwrap(), modified(&executable)),
        before
    );
    assert!(fs::read(ours.bundle()).unwrap().starts_with(&before.0));
}

#[test]
fn features_are_cargos() {
    let project = Project::with_sdk("one-bin");
    project.append(
        "Cargo.toml",
        "[features]\ndefault = [\"a\"]\na = []\nb = []\nc = []",
    );
    project.replace(
        "src/main.rs",
        "airflow_sdk::bundle! { \"one_bin\" => { extract, load } }.serve()",
        "let mut id = String::from(\"dag\");\n\
         if cfg!(feature = \"a\") { id += \"_a\"; }\n\
         if cfg!(feature = \"b\") { id += \"_b\"; }\n\
         if cfg!(feature = \"c\") { id += \"_c\"; }\n\
         let bundle = airflow_sdk::Bundle::new().register(&*id, \"extract\", extract);\n\
         bundle.register(&*id, \"load\", load).serve()",
    );
    for (args, id) in [
        ("", "dag_a"),
        ("-F b", "dag_a_b"),
        ("--features b,c", "dag_a_b_c"),
        ("-F b -F c --no-default-features", "dag_b_c"),
        ("--all-features", "dag_a_b_c"),
        ("--no-default-features", "dag"),
    ] {
        let manifest = manifest(&project.pack(args).bundle());
        assert!(
            manifest.contains(&format!("\"{id}\":\n")),
            "{args}: {manifest}"
        );
    }
}

#[test]
fn locked_without_a_lock_file_fails_and_creates_none() {
    let project = Project::with_sdk("one-bin");
    fs::remove_file(project.path("Cargo.lock")).unwrap();
    for flag in ["--locked", "--frozen"] {
        project.pack(flag).fails(101, &["lock file", flag]);
        assert!(!project.path("Cargo.lock").exists(), "{flag}");
        assert_eq!(bundles_below(project.root()), Vec::<PathBuf>::new());
    }
    project.pack("--offline").bundle();
    assert!(project.path("Cargo.lock").exists());
    project.pack("--locked").bundle();
    project.pack("--frozen -j 1").bundle();
}

#[test]
fn other_flags_of_cargo_build_stand_after_the_dashes() {
    let project = Project::with_sdk("one-bin");
    project
        .pack("-- --timings --keep-going --ignore-rust-version")
        .bundle();
    assert!(project.path("target/cargo-timings").exists());
    for flag in [
        "--package=a",
        "-p",
        "-pa",
        "--workspace",
        "--bin=x",
        "--example",
        "--bins",
        "--lib",
        "--all-targets",
        "--tests",
        "--release",
        "-r",
        "-rv",
        "--profile=dist",
        "--features",
        "-Fa",
        "--target=x",
        "--target-dir",
        "-j2",
        "--locked",
        "--config",
        "-Zx",
        "-v",
        "-q",
        "--color=never",
        "--message-format=json",
        "--manifest-path",
        "--help",
        "-h",
    ] {
        let outcome = project.pack(&format!("-- {flag}"));
        let outcome = outcome.fails(2, &["after `--`", flag]);
        let reason = [
            "pass it before the `--`",
            "chooses what is built",
            "`cargo build --help`",
        ];
        let given = reason.iter().any(|reason| outcome.stderr.contains(reason));
        assert!(given, "{}", outcome.stderr);
    }
}

#[test]
fn notes_on_dev_builds_and_debug_info() {
    const DEV: &str = "` is an unoptimized build";
    const DEBUG: &str = "are debug information";
    let project = Project::with_sdk("custom-profile").with_sdk_for("--profile traced");
    project
        .pack("")
        .ok()
        .says(&[DEV, "--release"])
        .says_nothing_of(&[DEBUG]);
    project.pack("-r").ok().says_nothing_of(&["note: "]);
    let traced = project.pack("--profile traced").ok();
    traced
        .says(&[
            "note: ",
            "MiB of `custom-profile`",
            DEBUG,
            "strip = \"debuginfo\"",
            "[profile.traced]",
        ])
        .says_nothing_of(&[DEV]);
    // Without the SDK, which would have to be built once more.
    let project = Project::with_sdk("workspace-two-bins");
    project.append("Cargo.toml", "[profile.release]\ndebug = true");
    let outcome: Outcome = project.pack("-r").ok();
    outcome.says(&[DEBUG, "[profile.release]"]);
}

/// The code is cargo's own, whatever cargo was asked for.
#[cfg(unix)]
#[test]
fn the_code_of_a_killed_cargo_is_that_of_the_signal() {
    use std::os::unix::fs::PermissionsExt as _;

    let project = Project::with_sdk("one-bin");
    let cargo = project.path("cargo.sh");
    for asked in ["metadata", "build"] {
        let script = format!(
            "#!/bin/sh\nif [ \"$1\" = {asked} ]; then kill -KILL $$; fi\nexec {} \"$@\"\n",
            std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
        );
        fs::write(&cargo, script).unwrap();
        fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
        let outcome = project.program().env("CARGO", &cargo).run();
        let words = format!("`cargo {asked}` failed; nothing was packed");
        outcome.must_end_with(137).says(&[&words]);
    }
}
