//! The dynamic segment of an ELF file: what its loader is told.

use object::Endianness;
use object::elf;
use object::read::elf::{Dyn, FileHeader};

use super::image::{Image, malformed};
use crate::executable::format::Format;
use crate::executable::loader_text::{LoaderText, MAX_LIBRARIES};
use crate::executable::refusal::Refusal;
use crate::executable::region::Region;

/// The most entries that are looked at. Executables have a few dozen.
const MAX_ENTRIES: u64 = 65_536;

/// The entries that tell what kind of file it is, and what its loader needs.
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
    /// `DT_NEEDED`: the names of the libraries needed, as offsets into the strings.
    needed: Vec<u64>,
    /// `DT_RUNPATH`, or `DT_RPATH`, which the loader ignores beside the other: an offset into the strings.
    runpath: Option<u64>,
    rpath: Option<u64>,
}

/// What the loader has to find, and where it looks first.
#[derive(Default)]
pub(super) struct Libraries {
    pub(super) needed: Vec<String>,
    pub(super) rpath: Vec<String>,
}

impl Dynamic {
    /// Reads the names of the libraries, and the folders.
    pub(super) fn libraries<H: FileHeader<Endian = Endianness>>(
        &self,
        image: &Image<H>,
        region: &mut Region<'_>,
    ) -> Result<Libraries, Refusal> {
        let mut libraries = Libraries::default();
        let folders = self.runpath.or(self.rpath);
        if self.needed.is_empty() && folders.is_none() {
            return Ok(libraries);
        }
        let Some(strings) = self.strings else {
            return Err(malformed(
                "it needs libraries and has no strings to name them",
            ));
        };
        let strings = image.file_offset(region, strings)?;
        let end = region.len();
        let mut text = LoaderText::new(Format::Elf);
        let mut read = |offset| text.read(region, strings.saturating_add(offset), end);
        for &name in &self.needed {
            libraries.needed.push(read(name)?);
        }
        if let Some(folders) = folders {
            let folders = read(folders)?;
            let folders = folders.split(':').filter(|folder| !folder.is_empty());
            libraries.rpath = folders.map(str::to_owned).collect();
        }
        Ok(libraries)
    }
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
            elf::DT_NEEDED if dynamic.needed.len() == MAX_LIBRARIES => {
                return Err(malformed(format!(
                    "it needs more than {MAX_LIBRARIES} libraries"
                )));
            }
            elf::DT_NEEDED => dynamic.needed.push(value),
            elf::DT_RUNPATH => dynamic.runpath = Some(value),
            elf::DT_RPATH => dynamic.rpath = Some(value),
            _ => {}
        }
    }
    Ok(dynamic)
}
