//! The texts that loaders are given: names of libraries, and folders to look in.

use super::format::Format;
use super::refusal::Refusal;
use super::region::Region;

/// The most libraries that an executable may need. Few need a hundred.
pub(super) const MAX_LIBRARIES: usize = 1024;
/// The most bytes that all texts may take. Programs that need hundreds of libraries stay below it.
const MAX_BYTES: usize = 64 << 10;
/// What a text takes in memory beside its bytes, about.
const OVERHEAD: usize = 16;
/// Bytes that are read at once.
const PIECE: usize = 64;

/// Reads texts, and refuses a file whose texts would take too much memory.
pub(super) struct LoaderText {
    format: Format,
    left: usize,
}

impl LoaderText {
    pub(super) fn new(format: Format) -> Self {
        Self {
            format,
            left: MAX_BYTES,
        }
    }

    /// The text from `offset` to the first zero, or to `end` if there is none before. Bytes that are no UTF-8 are replaced.
    pub(super) fn read(
        &mut self,
        region: &mut Region<'_>,
        offset: u64,
        end: u64,
    ) -> Result<String, Refusal> {
        self.spend(OVERHEAD)?;
        let mut text = Vec::new();
        let mut at = offset;
        region.check("the name of a library or folder", at, 1)?;
        while at < end {
            let (bytes, count) = region.head::<PIECE>(at)?;
            let count = usize::try_from(end - at).map_or(count, |left| left.min(count));
            let bytes = bytes.get(..count).unwrap_or_default();
            let zero = bytes.iter().position(|&byte| byte == 0);
            let piece = bytes.get(..zero.unwrap_or(count)).unwrap_or_default();
            self.spend(piece.len())?;
            text.extend_from_slice(piece);
            if zero.is_some() || count == 0 {
                break;
            }
            at = at.saturating_add(count as u64);
        }
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    fn spend(&mut self, bytes: usize) -> Result<(), Refusal> {
        self.left = self.left.checked_sub(bytes).ok_or_else(|| {
            Refusal::malformed(
                self.format,
                format!("the names of its libraries take more than {MAX_BYTES} bytes"),
            )
        })?;
        Ok(())
    }
}

/// Keeps the texts that are not in `all` yet: the parts of a universal file need the same libraries, mostly.
pub(super) fn merge(all: &mut Vec<String>, more: Vec<String>) {
    for text in more {
        if !all.contains(&text) {
            all.push(text);
        }
    }
}
