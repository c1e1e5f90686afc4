//! Mounts of a test's own, which nobody else sees and which end with it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::site::wrapped;

/// A mount namespace, held by a process that waits.
pub struct Namespace(Child);

impl Namespace {
    /// Runs the shell commands `setup` in a new namespace; `$1` is `folder`.
    pub fn new(setup: &str, folder: &Path) -> Self {
        let script = format!("set -e; {setup}; echo ready; exec cat");
        let mut holder = Command::new("unshare");
        holder
            .args(["--mount", "sh", "-c", &script, "sh"])
            .arg(folder);
        let mut child = holder
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this test needs `unshare` and `nsenter` (Debian: util-linux)");
        let mut line = String::new();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        answers.read_line(&mut line).unwrap();
        assert_eq!(
            line, "ready\n",
            "`{setup}` failed. This test mounts file systems in a namespace of its own: run it as root"
        );
        Self(child)
    }

    /// The same command inside.
    pub fn inside(&self, command: &Command) -> Command {
        let id = self.0.id().to_string();
        wrapped("nsenter", ["--mount", "--target", &id, "--"], command)
    }

    /// Runs a shell command inside; `$1` is `folder`.
    #[track_caller]
    pub fn run(&self, script: &str, folder: &Path) {
        let mut shell = Command::new("sh");
        shell.args(["-ec", script, "sh"]).arg(folder);
        let status = self.inside(&shell).status().unwrap();
        assert!(status.success(), "`{script}`: {status}");
    }

    /// What stands at an absolute path inside, seen from outside.
    pub fn seen(&self, path: &Path) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.0.id()));
        root.join(path.strip_prefix("/").unwrap())
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
