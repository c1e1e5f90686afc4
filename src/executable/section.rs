//! What the three formats have in common about sections.

use super::region::{Fault, Region};

/// The longest part of a section name that is looked at, in bytes.
const NAME: usize = 32;

/// A section as a visitor sees it.
pub(super) struct Section {
    /// The segment that holds it: Mach-O only.
    pub(super) segment: Option<Name>,
    /// Its name.
    pub(super) name: Name,
    /// Where its bytes are, from the start of the region.
    pub(super) offset: u64,
    /// How many bytes of the file it has: none for memory that starts as zeros.
    pub(super) size: u64,
    /// Whether the bytes are compressed.
    pub(super) compressed: bool,
}

/// The beginning of a name.
#[derive(Clone, Copy)]
pub(super) struct Name {
    bytes: [u8; NAME],
    len: usize,
}

impl Name {
    /// Takes the bytes before the first zero.
    pub(super) fn until_zero(from: &[u8]) -> Self {
        let mut bytes = [0; NAME];
        let len = from
            .iter()
            .take(NAME)
            .take_while(|&&byte| byte != 0)
            .count();
        for (to, from) in bytes.iter_mut().zip(from).take(len) {
            *to = *from;
        }
        Self { bytes, len }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl Section {
    /// Whether it holds debug information, by the names that compilers give to it.
    pub(super) fn is_debug(&self) -> bool {
        let name = self.name.as_bytes();
        match &self.segment {
            Some(segment) => segment.as_bytes() == b"__DWARF",
            None => name.starts_with(b".debug_") || name.starts_with(b".zdebug_"),
        }
    }
}

/// The bytes in which UPX's mark is looked for.
pub(super) const UPX_WINDOW: usize = 64;

/// Whether UPX's mark lies within [`UPX_WINDOW`] bytes of `offset`, which is outside of what programs store themselves.
pub(super) fn has_upx_mark(region: &mut Region<'_>, offset: u64) -> Result<bool, Fault> {
    let (bytes, count) = region.head::<UPX_WINDOW>(offset)?;
    let found = bytes
        .get(..count)
        .unwrap_or_default()
        .windows(4)
        .any(|window| window == b"UPX!");
    Ok(found)
}
