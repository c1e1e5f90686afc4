//! cargo's `runner`: found where `cargo run` finds it, and used as `cargo run` uses it.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use crate::project::{Outcome, Project, Run, host};

/// A project whose executable has no link section, with runners in `tools/`.
struct Bench {
    project: Project,
    host: String,
}

impl Bench {
    fn new() -> Self {
        let bench = Self {
            project: Project::with_sdk("without-sdk"),
            host: host(),
        };
        // Notes its first argument and the rest, and runs the rest.
        bench.script(
            "tools/run",
            "tag=$1; shift; printf '%s|%s\\n' \"$tag\" \"$*\" >> \"$RUNNER_LOG\"; exec \"$@\"",
        );
        bench
    }

    fn script(&self, name: &str, body: &str) {
        self.project.write(name, &format!("#!/bin/sh\n{body}\n"));
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(self.project.path(name), mode).unwrap();
    }

    /// What the runners have noted since the last call.
    fn noted(&self) -> Vec<String> {
        let log = self.project.path("log");
        let text = fs::read_to_string(&log).unwrap_or_default();
        let _ = fs::remove_file(log);
        text.lines().map(str::to_owned).collect()
    }

    fn prepared(&self, run: Run, setting: &Setting) -> Run {
        let mut run = run.env("RUNNER_LOG", self.project.path("log"));
        for config in &setting.config {
            run = run.arg("--config").arg(self.filled(config));
        }
        if let Some(value) = setting.variable {
            let triple = self.host.replace('-', "_").to_uppercase();
            run = run.env(&format!("CARGO_TARGET_{triple}_RUNNER"), value);
        }
        run
    }

    fn filled(&self, text: &str) -> String {
        text.replace("HOST", &self.host)
    }

    fn configure(&self, setting: &Setting) {
        self.project
            .write(".cargo/config.toml", &self.filled(setting.file));
    }

    /// Packs by running the executable.
    fn pack(&self, setting: &Setting, args: &str) -> Outcome {
        self.configure(setting);
        let run = self.project.program().args(args);
        self.prepared(run, setting).run()
    }

    fn executable(&self) -> String {
        let path = self.project.path("target/debug/without-sdk");
        path.to_str().unwrap().to_owned()
    }
}

/// Where a runner is configured. `HOST` stands for this machine's triple.
#[derive(Default)]
struct Setting {
    file: &'static str,
    variable: Option<&'static str>,
    config: Vec<&'static str>,
}

const TRIPLE: &str = "[target.HOST]\nrunner = 'tools/run triple'\n";
const ANY_UNIX: &str = "[target.'cfg(unix)']\nrunner = 'tools/run unix'\n";
const BOTH: &str =
    "[target.HOST]\nrunner = 'tools/run triple'\n[target.'cfg(unix)']\nrunner = 'tools/run unix'\n";

#[test]
fn the_runner_is_the_one_of_cargo_run() {
    let bench = Bench::new();
    bench.project.write(
        "sub/cfg/runners.toml",
        "[target.HOST]\nrunner = ['../tools/run', 'file']\n",
    );
    bench
        .project
        .replace("sub/cfg/runners.toml", "HOST", &bench.host);
    let config = |config: &[&'static str]| config.to_vec();
    let by_flag = "target.HOST.runner='tools/run flag'";
    for (file, variable, config, tag) in [
        (TRIPLE, None, vec![], "triple"),
        (ANY_UNIX, None, vec![], "unix"),
        (BOTH, None, vec![], "triple"),
        (
            "[target.HOST]\nrunner = ['tools/run', 'two words']\n",
            None,
            vec![],
            "two words",
        ),
        (
            "[target.'cfg(all(unix, target_os = \"none\"))']\nrunner = 'tools/run none'\n[target.'cfg(not(windows))']\nrunner = 'tools/run other'\n",
            None,
            vec![],
            "other",
        ),
        ("", Some("tools/run variable"), vec![], "variable"),
        (BOTH, Some("tools/run variable"), vec![], "variable"),
        (BOTH, Some("tools/run variable"), config(&[by_flag]), "flag"),
        (
            "",
            None,
            config(&["target.HOST.runner='tools/run first'", by_flag]),
            "flag",
        ),
        ("", None, config(&["sub/cfg/runners.toml"]), "file"),
        (
            TRIPLE,
            None,
            config(&["target.'cfg(unix)'.runner='tools/run flag'"]),
            "triple",
        ),
    ] {
        let setting = Setting {
            file,
            variable,
            config,
        };
        let shown = format!("{file} {variable:?} {:?}", setting.config);
        bench.configure(&setting);
        let cargo = bench.project.cargo("run --quiet");
        bench.prepared(cargo, &setting).run().must_end_with(2);
        assert_eq!(
            bench.noted(),
            [format!("{tag}|target/debug/without-sdk")],
            "{shown}"
        );

        let args = "--introspect run --message-format json";
        let outcome = bench.pack(&setting, args).ok();
        let line = outcome.json().pop().unwrap();
        assert_eq!(line["introspection"], "run");
        assert_eq!(line["dags"]["by_hand"]["tasks"][1], "load");
        let asked = format!("{tag}|{} --airflow-metadata", bench.executable());
        assert_eq!(bench.noted(), [asked], "{shown}");
    }
}

/// What has no link section is run by default, with `--target` too.
#[test]
fn auto_takes_the_runner() {
    let bench = Bench::new();
    let setting = Setting {
        file: TRIPLE,
        ..Setting::default()
    };
    let target = format!("--target {}", bench.host);
    for args in ["", target.as_str()] {
        bench.pack(&setting, args).bundle();
        let noted = bench.noted();
        assert_eq!(noted.len(), 1, "{args}");
        assert!(noted[0].starts_with("triple|"), "{noted:?}");
    }
    // The other ways run nothing.
    let refused = bench.pack(&setting, "--introspect section");
    refused.fails(1, &["has no link section"]);
    let captured = std::process::Command::new(bench.executable())
        .arg("--airflow-metadata")
        .output()
        .unwrap();
    fs::write(bench.project.path("captured.json"), captured.stdout).unwrap();
    bench
        .pack(&setting, "--airflow-metadata captured.json")
        .bundle();
    assert_eq!(bench.noted(), [] as [&str; 0]);
}

/// A name without slashes is looked for on `PATH`.
#[test]
fn a_runner_on_the_path() {
    let bench = Bench::new();
    let setting = Setting {
        variable: Some("run-it bare"),
        ..Setting::default()
    };
    bench.script(
        "bin/run-it",
        "exec \"$(dirname \"$0\")/../tools/run\" \"$@\"",
    );
    let run = bench.project.cargo("airflow-bundle");
    let mut folders = vec![bench.project.path("bin")];
    folders.extend(std::env::split_paths(&run.path()));
    let run = run.env("PATH", std::env::join_paths(folders).unwrap());
    bench.prepared(run, &setting).run().bundle();
    assert!(bench.noted()[0].starts_with("bare|"));
}

/// An executable of another architecture, which the linker makes of one for this machine, and a runner that undoes it.
#[test]
fn a_foreign_executable_is_run_by_its_runner() {
    /// RISC-V, which no machine that runs these tests is.
    const FOREIGN: &str = "\\363";
    let own = fs::read(std::env::current_exe().unwrap()).unwrap()[18];
    let bench = Bench::new();
    bench.script(
        "tools/foreign",
        &format!(
            "cc \"$@\" || exit\nwhile [ \"$1\" != -o ]; do shift; done\n\
             case $2 in *without_sdk*) printf '{FOREIGN}' | dd of=\"$2\" bs=1 seek=18 conv=notrunc status=none;; esac"
        ),
    );
    bench.script(
        "tools/emulate",
        &format!(
            "cp \"$1\" \"$1.own\"; printf '\\{own:o}' | dd of=\"$1.own\" bs=1 seek=18 conv=notrunc status=none\n\
             own=$1.own; shift; echo emulated >> \"$RUNNER_LOG\"; exec \"$own\" \"$@\""
        ),
    );
    let target = format!("--target {}", bench.host);
    let linker = Setting {
        file: "[target.HOST]\nlinker = 'tools/foreign'\n",
        ..Setting::default()
    };
    let refused = bench.pack(&linker, &target);
    let key = bench.filled("`runner` in `[target.HOST]`");
    let words = [
        "is an ELF executable for Linux on riscv64",
        "no link section",
        "`bundle!` of `airflow-sdk`",
        &key,
        "--airflow-metadata FILE",
    ];
    refused.fails(1, &words);
    // Nobody can tell the target of what this machine's own turned out not to be.
    bench
        .pack(&linker, "")
        .fails(1, &["riscv64", "pass its `--target`"]);
    let emulated = Setting {
        file: "[target.HOST]\nlinker = 'tools/foreign'\nrunner = 'tools/emulate'\n",
        ..Setting::default()
    };
    let outcome = bench.pack(&emulated, &format!("{target} --message-format json"));
    let line = outcome.ok().json().pop().unwrap();
    assert_eq!(line["introspection"], "run");
    assert_eq!(line["executable_info"]["runs_here"], false);
    assert_eq!(line["dags"]["by_hand"]["tasks"][0], "extract");
    assert_eq!(bench.noted(), ["emulated"]);
}

#[test]
fn a_runner_that_fails_is_named() {
    let bench = Bench::new();
    let by = |runner: &'static str| Setting {
        variable: Some(runner),
        ..Setting::default()
    };
    let asked = |runner: &str| {
        format!(
            "`{runner} {} --airflow-metadata` gave no manifest",
            bench.executable()
        )
    };
    bench
        .pack(&by("false a"), "")
        .fails(1, &[&asked("false a"), "exit code 1"]);
    bench.pack(&by("no-such-runner"), "").fails(
        1,
        &[
            &asked("no-such-runner"),
            "cargo's runner `no-such-runner` could not be started",
            "install it",
        ],
    );
    bench
        .pack(&by("echo"), "")
        .fails(1, &["printed no valid manifest"]);
    bench.script("tools/hang", "echo $$ > \"$RUNNER_LOG\"; sleep 100; exit");
    let start = Instant::now();
    let hung = bench.pack(&by("tools/hang"), "--introspect-timeout 1");
    hung.fails(1, &["tools/hang /", "did not exit within 1 s"]);
    assert!(start.elapsed() < Duration::from_secs(30));
    let [process] = bench.noted().try_into().unwrap();
    let state = fs::read_to_string(format!("/proc/{process}/stat"));
    assert!(state.is_err(), "it runs on: {state:?}");
}

#[test]
fn a_runner_that_only_cargo_can_find() {
    let bench = Bench::new();
    let setting = Setting {
        config: vec!["target.'cfg(unix)'.runner='tools/run flag'"],
        ..Setting::default()
    };
    let words = ["`cfg(unix)`", "only cargo can tell", "name the target"];
    bench.pack(&setting, "").fails(1, &words);
    assert_eq!(bench.noted(), [] as [&str; 0]);
}
