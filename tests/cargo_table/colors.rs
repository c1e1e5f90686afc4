//! Colours and how much is said: cargo's decision for its own lines is the one for ours.

use std::fs;

use crate::project::{Outcome, Project};

/// A setting of the terminal. stderr is a pipe, so `auto` means no colours.
struct Case {
    args: &'static str,
    env: &'static [(&'static str, &'static str)],
    /// `.cargo/config.toml`.
    config: &'static str,
    /// What cargo does.
    expected: Seen,
}

/// How a program shows itself on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    status: bool,
    colors: bool,
    verbose: bool,
}

const PLAIN: Seen = Seen {
    status: true,
    colors: false,
    verbose: false,
};
const COLORS: Seen = Seen {
    colors: true,
    ..PLAIN
};
const QUIET: Seen = Seen {
    status: false,
    ..PLAIN
};
const VERBOSE: Seen = Seen {
    verbose: true,
    ..PLAIN
};

const ALWAYS: &str = "[term]\ncolor = \"always\"";

#[rustfmt::skip]
const CASES: &[Case] = &[
    Case { args: "", env: &[], config: "", expected: PLAIN },
    Case { args: "--color always", env: &[], config: "", expected: COLORS },
    Case { args: "--color=never", env: &[], config: ALWAYS, expected: PLAIN },
    Case { args: "--color auto", env: &[("CARGO_TERM_COLOR", "always")], config: "", expected: PLAIN },
    Case { args: "", env: &[("CARGO_TERM_COLOR", "always")], config: "", expected: COLORS },
    Case { args: "", env: &[("CARGO_TERM_COLOR", "auto")], config: ALWAYS, expected: PLAIN },
    Case { args: "", env: &[("CARGO_TERM_COLOR", "never"), ("CLICOLOR_FORCE", "1")], config: "", expected: PLAIN },
    Case { args: "", env: &[], config: ALWAYS, expected: COLORS },
    Case { args: "", env: &[("CARGO_BUILD_JOBS", "default")], config: ALWAYS, expected: COLORS },
    Case { args: "", env: &[("NO_COLOR", "1")], config: ALWAYS, expected: COLORS },
    Case { args: "--config term.color=\"never\"", env: &[("CARGO_TERM_COLOR", "always")], config: "", expected: PLAIN },
    Case { args: "--config=term.color='always'", env: &[], config: "", expected: COLORS },
    Case { args: "--config more.toml", env: &[("CARGO_TERM_COLOR", "never")], config: "", expected: COLORS },
    Case { args: "--config more.toml --config term.color='never'", env: &[], config: "", expected: PLAIN },
    Case { args: "", env: &[("CLICOLOR_FORCE", "1")], config: "", expected: COLORS },
    Case { args: "", env: &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], config: "", expected: PLAIN },
    Case { args: "", env: &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "")], config: "", expected: COLORS },
    Case { args: "", env: &[("CLICOLOR", "1")], config: "", expected: PLAIN },
    Case { args: "--color always", env: &[("NO_COLOR", "1"), ("TERM", "dumb")], config: "", expected: COLORS },
    Case { args: "-q", env: &[], config: "", expected: QUIET },
    Case { args: "", env: &[("CARGO_TERM_QUIET", "true")], config: "", expected: QUIET },
    Case { args: "", env: &[("CARGO_TERM_QUIET", "false")], config: "[term]\nquiet = true", expected: PLAIN },
    Case { args: "", env: &[], config: "[term]\nquiet = true", expected: QUIET },
    Case { args: "--config term.quiet=true", env: &[], config: "", expected: QUIET },
    Case { args: "-v", env: &[("CARGO_TERM_QUIET", "true")], config: "", expected: VERBOSE },
    Case { args: "-q", env: &[("CARGO_TERM_VERBOSE", "true")], config: "", expected: QUIET },
    Case { args: "", env: &[("CARGO_TERM_VERBOSE", "true")], config: "", expected: VERBOSE },
    Case { args: "", env: &[], config: "[term]\nverbose = true", expected: VERBOSE },
];

#[test]
fn our_lines_look_like_cargos() {
    let project = Project::copy("cargo-table");
    project.write("apart/more.toml", ALWAYS);
    project
        .cargo("build")
        .folder(&project.path("apart"))
        .run()
        .ok();
    let mut failed = Vec::new();
    for case in CASES {
        project.write("apart/.cargo/config.toml", case.config);
        let run = |command: &str| {
            let mut run = project.cargo(command).args(case.args);
            for (name, value) in case.env {
                run = run.env(name, *value);
            }
            run.folder(&project.path("apart")).run().ok()
        };
        let cargo = seen(&run("build"), &["Finished"], "Fresh apart");
        // Written again each time, so that it is told of with the same word.
        let _ = fs::remove_dir_all(project.path("apart/target/debug/airflow-bundle"));
        let ours = seen(
            &run("airflow-bundle"),
            &["Packed", "note"],
            "cargo metadata",
        );
        if cargo != case.expected || ours != case.expected {
            failed.push(format!(
                "{} {:?} {:?}: cargo {cargo:?}, ours {ours:?}, expected {:?}",
                case.args, case.env, case.config, case.expected
            ));
        }
    }
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}

/// Looks at the lines with these words only: cargo's lines stand between ours.
fn seen(outcome: &Outcome, status: &[&str], verbose: &str) -> Seen {
    let plain = anstream::adapter::strip_str(&outcome.stderr).to_string();
    let lines = outcome.stderr.lines().zip(plain.lines());
    let shown: Vec<_> = lines
        .filter(|(_, plain)| {
            status
                .iter()
                .any(|word| plain.trim_start().starts_with(word))
        })
        .collect();
    let colored = shown.iter().filter(|(line, plain)| line != plain).count();
    assert!(colored == 0 || colored == shown.len(), "{}", outcome.stderr);
    Seen {
        status: !shown.is_empty(),
        colors: colored > 0,
        verbose: plain.contains(verbose),
    }
}
