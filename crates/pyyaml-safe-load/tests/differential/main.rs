//! Compares the loader with the real `PyYAML`: same outcome, same value, same place of the error.
//!
//! The texts are the corpus, seeded mutants of it and generated ones. `PyYAML` comes from the package index into a virtual
//! environment under the target directory, and therefore the first run needs the network.
//!
//! - `PYYAML_MUTANTS`: how many texts (default 5000)
//! - `PYYAML_SEED`: the first text's seed (default 1)
//! - `PYYAML_PYTHON`: a Python that has `PyYAML` 6.0.3; the test makes no environment then
//! - `PYTHON`: the Python that makes the environment (default `python3`, `python` on Windows)

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed unwrap fails the test"
)]

mod dump;
mod numbers;
mod texts;

use std::env;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use pyyaml_safe_load::{LoadError, safe_load};

/// This test's own folder.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential")
}

/// A Python with `PyYAML` 6.0.3. The tests run at the same time and share it.
fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(find_python)
}

fn find_python() -> PathBuf {
    if let Some(given) = env::var_os("PYYAML_PYTHON") {
        return given.into();
    }
    let base = env::var_os("PYTHON")
        .unwrap_or_else(|| if cfg!(windows) { "python" } else { "python3" }.into());
    let requirements = folder().join("requirements.txt");
    // The environment is made anew when the packages or the interpreter change.
    let version =
        run(Command::new(&base).args(["-c", "import sys; print(sys.version, sys.executable)"]));
    let mut key = DefaultHasher::new();
    (fs::read(&requirements).unwrap(), version).hash(&mut key);
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("pyyaml-{:016x}", key.finish()));
    let installed = if cfg!(windows) {
        venv.join("Scripts/python.exe")
    } else {
        venv.join("bin/python")
    };
    let complete = venv.join("complete");
    let lock = File::create(venv.with_extension("lock")).unwrap();
    // Another process may run this test too; one of them installs, the others wait.
    lock.lock().unwrap();
    if !complete.exists() {
        run(Command::new(base)
            .args(["-m", "venv", "--clear"])
            .arg(&venv));
        run(Command::new(&installed)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ])
            .args(["--only-binary", ":all:", "--require-hashes", "-r"])
            .arg(&requirements));
        fs::write(complete, "").unwrap();
    }
    installed
}

/// Runs a command to its end and returns its output.
fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap_or_else(|error| {
        panic!("{command:?} does not start: {error}. Install Python 3.10 to 3.13 with venv and pip, or set PYTHON.")
    });
    assert!(
        output.status.success(),
        "{command:?} fails. This test needs Python 3.10 to 3.13 with venv, and the network once.\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// `PyYAML`'s verdicts on texts.
fn verdicts(texts: &[String]) -> Vec<String> {
    let mut input = tempfile::NamedTempFile::new().unwrap();
    let mut writer = BufWriter::new(&mut input);
    for text in texts {
        writeln!(writer, "{}", serde_json::to_string(text).unwrap()).unwrap();
    }
    writer.flush().unwrap();
    drop(writer);
    let output = Command::new(python())
        .arg(folder().join("judge.py"))
        .stdin(File::open(input.path()).unwrap())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "the judge fails:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let verdicts: Vec<String> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(Into::into)
        .collect();
    assert_eq!(verdicts.len(), texts.len(), "the judge answers every text");
    verdicts
}

enum Verdict {
    Same,
    /// The loader stops at a limit of its own, where Python may do anything.
    Limit,
    Different(String),
}

fn compare(text: &str, theirs: &str) -> Verdict {
    let ours = match safe_load(text) {
        Ok(document) => format!("ok {}", dump::dump(&document)),
        // Python's own exception for forbidden characters names no line.
        Err(LoadError::Yaml { .. }) if theirs == "yaml - -" => return Verdict::Same,
        Err(LoadError::Yaml { line, column, .. }) => format!("yaml {line} {column}"),
        // Python 3.13's `chr` has one exception for all numbers that are too large.
        Err(LoadError::Raises {
            exception: "OverflowError",
            ..
        }) if theirs == "raises ValueError" => {
            return Verdict::Same;
        }
        Err(LoadError::Raises { exception, .. }) => format!("raises {exception}"),
        Err(LoadError::TooDeep { .. } | LoadError::TooComplex { .. }) => {
            let openers = text.matches(['[', '{', '-', ':', '?', '*', '<']).count();
            assert!(
                openers > 64 || theirs == "slow" || theirs == "raises RecursionError",
                "a limit without need: {text:?}"
            );
            return Verdict::Limit;
        }
    };
    if ours == theirs {
        Verdict::Same
    } else {
        Verdict::Different(format!("ours   {ours}\ntheirs {theirs}"))
    }
}

fn number(variable: &str, default: u64) -> u64 {
    env::var(variable).map_or(default, |text| {
        text.parse()
            .unwrap_or_else(|error| panic!("{variable}={text} is not a number: {error}"))
    })
}

/// Compares the texts and fails with the first differences. Returns `PyYAML`'s verdicts.
fn check(texts: &[String]) -> Vec<String> {
    let mut limits = 0;
    let mut different = Vec::new();
    let verdicts = verdicts(texts);
    for (text, theirs) in texts.iter().zip(&verdicts) {
        match compare(text, theirs) {
            Verdict::Same => {}
            Verdict::Limit => limits += 1,
            Verdict::Different(how) => different.push(format!("{text:?}\n{how}\n")),
        }
    }
    let shown = different
        .iter()
        .take(30)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join("\n");
    assert!(
        different.is_empty(),
        "{} of {} texts differ:\n{shown}",
        different.len(),
        texts.len()
    );
    assert!(
        limits * 50 <= texts.len(),
        "{limits} of {} texts end at a limit: the comparison says little",
        texts.len()
    );
    verdicts
}

#[test]
fn the_corpus_loads_as_pyyaml_loads_it() {
    check(&texts::corpus());
}

#[test]
fn numbers_load_as_pyyaml_loads_them() {
    let verdicts = check(&numbers::texts(number("PYYAML_SEED", 1)));
    for outcome in [
        "ok i",
        "ok f",
        "ok #0 {",
        "raises ValueError",
        "raises OverflowError",
    ] {
        assert!(
            verdicts.iter().any(|verdict| verdict.starts_with(outcome)),
            "no text ends in '{outcome}'"
        );
    }
}

#[test]
fn mutants_load_as_pyyaml_loads_them() {
    let seed = number("PYYAML_SEED", 1);
    let corpus = texts::corpus();
    let texts: Vec<String> = (seed..seed + number("PYYAML_MUTANTS", 5000))
        .map(|seed| texts::text(&corpus, seed))
        .collect();
    let verdicts = check(&texts);
    for outcome in ["ok", "yaml", "raises"] {
        let count = verdicts
            .iter()
            .filter(|verdict| verdict.starts_with(outcome))
            .count();
        assert!(
            count * 40 > texts.len(),
            "only {count} of {} texts end in '{outcome}'",
            texts.len()
        );
    }
}
