//! The arguments with which Airflow starts an executable, and the sockets whose addresses they give.
//!
//! Source: `airflow/sdk/coordinators/executable/coordinator.py` of Airflow 3.3.2.

use std::ffi::OsString;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// The flag with the address for the conversation, as `--comm=HOST:PORT`.
pub const COMM_FLAG: &str = "--comm";
/// The flag with the address for the log, as `--logs=HOST:PORT`.
pub const LOGS_FLAG: &str = "--logs";
/// Both arguments, for a sentence.
pub const ARGUMENTS: &str = "--comm=ADDRESS --logs=ADDRESS";

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

    /// The arguments of an executable that is to connect, in Airflow's order.
    pub fn arguments(&self) -> io::Result<[OsString; 2]> {
        let (comm, logs) = self.addresses()?;
        Ok([
            format!("{COMM_FLAG}={comm}").into(),
            format!("{LOGS_FLAG}={logs}").into(),
        ])
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::{ARGUMENTS, Sockets};

    #[test]
    fn the_arguments_have_the_form_of_the_sentence() {
        let sockets = Sockets::listen().unwrap();
        let (comm, logs) = sockets.addresses().unwrap();
        let form = ARGUMENTS.replacen("ADDRESS", &comm.to_string(), 1);
        let form = form.replacen("ADDRESS", &logs.to_string(), 1);
        assert_eq!(sockets.arguments().unwrap().join(" ".as_ref()), *form);
    }
}
