//! Trailers that are not where they belong.
//!
//! A bundle ends in its trailer. Tools that rewrite executables may move it: patchelf appends behind it, and signing a PE puts
//! a certificate table there. Such a file is no bundle any more, and a trailer in its midst tells why.

use std::io::{self, Read, Seek};

use super::trailer::{MAGIC, TRAILER_LEN, Trailer};

/// Bytes looked at in one step.
const CHUNK: usize = 256 * 1024;

/// What looks like a bundle's trailer, before the end of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DisplacedTrailer {
    /// Where the 64 bytes begin, in bytes from the start of the searched part.
    pub offset: u64,
    /// What it records.
    pub trailer: Trailer,
    /// How many bytes of the searched part follow it. At least one.
    pub trailing: u64,
}

/// Searches the bytes `[start, start + len)` of `reader` backwards for a plausible trailer that does not end them.
///
/// Plausible: [`Trailer::decode`] takes it, and its lengths leave room before it with something left for the executable. The
/// digest is not checked, because the tool that moved the trailer has mostly changed the executable too.
/// Returns the last one. Takes time in proportion to `len` and constant memory. The position of `reader` changes.
///
/// # Errors
/// If the reader fails.
pub fn find_displaced_trailer<R: Read + Seek>(
    mut reader: R,
    start: u64,
    len: u64,
) -> io::Result<Option<DisplacedTrailer>> {
    let mut buffer = vec![0; CHUNK + TRAILER_LEN - 1];
    // Trailers that end before `end` are still to be looked for. One at the very end is in its place.
    let mut end = len.saturating_sub(1);
    while end >= TRAILER_LEN as u64 {
        let begin = end.saturating_sub(buffer.len() as u64);
        let count = usize::try_from(end - begin).unwrap_or(buffer.len());
        let (window, _) = buffer.split_at_mut(count.min(CHUNK + TRAILER_LEN - 1));
        let position = start
            .checked_add(begin)
            .ok_or(io::ErrorKind::InvalidInput)?;
        reader.seek(io::SeekFrom::Start(position))?;
        reader.read_exact(window)?;
        for (index, bytes) in window.windows(TRAILER_LEN).enumerate().rev() {
            // The last byte alone rules out nearly all positions.
            if bytes.last() == MAGIC.last()
                && let Some(found) = plausible(bytes, begin + index as u64, len)
            {
                return Ok(Some(found));
            }
        }
        if begin == 0 {
            break;
        }
        // The next window holds every trailer that begins before this one's first position.
        end = begin + TRAILER_LEN as u64 - 1;
    }
    Ok(None)
}

fn plausible(bytes: &[u8], offset: u64, len: u64) -> Option<DisplacedTrailer> {
    let trailer = Trailer::decode(bytes.first_chunk()?).ok()?;
    let end = offset + TRAILER_LEN as u64;
    // As in the file that ended with it.
    trailer.layout(end).ok()?;
    Some(DisplacedTrailer {
        offset,
        trailer,
        trailing: len - end,
    })
}
