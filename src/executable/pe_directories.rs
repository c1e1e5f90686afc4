//! What the data directories of a PE file point to: the libraries that it needs, and debug data outside of the sections.

use object::LittleEndian as LE;
use object::pe;

use super::format::Format;
use super::loader_text::{LoaderText, MAX_LIBRARIES};
use super::refusal::Refusal;
use super::region::{Fault, Region};

/// The refusal of a PE file whose headers are wrong.
pub(super) fn malformed(what: impl Into<String>) -> Refusal {
    Refusal::malformed(Format::Pe, what)
}

/// The most entries of the debug directory that are looked at. Executables have a handful.
const MAX_DEBUG_ENTRIES: u64 = 1024;

/// What the optional header says, which executables always have.
pub(super) struct Optional {
    pub(super) subsystem: pe::Subsystem,
    /// The size of all headers, rounded up, in bytes. They are loaded to the address 0.
    pub(super) headers_size: u64,
    /// Where the data directories are in the file.
    pub(super) directories: u64,
    pub(super) directory_count: u64,
}

impl Optional {
    /// Reads the optional header, of `size` bytes, at `offset`.
    pub(super) fn read(region: &mut Region<'_>, offset: u64, size: u64) -> Result<Self, Refusal> {
        const WHAT: &str = "the optional PE header";
        let magic: object::U16<LE> = region.value(WHAT, offset)?;
        let (subsystem, headers_size, claimed, header_size) = match magic.get(LE) {
            pe::IMAGE_NT_OPTIONAL_HDR64_MAGIC => {
                let header: pe::ImageOptionalHeader64 = region.value(WHAT, offset)?;
                (
                    header.subsystem.get(LE),
                    header.size_of_headers.get(LE),
                    header.number_of_rva_and_sizes.get(LE),
                    size_of_val(&header),
                )
            }
            pe::IMAGE_NT_OPTIONAL_HDR32_MAGIC => {
                let header: pe::ImageOptionalHeader32 = region.value(WHAT, offset)?;
                (
                    header.subsystem.get(LE),
                    header.size_of_headers.get(LE),
                    header.number_of_rva_and_sizes.get(LE),
                    size_of_val(&header),
                )
            }
            other => {
                return Err(malformed(format!(
                    "the optional header's magic number {other:#x} is not known"
                )));
            }
        };
        let Some(room) = size.checked_sub(header_size as u64) else {
            return Err(malformed("the optional header is too short"));
        };
        let entries = room / size_of::<pe::ImageDataDirectory>() as u64;
        Ok(Self {
            subsystem,
            headers_size: u64::from(headers_size),
            directories: offset + header_size as u64,
            directory_count: entries.min(u64::from(claimed)),
        })
    }

    /// Address and size of the directory `index`, both 0 where there is none. The address of certificates, and only theirs,
    /// is a place in the file.
    pub(super) fn directory(
        &self,
        region: &mut Region<'_>,
        index: usize,
    ) -> Result<(u64, u64), Fault> {
        let index = index as u64;
        if index >= self.directory_count {
            return Ok((0, 0));
        }
        let at = self.directories + index * size_of::<pe::ImageDataDirectory>() as u64;
        let directory: pe::ImageDataDirectory = region.value("the optional PE header", at)?;
        let address = u64::from(directory.virtual_address.get(LE));
        Ok((address, u64::from(directory.size.get(LE))))
    }
}

/// Which bytes of the file are loaded where.
pub(super) struct Layout {
    headers_size: u64,
    /// Address, offset in the file and size of each section.
    sections: Vec<(u64, u64, u64)>,
}

impl Layout {
    /// Reads the section table at `offset`, which lies inside of the region.
    pub(super) fn read(
        region: &mut Region<'_>,
        headers_size: u64,
        offset: u64,
        count: u64,
    ) -> Result<Self, Fault> {
        let mut sections = Vec::new();
        for index in 0..count {
            let at = offset + index * size_of::<pe::ImageSectionHeader>() as u64;
            let section: pe::ImageSectionHeader = region.value("the section table", at)?;
            sections.push((
                u64::from(section.virtual_address.get(LE)),
                u64::from(section.pointer_to_raw_data.get(LE)),
                u64::from(section.size_of_raw_data.get(LE)),
            ));
        }
        Ok(Self {
            headers_size,
            sections,
        })
    }

    /// Where the bytes are in the file that are at `address` in memory.
    fn file_offset(&self, address: u64) -> Result<u64, Refusal> {
        let within = |&(start, offset, size): &(u64, u64, u64)| {
            let within = address.checked_sub(start)?;
            (within < size).then_some(offset + within)
        };
        if let Some(offset) = self.sections.iter().find_map(within) {
            return Ok(offset);
        }
        if address < self.headers_size {
            return Ok(address);
        }
        Err(malformed(format!(
            "a directory points to address {address:#x}, which is not loaded from the file"
        )))
    }

    /// Where the last section ends in the file.
    pub(super) fn sections_end(&self) -> u64 {
        let ends = self.sections.iter();
        let ends = ends.filter(|(_, offset, _)| *offset != 0);
        ends.map(|(_, offset, size)| offset + size)
            .max()
            .unwrap_or(0)
    }

    /// The libraries that are loaded before the program starts, in the order of the file.
    pub(super) fn needed(
        &self,
        region: &mut Region<'_>,
        optional: &Optional,
    ) -> Result<Vec<String>, Refusal> {
        const ENTRY: u64 = size_of::<pe::ImageImportDescriptor>() as u64;
        let (address, size) = optional.directory(region, pe::IMAGE_DIRECTORY_ENTRY_IMPORT)?;
        let mut needed = Vec::new();
        if address == 0 || size == 0 {
            return Ok(needed);
        }
        let start = self.file_offset(address)?;
        let end = region.len();
        let mut text = LoaderText::new(Format::Pe);
        // An empty entry ends the table, whatever its size is said to be.
        for index in 0..MAX_LIBRARIES as u64 {
            let entry: pe::ImageImportDescriptor =
                region.value("the table of imports", start + index * ENTRY)?;
            let name = u64::from(entry.name.get(LE));
            if name == 0 {
                return Ok(needed);
            }
            let name = self.file_offset(name)?;
            needed.push(text.read(region, name, end)?);
        }
        Err(malformed(format!(
            "it needs more than {MAX_LIBRARIES} libraries"
        )))
    }

    /// Where the last of the debug data ends in the file. Most of it lies in sections, and what does not lies behind them.
    pub(super) fn debug_end(
        &self,
        region: &mut Region<'_>,
        optional: &Optional,
    ) -> Result<u64, Refusal> {
        const ENTRY: u64 = size_of::<pe::ImageDebugDirectory>() as u64;
        let (address, size) = optional.directory(region, pe::IMAGE_DIRECTORY_ENTRY_DEBUG)?;
        let mut end = 0;
        // Windows does not read the directory, so a wrong one harms nobody.
        let Ok(start) = self.file_offset(address) else {
            return Ok(end);
        };
        for index in 0..(size / ENTRY).min(MAX_DEBUG_ENTRIES) {
            let at = start + index * ENTRY;
            if region.check("the debug directory", at, ENTRY).is_err() {
                break;
            }
            let entry: pe::ImageDebugDirectory = region.value("the debug directory", at)?;
            let start = u64::from(entry.pointer_to_raw_data.get(LE));
            end = end.max(start + u64::from(entry.size_of_data.get(LE)));
        }
        Ok(end)
    }
}
