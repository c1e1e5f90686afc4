//! The frames of the supervisor, read as their bytes come.

use std::io::{ErrorKind, Read as _};
use std::net::TcpStream;

use airflow_protocol::WireError;
use airflow_protocol::frame::{self, First, Frame, MAX_FRAME};

/// How many bytes are read at once, at least and at most.
const LEAST: usize = 16 * 1024;
const MOST: usize = 1024 * 1024;

/// The bytes that have come, of which no frame was made yet.
#[derive(Default)]
pub(super) struct Reader {
    bytes: Vec<u8>,
    /// Whether the first frame was read.
    begun: bool,
    /// Why no more bytes come.
    over: Option<Result<(), WireError>>,
}

/// What was read.
pub(super) enum Read {
    /// No frame is complete.
    Nothing,
    /// The frame that begins the conversation.
    First(First),
    Reply(Frame),
    /// The end of the stream.
    End,
}

impl Reader {
    /// Reads once from a socket that has something.
    pub(super) fn fill(&mut self, mut socket: &TcpStream) {
        let had = self.bytes.len();
        self.bytes.resize(had + had.clamp(LEAST, MOST), 0);
        let read = socket.read(self.bytes.get_mut(had..).unwrap_or_default());
        self.bytes
            .truncate(had + read.as_ref().copied().unwrap_or_default());
        match read {
            Ok(0) => self.over = Some(Ok(())),
            Err(error)
                if !matches!(
                    error.kind(),
                    ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut
                ) =>
            {
                let error = WireError::new(format!("the connection failed: {error}"));
                self.over = Some(Err(error));
            }
            _ => {}
        }
    }

    /// The next frame, if it is complete. Of one that is longer than any that is taken, the rest is read from the socket, and passed over.
    pub(super) fn next(&mut self, socket: &TcpStream) -> Result<Read, WireError> {
        let first = !self.begun;
        let mut rest = &*self.bytes;
        let read = match frame::take(&mut rest, MAX_FRAME) {
            Ok(Some(payload)) if first => Read::First(frame::parse_first(payload)?),
            Ok(Some(payload)) => Read::Reply(frame::parse(payload)),
            Ok(None) => match self.over.take() {
                None => return Ok(Read::Nothing),
                Some(Err(error)) => return Err(error),
                Some(Ok(())) => return read_from(&mut &*self.bytes, first),
            },
            Err(_) => {
                let begin = std::mem::take(&mut self.bytes);
                // Where the wait for the socket is a read with a time limit (Windows), the limit would end this read.
                let _ = socket.set_read_timeout(None);
                self.begun = true;
                return read_from(&mut begin.chain(socket), first);
            }
        };
        let taken = self.bytes.len() - rest.len();
        self.bytes.drain(..taken);
        self.bytes.shrink_to(MOST);
        self.begun = true;
        Ok(read)
    }
}

/// Reads a frame that is not all there.
fn read_from(stream: &mut impl std::io::Read, first: bool) -> Result<Read, WireError> {
    let read = if first {
        frame::read_first(stream)?.map(Read::First)
    } else {
        frame::read(stream)?.map(Read::Reply)
    };
    Ok(read.unwrap_or(Read::End))
}
