//! An executable that was started: without a terminal, in a process group of its own, its output read within limits.

use std::io;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use super::collector::{Collector, Keep};
use crate::platform;

/// How often a running executable is looked at, apart from its output.
pub const POLL: Duration = Duration::from_millis(10);

/// How long the output may stay open after the executable has ended, held by a child of it.
pub const GRACE: Duration = Duration::from_millis(300);

/// The most that is kept of what an executable says of its failure, in bytes: the end, where a panic says why.
pub const SAID_LIMIT: usize = 16 << 10;

/// A running executable. Dropped, its process group is ended.
pub struct Running {
    child: Child,
    pub stdout: Collector,
    pub stderr: Collector,
}

impl Running {
    /// Starts `command`. `keep` is what is kept of its stdout.
    pub fn start(mut command: Command, keep: Keep) -> io::Result<Self> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        platform::own_group(&mut command);
        let mut child = command.spawn()?;
        Ok(Self {
            stdout: Collector::start(child.stdout.take(), keep),
            stderr: Collector::start(child.stderr.take(), Keep::End(SAID_LIMIT)),
            child,
        })
    }

    /// How it ended, if it has.
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Whether the system has stopped it, because it wanted to use the terminal.
    pub fn is_stopped(&self) -> bool {
        platform::is_stopped(self.child.id())
    }

    /// Ends it and its process group.
    pub fn end(&mut self) {
        platform::kill_group(self.child.id());
        platform::kill_child(&mut self.child);
        // Collects the exit status, so that no zombie stays.
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}
