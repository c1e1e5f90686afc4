//! Waiting until an executable has connected to both sockets.

use std::io;
use std::net::TcpStream;
use std::time::Duration;

use crate::command_line::{COMM_FLAG, LOGS_FLAG, Sockets};

/// The pause between two looks at something that can't be waited for.
pub(super) const POLL: Duration = Duration::from_millis(2);

impl Sockets {
    /// Takes a connection to each. Until both are there, `goes_on` is called again and again with the flag of the one that is
    /// there; its error ends the wait, after a last look: an executable may have connected to both and ended since the look before.
    pub(super) fn accept<E: From<io::Error>>(
        &self,
        mut goes_on: impl FnMut(Option<&'static str>) -> Result<(), E>,
    ) -> Result<(TcpStream, TcpStream), E> {
        self.comm.set_nonblocking(true)?;
        self.logs.set_nonblocking(true)?;
        let (mut comm, mut logs) = (None, None);
        let mut waits: Result<(), E> = Ok(());
        loop {
            for (listener, place) in [(&self.comm, &mut comm), (&self.logs, &mut logs)] {
                if place.is_none() {
                    *place = match listener.accept() {
                        Ok((stream, _)) => {
                            stream.set_nonblocking(false)?;
                            Some(stream)
                        }
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
                        Err(error) => return Err(error.into()),
                    };
                }
            }
            let only = match (comm, logs) {
                (Some(comm), Some(logs)) => return Ok((comm, logs)),
                (one, other) => {
                    (comm, logs) = (one, other);
                    match (&comm, &logs) {
                        (Some(_), _) => Some(COMM_FLAG),
                        (_, Some(_)) => Some(LOGS_FLAG),
                        _ => None,
                    }
                }
            };
            waits?;
            waits = goes_on(only);
            if waits.is_ok() {
                std::thread::sleep(POLL);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use std::io;
    use std::net::TcpStream;

    use super::Sockets;

    #[test]
    fn connections_from_before_an_end_are_taken() {
        for both in [true, false] {
            let sockets = Sockets::listen().unwrap();
            let (comm, logs) = sockets.addresses().unwrap();
            let taken = sockets.accept(|only| {
                assert_eq!(only, None);
                TcpStream::connect(comm)?;
                if both {
                    TcpStream::connect(logs)?;
                }
                Err(io::Error::other("it has ended"))
            });
            assert_eq!(taken.is_ok(), both);
        }
    }
}
