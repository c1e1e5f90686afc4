//! The two sockets on which a supervisor waits for an executable.

use std::ffi::OsString;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// The pause between two looks at something that can't be waited for.
pub(super) const POLL: Duration = Duration::from_millis(2);

/// Listeners for the conversation and for the log.
#[derive(Debug)]
pub struct Sockets {
    /// For the conversation.
    pub comm: TcpListener,
    /// For the log.
    pub logs: TcpListener,
}

impl Sockets {
    /// Listens on two free ports of this machine, as Airflow does.
    pub fn listen() -> io::Result<Self> {
        let listen = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        Ok(Self {
            comm: listen()?,
            logs: listen()?,
        })
    }

    /// The address for the conversation, and that for the log.
    pub fn addresses(&self) -> io::Result<(SocketAddr, SocketAddr)> {
        Ok((self.comm.local_addr()?, self.logs.local_addr()?))
    }

    /// The arguments of an executable that is to connect, in Airflow's order (3.3.2,
    /// `airflow/sdk/coordinators/executable/coordinator.py`).
    pub fn arguments(&self) -> io::Result<[OsString; 2]> {
        let (comm, logs) = self.addresses()?;
        Ok([
            format!("--comm={comm}").into(),
            format!("--logs={logs}").into(),
        ])
    }

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
                        (Some(_), _) => Some("--comm"),
                        (_, Some(_)) => Some("--logs"),
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
