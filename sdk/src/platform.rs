//! What differs between operating systems: the signals that tell a task to stop.

/// Calls `on_signal` with the signal's name whenever the process is told to stop.
///
/// Airflow starts tasks with SIGINT ignored; a handler changes that.
#[cfg(unix)]
pub(crate) fn on_termination(
    on_signal: impl Fn(&'static str) + Send + 'static,
) -> std::io::Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM};

    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT])?;
    std::thread::Builder::new()
        .name("airflow-signals".into())
        .spawn(move || {
            for signal in signals.forever() {
                on_signal(if signal == SIGTERM {
                    "SIGTERM"
                } else {
                    "SIGINT"
                });
            }
        })?;
    Ok(())
}

/// There are no such signals: Airflow's workers do not run on this system, and Ctrl-C ends the process.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature everywhere")]
pub(crate) fn on_termination(_: impl Fn(&'static str) + Send + 'static) -> std::io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use std::time::{Duration, Instant};

    use signal_hook::consts::{SIGINT, SIGTERM};

    use super::on_termination;
    use crate::mailbox::Mailbox;

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
