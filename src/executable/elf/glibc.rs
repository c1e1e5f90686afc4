//! The newest version of the GNU C library that an ELF file needs.
//!
//! Read from the dynamic segment, as the loader does, so that files without section headers are covered.

use object::Endianness;
use object::elf;
use object::read::elf::FileHeader;

use super::dynamic::Dynamic;
use super::image::{Image, malformed};
use crate::executable::glibc_version::GlibcVersion;
use crate::executable::refusal::Refusal;
use crate::executable::region::Region;

/// The most libraries and versions, together, that are looked at. Executables need a few dozen.
const MAX_VERSIONS: u64 = 65_536;
/// The longest version name that is looked at, in bytes.
const MAX_NAME: usize = 32;

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

    #[test]
    fn version_names_of_glibc_count() {
        assert_eq!(version_of(b"GLIBC_2.34"), Some("2.34".parse().unwrap()));
        assert_eq!(
            version_of(b"GLIBC_ABI_DT_RELR"),
            Some("2.36".parse().unwrap())
        );
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
