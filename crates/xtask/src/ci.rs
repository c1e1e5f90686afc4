//! `cargo xtask ci`: all groups, one after the other, and the seconds of each.

use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::{find, packages};

/// The README's test command first, then what is soon done and fails most often. Where a group does less than by itself, its
/// arguments say so.
const ORDER: [(&str, &[&str]); 14] = [
    ("test", &[]),
    ("lints", &[]),
    ("docs", &[]),
    ("readme", &[]),
    ("linkers", &[]),
    ("benches", &[]),
    ("mutants", &["50000"]),
    ("package", &[]),
    ("deny", &[]),
    ("typecheck", &[]),
    ("under-fire", &[]),
    ("foreign", &[]),
    // Seconds for each target.
    ("fuzz", &["10"]),
    ("live", &[]),
];

pub fn run(_args: &[String]) -> Result<()> {
    packages::install(&ORDER.map(|(name, _)| name))?;
    let start = Instant::now();
    let mut done = Vec::new();
    let mut result = Ok(());
    for (name, args) in ORDER {
        say(&format!("\n=== {name} ({} s)", start.elapsed().as_secs()));
        let begun = Instant::now();
        let task = find(name).with_context(|| format!("no task {name}"))?;
        result = (task.run)(&args.iter().copied().map(str::to_owned).collect::<Vec<_>>())
            .with_context(|| format!("the group `{name}` failed"));
        done.push((name, begun.elapsed().as_secs()));
        if result.is_err() {
            break;
        }
    }
    say(&table(&done, start.elapsed().as_secs()));
    result
}

fn table(done: &[(&str, u64)], all: u64) -> String {
    let rows = done.iter().copied().chain([("all", all)]);
    let rows = rows.map(|(name, seconds)| format!("\n{name:11} {seconds:5} s"));
    format!("\n=== seconds of each group{}", rows.collect::<String>())
}

#[expect(clippy::print_stderr, reason = "the status of a tool for developers")]
fn say(text: &str) {
    eprintln!("{text}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TASKS;

    /// `quick` is a part of `test`, and `ci` is all of them.
    #[test]
    fn every_group_is_run() {
        let groups = [
            "quick",
            "lints",
            "test",
            "linkers",
            "live",
            "foreign",
            "under-fire",
            "mutants",
            "fuzz",
            "readme",
            "docs",
            "deny",
            "typecheck",
            "benches",
            "package",
            "ci",
        ];
        for name in groups {
            assert!(find(name).is_some(), "{name}");
            let run = ORDER.iter().any(|(run, _)| *run == name);
            assert_eq!(run, !matches!(name, "quick" | "ci"), "{name}");
        }
        for (at, task) in TASKS.iter().enumerate() {
            assert!(TASKS[..at].iter().all(|other| other.name != task.name));
        }
    }

    #[test]
    fn the_table_ends_with_the_sum() {
        let text = table(&[("lints", 80), ("live", 300)], 381);
        let lines: Vec<_> = text.lines().skip(2).collect();
        assert_eq!(
            lines,
            [
                "lints          80 s",
                "live          300 s",
                "all           381 s"
            ]
        );
    }
}
