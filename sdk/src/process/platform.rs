//! What differs between operating systems: the signals that tell a task to stop, and process groups.

use std::net::TcpStream;
use std::time::Instant;

/// What wakes a thread that waits for a socket: other threads, and signals.
#[cfg(unix)]
pub(crate) struct Bell {
    /// [`ring`](Self::ring) writes to the hammer, and [`wait`](Self::wait) reads from the ear.
    hammer: std::os::unix::net::UnixStream,
    ear: std::os::unix::net::UnixStream,
    /// Whether the signal has come, for each of [`SIGNALS`].
    came: [std::sync::Arc<std::sync::atomic::AtomicBool>; 2],
}

/// The signals that tell a task to stop.
#[cfg(unix)]
const SIGNALS: [(i32, &str); 2] = [
    (signal_hook::consts::SIGTERM, "SIGTERM"),
    (signal_hook::consts::SIGINT, "SIGINT"),
];

/// The longest wait.
#[cfg(unix)]
const LONGEST_WAIT: std::time::Duration = std::time::Duration::from_hours(24);

#[cfg(unix)]
impl Bell {
    pub(crate) fn new() -> std::io::Result<Self> {
        let (hammer, ear) = std::os::unix::net::UnixStream::pair()?;
        hammer.set_nonblocking(true)?;
        ear.set_nonblocking(true)?;
        Ok(Self {
            hammer,
            ear,
            came: Default::default(),
        })
    }

    /// Wakes the thread that waits, or else the next wait returns at once.
    pub(crate) fn ring(&self) {
        // Fails where the socket is full, and then the thread wakes as well.
        let _ = std::io::Write::write(&mut &self.hammer, &[0]);
    }

    /// From now on, the signals ring. Airflow starts tasks with SIGINT ignored; this changes that.
    pub(crate) fn hear_signals(&self) -> std::io::Result<()> {
        for ((signal, _), came) in SIGNALS.iter().zip(&self.came) {
            // The actions of a signal run in the order of their registration.
            signal_hook::flag::register(*signal, std::sync::Arc::clone(came))?;
            signal_hook::low_level::pipe::register(*signal, self.hammer.try_clone()?)?;
        }
        Ok(())
    }

    /// The name of a signal that has come, once.
    pub(crate) fn signal(&self) -> Option<&'static str> {
        let mut all = SIGNALS.iter().zip(&self.came);
        let found = all.find(|(_, came)| came.swap(false, std::sync::atomic::Ordering::SeqCst));
        found.map(|((_, name), _)| *name)
    }

    /// Waits until it rings or the socket has something to read, but not beyond the deadline; it may return early. Whether the socket has.
    pub(crate) fn wait(&self, socket: Option<&TcpStream>, deadline: Option<Instant>) -> bool {
        use rustix::event::{PollFd, PollFlags, poll};

        let left = deadline.map(|deadline| {
            let left = deadline.saturating_duration_since(Instant::now());
            // Where rustix has only `poll` (macOS), it turns the time into milliseconds of an `int`, and refuses more than 24 days.
            left.min(LONGEST_WAIT)
        });
        let left = left.and_then(|left| left.try_into().ok());
        let mut both = [
            PollFd::new(&self.ear, PollFlags::IN),
            PollFd::new(&self.ear, PollFlags::IN),
        ];
        let watched = match (socket, &mut both) {
            (Some(socket), both) => {
                both[1] = PollFd::new(socket, PollFlags::IN);
                &mut both[..]
            }
            (None, both) => &mut both[..1],
        };
        // An error is that of an interrupted call.
        if poll(watched, left.as_ref()).is_err() {
            return false;
        }
        let [ear, socket_end] = both;
        if !ear.revents().is_empty() {
            let mut rung = [0; 64];
            while std::io::Read::read(&mut &self.ear, &mut rung).is_ok_and(|n| n == rung.len()) {}
        }
        socket.is_some() && !socket_end.revents().is_empty()
    }
}

/// There are no such signals here, and nothing that waits for a socket and for threads alike: the wait looks again and again. Airflow's
/// workers do not run on this system, and Ctrl-C ends the process.
#[cfg(not(unix))]
pub(crate) struct Bell;

#[cfg(not(unix))]
#[expect(
    clippy::unused_self,
    clippy::unnecessary_wraps,
    reason = "the same signatures everywhere"
)]
impl Bell {
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    pub(crate) fn ring(&self) {}

    pub(crate) fn hear_signals(&self) -> std::io::Result<()> {
        Ok(())
    }

    pub(crate) fn signal(&self) -> Option<&'static str> {
        None
    }

    pub(crate) fn wait(&self, socket: Option<&TcpStream>, deadline: Option<Instant>) -> bool {
        let slice = std::time::Duration::from_millis(5);
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let slice = left.map_or(slice, |left| left.min(slice));
        match socket {
            // A time of zero would be an error.
            Some(socket) if !slice.is_zero() => {
                let _ = socket.set_read_timeout(Some(slice));
                !matches!(socket.peek(&mut [0]), Err(error) if matches!(
                    error.kind(),
                    std::io::ErrorKind::TimedOut | std::io::ErrorKind::WouldBlock
                ))
            }
            _ => {
                std::thread::sleep(slice);
                false
            }
        }
    }
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
