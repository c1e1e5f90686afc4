//! The newest version of the GNU C library that an ELF file needs.
//!
//! Read from the dynamic segment, as the loader does, so that files without section headers are covered.

use std::fmt;
use std::str::FromStr;

use object::Endianness;
use object::elf;
use object::read::elf::FileHeader;

use super::dynamic::Dynamic;
use super::elf::{Image, malformed};
use super::refusal::Refusal;
use super::region::Region;

/// The most libraries and versions, together, that are looked at. Executables need a few dozen.
const MAX_VERSIONS: u64 = 65_536;
/// The longest version name that is looked at, in bytes.
const MAX_NAME: usize = 32;

/// A version of the GNU C library, such as 2.34 or 2.2.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GlibcVersion {
    /// The first number.
    pub major: u32,
    /// The second number.
    pub minor: u32,
    /// The third number, which only the oldest versions have.
    pub patch: u32,
}

impl fmt::Display for GlibcVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        if self.patch != 0 {
            write!(f, ".{}", self.patch)?;
        }
        Ok(())
    }
}

/// The text is not a version of the GNU C library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseGlibcVersionError;

impl fmt::Display for ParseGlibcVersionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a glibc version of two or three numbers, such as `2.28`")
    }
}

impl std::error::Error for ParseGlibcVersionError {}

impl FromStr for GlibcVersion {
    type Err = ParseGlibcVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut numbers = text.split('.').map(|number| {
            // `parse` alone would accept a sign.
            if number.bytes().all(|byte| byte.is_ascii_digit()) {
                number.parse::<u32>().map_err(|_| ParseGlibcVersionError)
            } else {
                Err(ParseGlibcVersionError)
            }
        });
        let version = Self {
            major: numbers.next().ok_or(ParseGlibcVersionError)??,
            minor: numbers.next().ok_or(ParseGlibcVersionError)??,
            patch: numbers.next().transpose()?.unwrap_or(0),
        };
        match numbers.next() {
            None => Ok(version),
            Some(_) => Err(ParseGlibcVersionError),
        }
    }
}

/// The first version that applies packed relative relocations. Older ones start a program that has them and crash, unless
/// the linker noted the need, which not all do.
const PACKED_RELOCATIONS: GlibcVersion = GlibcVersion {
    major: 2,
    minor: 36,
    patch: 0,
};

/// The version that a version name of the dynamic symbols stands for.
fn version_of(name: &[u8]) -> Option<GlibcVersion> {
    let rest = std::str::from_utf8(name).ok()?.strip_prefix("GLIBC_")?;
    if rest == "ABI_DT_RELR" {
        return Some(PACKED_RELOCATIONS);
    }
    rest.parse().ok()
}

/// Finds the newest version in the list of versions needed. Weak needs, which the loader forgives, do not count.
pub(super) fn newest_needed<H: FileHeader<Endian = Endianness>>(
    image: &Image<H>,
    region: &mut Region<'_>,
    dynamic: &Dynamic,
) -> Result<Option<GlibcVersion>, Refusal> {
    let (Some(versions), Some(strings)) = (dynamic.versions, dynamic.strings) else {
        return Ok(None);
    };
    let list = List {
        start: image.file_offset(region, versions)?,
        libraries: dynamic.version_count,
        strings: image.file_offset(region, strings)?,
        endian: image.endian,
    };
    let mut newest: Option<GlibcVersion> = None;
    list.visit(region, &mut |version, _| newest = newest.max(Some(version)))?;
    // Without any version it is some other C library that the program needs.
    Ok(newest.map(|newest| {
        if dynamic.has_packed_relocations {
            newest.max(PACKED_RELOCATIONS)
        } else {
            newest
        }
    }))
}

/// The list of library versions that a file needs.
pub(super) struct List {
    /// Where it begins in the file.
    pub(super) start: u64,
    /// How many libraries it has at most.
    pub(super) libraries: u64,
    /// Where its strings begin in the file.
    pub(super) strings: u64,
    pub(super) endian: Endianness,
}

impl List {
    /// Calls `visit` with every version of the GNU C library that is needed, and with the number that symbols refer to it by.
    pub(super) fn visit(
        &self,
        region: &mut Region<'_>,
        visit: &mut dyn FnMut(GlibcVersion, u16),
    ) -> Result<(), Refusal> {
        const WHAT: &str = "the list of library versions";
        let endian = self.endian;
        let mut library = self.start;
        let mut budget = MAX_VERSIONS;
        for _ in 0..self.libraries {
            let need: elf::Verneed<Endianness> = region.value(WHAT, library)?;
            let mut version = library.saturating_add(u64::from(need.vn_aux.get(endian)));
            for _ in 0..need.vn_cnt.get(endian) {
                budget = spend(budget)?;
                let aux: elf::Vernaux<Endianness> = region.value(WHAT, version)?;
                if !aux.vna_flags.get(endian).contains(elf::VER_FLG_WEAK) {
                    let name = self
                        .strings
                        .saturating_add(u64::from(aux.vna_name.get(endian)));
                    if let Some(version) = version_of(&version_name(region, name)?) {
                        visit(version, aux.vna_other.get(endian).0);
                    }
                }
                match aux.vna_next.get(endian) {
                    0 => break,
                    next => version = version.saturating_add(u64::from(next)),
                }
            }
            budget = spend(budget)?;
            match need.vn_next.get(endian) {
                0 => break,
                next => library = library.saturating_add(u64::from(next)),
            }
        }
        Ok(())
    }
}

fn spend(budget: u64) -> Result<u64, Refusal> {
    budget
        .checked_sub(1)
        .ok_or_else(|| malformed("the list of library versions is too long"))
}

/// The name at `offset` without its final zero; empty if it is longer than any version name.
fn version_name(region: &mut Region<'_>, offset: u64) -> Result<Vec<u8>, Refusal> {
    region.check("the name of a library version", offset, 1)?;
    let (bytes, count) = region.head::<MAX_NAME>(offset)?;
    let bytes = bytes.get(..count).unwrap_or_default();
    Ok(bytes
        .iter()
        .position(|&byte| byte == 0)
        .and_then(|end| bytes.get(..end))
        .unwrap_or_default()
        .to_vec())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic is a test failure")]
mod tests {
    use super::*;

    fn parsed(text: &str) -> GlibcVersion {
        text.parse().unwrap()
    }

    #[test]
    fn versions_are_ordered_by_number_and_shown_as_written() {
        assert!(parsed("2.9") < parsed("2.10"));
        assert!(parsed("2.2.5") > parsed("2.2"));
        assert!(parsed("2.2.5") < parsed("2.3"));
        for text in ["2.28", "2.2.5", "3.0"] {
            assert_eq!(parsed(text).to_string(), text);
        }
    }

    #[test]
    fn other_texts_are_no_versions() {
        for text in [
            "",
            "2",
            "2.",
            ".28",
            "2.+8",
            "2.28.1.1",
            "2.28 ",
            "v2.28",
            "2.99999999999",
        ] {
            assert_eq!(
                text.parse::<GlibcVersion>(),
                Err(ParseGlibcVersionError),
                "{text}"
            );
        }
    }

    #[test]
    fn version_names_of_glibc_count() {
        assert_eq!(version_of(b"GLIBC_2.34"), Some(parsed("2.34")));
        assert_eq!(version_of(b"GLIBC_ABI_DT_RELR"), Some(parsed("2.36")));
        for name in [
            &b"GLIBC_PRIVATE"[..],
            b"GCC_3.0",
            b"GLIBCXX_3.4",
            b"\xff",
            b"",
        ] {
            assert_eq!(version_of(name), None);
        }
    }
}
