//! What the fuzz target `frame` runs: the bytes that a supervisor, or what poses as one, may send.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a panic is a finding"
)]

use crate::frame::{self, Frame};
use crate::reply::{self, ReplyError};
use crate::startup::StartupDetails;

/// Reads frames to the end of `bytes` or to the first that is wrong.
pub fn frame(bytes: &[u8]) {
    if let Ok(Some(first)) = frame::read_first(&mut &bytes[..])
        && let Err(error) = StartupDetails::read(&first.body, first.faults)
    {
        drop(error);
    }
    let mut stream = bytes;
    loop {
        match frame::read(&mut stream) {
            Ok(Some(frame)) => look_at(frame),
            Ok(None) => return,
            Err(error) => {
                drop(error.to_string());
                return;
            }
        }
    }
}

fn look_at(frame: Frame) {
    if let (Some(id), Ok((body, error))) = (frame.id, &frame.content) {
        // What was read can be written, and read again.
        let bytes = frame::encode(&[&id.into(), body, error])
            .unwrap_or_else(|error| panic!("{frame:?} cannot be written: {error}"));
        let again = frame::read(&mut &bytes[..])
            .unwrap_or_else(|error| panic!("{frame:?} cannot be read again: {error}"));
        assert_eq!(again.as_ref(), Some(&frame));
    }
    if let Err(ReplyError::Refused(error)) = reply::unwrap(frame) {
        drop(error.to_string());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::print_stderr, reason = "names the input of a failing test")]

    #[test]
    fn the_corpus_holds() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/frame");
        let mut count = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            eprintln!("{}", path.display());
            super::frame(&std::fs::read(&path).unwrap());
            count += 1;
        }
        assert!(count > 5, "{count} inputs");
    }
}
