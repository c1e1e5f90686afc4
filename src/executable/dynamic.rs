//! The dynamic segment of an ELF file: what its loader is told.

use object::Endianness;
use object::elf;
use object::read::elf::{Dyn, FileHeader};

use super::elf::Image;
use super::refusal::Refusal;
use super::region::Region;

/// The most entries that are looked at. Executables have a few dozen.
const MAX_ENTRIES: u64 = 65_536;

/// The entries that matter here.
#[derive(Default)]
pub(super) struct Dynamic {
    /// `DF_1_PIE`: a position-independent executable.
    pub(super) pie_flag: bool,
    /// `DT_DEBUG`, or what MIPS has instead: where the loader puts an address for debuggers.
    pub(super) has_debug_entry: bool,
    /// `DT_RELR`: packed relative relocations.
    pub(super) has_packed_relocations: bool,
    /// `DT_STRTAB`: the address of the strings.
    pub(super) strings: Option<u64>,
    /// `DT_VERNEED`: the address of the versions needed.
    pub(super) versions: Option<u64>,
    /// `DT_VERNEEDNUM`: the number of libraries with versions.
    pub(super) version_count: u64,
}

/// Reads the dynamic segment at `[offset, offset + size)`, which lies inside of the region.
pub(super) fn read<H: FileHeader<Endian = Endianness>>(
    image: &Image<H>,
    region: &mut Region<'_>,
    offset: u64,
    size: u64,
) -> Result<Dynamic, Refusal> {
    let entry = size_of::<H::Dyn>() as u64;
    let mut dynamic = Dynamic::default();
    for index in 0..(size / entry).min(MAX_ENTRIES) {
        let item: H::Dyn =
            region.value("the dynamic segment", offset.saturating_add(index * entry))?;
        let value = item.val(image.endian);
        match item.tag(image.endian) {
            elf::DT_NULL => break,
            elf::DT_FLAGS_1 => dynamic.pie_flag = value & elf::DF_1_PIE.0 != 0,
            // On MIPS the segment is read-only, so that it only points to the place.
            elf::DT_DEBUG | elf::DT_MIPS_RLD_MAP | elf::DT_MIPS_RLD_MAP_REL => {
                dynamic.has_debug_entry = true;
            }
            elf::DT_RELR => dynamic.has_packed_relocations = true,
            elf::DT_STRTAB => dynamic.strings = Some(value),
            elf::DT_VERNEED => dynamic.versions = Some(value),
            elf::DT_VERNEEDNUM => dynamic.version_count = value,
            _ => {}
        }
    }
    Ok(dynamic)
}
