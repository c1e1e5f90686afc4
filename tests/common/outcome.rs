//! What a run left behind, and what the tests demand of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use serde_json::Value;

/// What a run left behind.
#[derive(Debug)]
pub struct Outcome {
    /// The command, for the message of a failed test.
    pub words: String,
    /// The exit code; 128 + signal if a signal ended it, as a shell says it.
    pub code: i32,
    pub stdout: Vec<u8>,
    pub stderr: String,
    pub elapsed: Duration,
}

impl Outcome {
    pub fn new(output: Output, elapsed: Duration) -> Self {
        Self {
            words: String::new(),
            code: code(output.status),
            stdout: output.stdout,
            stderr: String::from_utf8(output.stderr).expect("messages are UTF-8"),
            elapsed,
        }
    }

    /// All of stdout.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).expect("stdout is UTF-8")
    }

    /// The lines of JSON on stdout.
    #[track_caller]
    pub fn json(&self) -> Vec<Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        self.text().lines().map(parse).collect()
    }

    /// The exit code must be this one.
    #[track_caller]
    pub fn must_end_with(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            code,
            "{}\nstdout: {}\nstderr: {}",
            self.words,
            String::from_utf8_lossy(&self.stdout),
            self.stderr
        );
        self
    }

    /// It must have worked.
    #[track_caller]
    pub fn ok(self) -> Self {
        self.must_end_with(0)
    }

    /// stderr must hold each of these, and tell of no panic.
    #[track_caller]
    pub fn says(self, words: &[&str]) -> Self {
        for word in words {
            assert!(
                self.stderr.contains(word),
                "{}\nno {word:?} in: {}",
                self.words,
                self.stderr
            );
        }
        self.says_nothing_of(&["panicked"])
    }

    /// stderr must hold none of these.
    #[track_caller]
    pub fn says_nothing_of(self, words: &[&str]) -> Self {
        for word in words {
            assert!(
                !self.stderr.contains(word),
                "{}\n{word:?} in: {}",
                self.words,
                self.stderr
            );
        }
        self
    }

    /// It must have failed with this code, and have written nothing to stdout; stderr must hold each of the words.
    #[track_caller]
    pub fn fails(self, code: i32, words: &[&str]) -> Self {
        let outcome = self.must_end_with(code).says(words);
        assert_eq!(outcome.text(), "", "{}", outcome.words);
        outcome
    }

    /// The paths on stdout, which holds nothing else; each is absolute and a bundle.
    #[track_caller]
    pub fn bundles(self) -> Vec<PathBuf> {
        let outcome = self.ok();
        let paths: Vec<_> = outcome.text().lines().map(PathBuf::from).collect();
        for path in &paths {
            assert!(path.is_absolute(), "{}", path.display());
            assert!(is_bundle(path), "{} is no bundle", path.display());
        }
        paths
    }

    /// The only path on stdout.
    #[track_caller]
    pub fn bundle(self) -> PathBuf {
        let mut bundles = self.bundles();
        assert_eq!(bundles.len(), 1, "{bundles:?}");
        bundles.remove(0)
    }
}

#[cfg(unix)]
fn code(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;

    let code = status.code();
    code.unwrap_or_else(|| 128 + status.signal().expect("a signal"))
}

#[cfg(not(unix))]
fn code(status: std::process::ExitStatus) -> i32 {
    status.code().expect("a code")
}

/// Whether a file ends as a bundle does.
pub fn is_bundle(path: &Path) -> bool {
    fs::read(path).is_ok_and(|bytes| bytes.ends_with(b"AFBNDL01"))
}
