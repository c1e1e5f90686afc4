//! Footers that are not where they belong.
//!
//! A bundle ends in a footer of 64 bytes. Tools that rewrite executables may move it: patchelf appends behind it, and signing a
//! PE puts a certificate table there. Such a file is no bundle any more, and a footer in its midst tells why.

use std::io::{self, Read, Seek};

use super::region::{Fault, Region};

const MAGIC: &[u8; 8] = b"AFBNDL01";
/// The size of a footer in bytes; the magic comes last in it.
const FOOTER: usize = 64;
/// The only version of the format.
const VERSION: u32 = 1;
/// Bytes looked at in one step.
const CHUNK: usize = 256 * 1024;

/// What looks like a bundle's footer, before the end of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FooterCandidate {
    /// Where the 64 bytes begin, in bytes from the start of the region.
    pub offset: u64,
    /// The length of the source region that it names, in bytes.
    pub source_len: u32,
    /// The length of the manifest that it names, in bytes.
    pub metadata_len: u32,
    /// How many bytes of the region follow it. At least one.
    pub trailing: u64,
}

/// Whether the region ends as a bundle does.
pub(super) fn ends_in_magic(region: &mut Region<'_>) -> Result<bool, Fault> {
    if region.len() < FOOTER as u64 {
        return Ok(false);
    }
    let (bytes, _) = region.head::<8>(region.len() - MAGIC.len() as u64)?;
    Ok(&bytes == MAGIC)
}

/// Searches the bytes `[start, start + len)` of `reader` backwards for a plausible footer that does not end the region.
///
/// Plausible: the magic, version 1, the reserved bytes zero, and lengths for which there is room before it with something left
/// for the executable. The digest is not checked, because whatever moved a footer has mostly changed the executable too.
/// Returns the last one. Takes time in proportion to `len` and constant memory. The position of `reader` changes.
///
/// # Errors
/// If the reader fails.
pub fn find_displaced_footer<R: Read + Seek>(
    mut reader: R,
    start: u64,
    len: u64,
) -> io::Result<Option<FooterCandidate>> {
    let mut buffer = vec![0; CHUNK + FOOTER - 1];
    // Footers that end before `end` are still to be looked for. One at the very end is in its place.
    let mut end = len.saturating_sub(1);
    while end >= FOOTER as u64 {
        let begin = end.saturating_sub(buffer.len() as u64);
        let count = usize::try_from(end - begin).unwrap_or(buffer.len());
        let (window, _) = buffer.split_at_mut(count.min(CHUNK + FOOTER - 1));
        let position = start
            .checked_add(begin)
            .ok_or(io::ErrorKind::InvalidInput)?;
        reader.seek(io::SeekFrom::Start(position))?;
        reader.read_exact(window)?;
        for (index, footer) in window.windows(FOOTER).enumerate().rev() {
            // The last byte alone rules out nearly all positions.
            if footer.last() == MAGIC.last()
                && let Some(candidate) = plausible(footer, begin + index as u64, len)
            {
                return Ok(Some(candidate));
            }
        }
        if begin == 0 {
            break;
        }
        // The next window holds every footer that begins before this one's first position.
        end = begin + FOOTER as u64 - 1;
    }
    Ok(None)
}

fn plausible(footer: &[u8], offset: u64, len: u64) -> Option<FooterCandidate> {
    let (numbers, rest) = footer.split_first_chunk::<12>()?;
    let (_digest, rest) = rest.split_first_chunk::<32>()?;
    let (reserved, magic) = rest.split_first_chunk::<12>()?;
    if magic != MAGIC || reserved != &[0; 12] {
        return None;
    }
    let number = |at: usize| {
        numbers
            .get(at..)
            .and_then(|bytes| bytes.first_chunk::<4>())
            .map(|bytes| u32::from_le_bytes(*bytes))
    };
    let (source_len, metadata_len, version) = (number(0)?, number(4)?, number(8)?);
    if version != VERSION || u64::from(source_len) + u64::from(metadata_len) >= offset {
        return None;
    }
    Some(FooterCandidate {
        offset,
        source_len,
        metadata_len,
        trailing: len - offset - FOOTER as u64,
    })
}
