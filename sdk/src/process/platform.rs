//! What differs between operating systems: the signals that tell a task to stop, and process groups.

/// Calls `on_signal` with the signal's name whenever the process is told to stop.
///
/// Airflow starts tasks with SIGINT ignored; a handler changes that.
#[cfg(unix)]
pub(crate) fn on_termination(
    on_signal: impl Fn(&'static str) + Send + 'static,
) -> std::io::Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM};

    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT])?;
    crate::process::threads::start("airflow-signals", move || {
        for signal in signals.forever() {
            on_signal(if signal == SIGTERM {
                "SIGTERM"
            } else {
                "SIGINT"
            });
        }
    })
}

/// There are no such signals: Airflow's workers do not run on this system, and Ctrl-C ends the process.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature everywhere")]
pub(crate) fn on_termination(_: impl Fn(&'static str) + Send + 'static) -> std::io::Result<()> {
    Ok(())
}

/// The process group of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Group(#[cfg(unix)] Option<rustix::process::Pid>);

#[cfg(unix)]
impl Group {
    /// Makes the program that is started next the leader of a group of its own.
    pub(crate) fn lead(command: &mut std::process::Command) {
        std::os::unix::process::CommandExt::process_group(command, 0);
    }

    /// The group that this program leads.
    pub(crate) fn of(child: &std::process::Child) -> Self {
        let pid = i32::try_from(child.id()).ok();
        Self(pid.and_then(rustix::process::Pid::from_raw))
    }

    /// Whether the group has members. A process that has ended is one until its parent has waited for it.
    pub(crate) fn exists(self) -> bool {
        self.0.is_some_and(|group| {
            rustix::process::test_kill_process_group(group) != Err(rustix::io::Errno::SRCH)
        })
    }

    pub(crate) fn terminate(self) {
        self.signal(rustix::process::Signal::TERM);
    }

    pub(crate) fn kill(self) {
        self.signal(rustix::process::Signal::KILL);
    }

    fn signal(self, signal: rustix::process::Signal) {
        if let Some(group) = self.0 {
            // Fails for a group that has ended, and for members of other users.
            let _ = rustix::process::kill_process_group(group, signal);
        }
    }
}

/// There are no groups: the program itself is ended by its handle.
#[cfg(not(unix))]
#[expect(clippy::unused_self, reason = "the same signatures everywhere")]
impl Group {
    pub(crate) fn lead(_: &mut std::process::Command) {}

    pub(crate) fn of(_: &std::process::Child) -> Self {
        Self()
    }

    pub(crate) fn exists(self) -> bool {
        false
    }

    pub(crate) fn terminate(self) {}

    pub(crate) fn kill(self) {}
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use std::time::{Duration, Instant};

    use signal_hook::consts::{SIGINT, SIGTERM};

    use super::on_termination;
    use crate::process::mailbox::Mailbox;

    #[test]
    fn both_signals_arrive() {
        let mailbox = Mailbox::new();
        let other = mailbox.clone();
        on_termination(move |signal| other.send(signal)).unwrap();
        let soon = || Some(Instant::now() + Duration::from_secs(10));
        signal_hook::low_level::raise(SIGINT).unwrap();
        assert_eq!(mailbox.receive(soon()), Some("SIGINT"));
        signal_hook::low_level::raise(SIGTERM).unwrap();
        assert_eq!(mailbox.receive(soon()), Some("SIGTERM"));
    }
}
