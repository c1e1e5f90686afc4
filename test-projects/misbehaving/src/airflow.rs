//! A program's side of the conversation with Airflow, by hand.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// Connects to the address in the argument `--<name>=`.
pub fn connect(name: &str) -> TcpStream {
    let prefix = format!("--{name}=");
    let address = std::env::args().find_map(|arg| arg.strip_prefix(&prefix).map(str::to_owned));
    TcpStream::connect(address.expect("an address")).unwrap()
}

/// Reads one frame and returns its msgpack.
pub fn read(comm: &mut TcpStream) -> Vec<u8> {
    let mut length = [0; 4];
    comm.read_exact(&mut length).unwrap();
    let mut payload = vec![0; u32::from_be_bytes(length) as usize];
    comm.read_exact(&mut payload).unwrap();
    payload
}

/// Sends one frame.
pub fn send(comm: &mut TcpStream, payload: &[u8]) {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    comm.write_all(&[&length, payload].concat()).unwrap();
}

/// A text in msgpack.
pub fn text(text: &str) -> Vec<u8> {
    [&[0xd9, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
}

/// `[7, {"type": .., "fileloc": .., "serialized_dags": [], "import_errors": ..}]`.
pub fn answer(import_errors: &[u8]) -> Vec<u8> {
    let fields = [
        [text("type"), text("DagFileParsingResult")].concat(),
        [text("fileloc"), text("/somewhere")].concat(),
        [text("serialized_dags"), vec![0x90]].concat(),
        [text("import_errors"), import_errors.to_vec()].concat(),
    ];
    [vec![0x92, 7, 0x84], fields.concat()].concat()
}

/// Nothing, in msgpack.
pub const NIL: u8 = 0xc0;
