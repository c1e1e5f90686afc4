//! `cargo xtask ci`: all groups, and the seconds of each.

use std::fs::{self, File};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::process::{command, target};
use crate::{find, packages};

/// A group, and the arguments that have it do less than by itself.
type Group = (&'static str, &'static [&'static str]);

/// The README's test command first, then what is soon done and fails most often.
const IN_TURN: [Group; 7] = [
    ("test", &[]),
    ("lints", &[]),
    ("docs", &[]),
    ("readme", &[]),
    ("linkers", &[]),
    ("under-fire", &[]),
    ("foreign", &[]),
];

/// Run beside those, with what they leave of the machine: the tests often wait for one compiler or for Python. None of these has
/// a limit of time that a busy machine could break. Their output is shown when they are done.
const BESIDE: [Group; 6] = [
    ("package", &[]),
    ("deny", &[]),
    ("fuzz-build", &["--dev"]),
    ("mutants", &["5000"]),
    ("typecheck", &[]),
    ("benches", &[]),
];

/// Run when all others are done, and nothing is beside them.
const ALONE: [Group; 2] = [
    // Seconds for each target.
    ("fuzz", &["--dev", "5"]),
    ("live", &[]),
];

fn all() -> impl Iterator<Item = Group> {
    IN_TURN.into_iter().chain(BESIDE).chain(ALONE)
}

/// A group that has run: its name, its seconds, and what came of it.
type Done = (&'static str, u64, Result<()>);

/// With `--no-fail-fast`, a group that fails does not keep the others from running.
pub fn run(args: &[String]) -> Result<()> {
    let goes_on = args.iter().any(|arg| arg == "--no-fail-fast");
    let names: Vec<_> = all().map(|(name, _)| name).collect();
    packages::install(&names)?;
    let start = Instant::now();
    let folder = target().join("ci");
    fs::create_dir_all(&folder)?;
    // The tests build this program again, so what runs beside them starts a copy.
    let copy = folder.join("xtask");
    fs::copy(std::env::current_exe()?, &copy)?;

    let failed = AtomicBool::new(false);
    let in_order = |groups: &[Group], one: &dyn Fn(Group) -> Result<()>| {
        let mut done: Vec<Done> = Vec::new();
        for group in groups {
            if failed.load(Ordering::Relaxed) && !goes_on {
                break;
            }
            let begun = Instant::now();
            let result = one(*group).with_context(|| format!("the group `{}` failed", group.0));
            if let Err(error) = &result {
                failed.store(true, Ordering::Relaxed);
                say(&format!("error: {error:#}"));
            }
            done.push((group.0, begun.elapsed().as_secs(), result));
        }
        done
    };
    let shown = |group: Group| {
        let seconds = start.elapsed().as_secs();
        say(&format!("\n=== {} (begins at {seconds} s)", group.0));
        here(group)
    };
    let log = |name: &str| folder.join(format!("{name}.log"));
    let hidden = |group: Group| elsewhere(&copy, group, &log(group.0));
    let mut done = thread::scope(|scope| {
        let beside = scope.spawn(|| in_order(&BESIDE, &hidden));
        let mut done = in_order(&IN_TURN, &shown);
        let beside = beside.join().unwrap_or_else(|_| {
            let lost = anyhow::anyhow!("the thread of what runs beside the groups panicked");
            vec![("beside", 0, Err(lost))]
        });
        for (name, seconds, _) in &beside {
            let text = fs::read(log(name)).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            say(&format!("\n=== {name} (beside, {seconds} s)\n{text}"));
        }
        done.extend(beside);
        done
    });
    done.extend(in_order(&ALONE, &shown));

    say(&table(
        done.iter().map(|(name, seconds, _)| (*name, *seconds)),
        start.elapsed().as_secs(),
    ));
    done.into_iter().try_for_each(|(_, _, result)| result)
}

fn here((name, args): Group) -> Result<()> {
    let task = find(name).with_context(|| format!("no task {name}"))?;
    let args: Vec<_> = args.iter().copied().map(str::to_owned).collect();
    (task.run)(&args)
}

/// In a process of its own, which yields to all others.
fn elsewhere(program: &Path, (name, args): Group, log: &Path) -> Result<()> {
    let log = File::create(log)?;
    let mut nice = command("nice");
    nice.args(["-n", "15"]).arg(program).arg(name).args(args);
    let status = nice.stdout(log.try_clone()?).stderr(log).status()?;
    anyhow::ensure!(status.success(), "its output is above ({status})");
    Ok(())
}

fn table<'a>(done: impl Iterator<Item = (&'a str, u64)>, all: u64) -> String {
    let rows = done.chain([("all", all)]);
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

    /// `quick` is a part of `test`, `ci` is all of them, and `cron` and `schema` are run by hand.
    #[test]
    fn every_group_is_run_once() {
        for (at, (name, _)) in all().enumerate() {
            assert!(find(name).is_some(), "{name}");
            assert!(all().take(at).all(|(other, _)| other != name), "{name}");
        }
        let groups = [
            "lints",
            "test",
            "linkers",
            "live",
            "foreign",
            "under-fire",
            "mutants",
            "fuzz",
            "fuzz-build",
            "readme",
            "docs",
            "deny",
            "typecheck",
            "benches",
            "package",
        ];
        for group in groups {
            assert!(all().any(|(name, _)| name == group), "{group}");
        }
        // What is no group of `ci`: a sample runs in `test`, or there is nothing to check.
        let left = ["quick", "cron", "schema", "ci"];
        for task in TASKS {
            let in_turn = all().any(|(name, _)| name == task.name);
            assert_ne!(in_turn, left.contains(&task.name), "{}", task.name);
        }
        for (at, task) in TASKS.iter().enumerate() {
            assert!(TASKS[..at].iter().all(|other| other.name != task.name));
        }
    }

    #[test]
    fn the_table_ends_with_the_sum() {
        let text = table([("lints", 80), ("live", 300)].into_iter(), 381);
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
