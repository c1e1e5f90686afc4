//! The headers of an ELF file, and what can be found by them.

use object::Endianness;
use object::elf;
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};

use crate::executable::format::Format;
use crate::executable::magic::ElfFlavour;
use crate::executable::refusal::Refusal;
use crate::executable::region::{Fault, Region};
use crate::executable::section::{Name, Section};

/// The most section headers, and the most program headers, that are looked at. Executables have dozens.
const MAX_HEADERS: u64 = 65_536;

/// Calls `visit` for every section of an ELF file.
pub(in crate::executable) fn sections(
    region: &mut Region<'_>,
    flavour: ElfFlavour,
    visit: &mut dyn FnMut(Section),
) -> Result<(), Refusal> {
    if flavour.wide {
        Image::<elf::FileHeader64<Endianness>>::open(region, flavour)?.sections(region, visit)
    } else {
        Image::<elf::FileHeader32<Endianness>>::open(region, flavour)?.sections(region, visit)
    }
}

/// The refusal of an ELF file whose headers are wrong.
pub(super) fn malformed(what: impl Into<String>) -> Refusal {
    Refusal::malformed(Format::Elf, what)
}

/// The headers of an ELF file. The tables stay in the file.
pub(super) struct Image<H: FileHeader<Endian = Endianness>> {
    pub(super) header: H,
    pub(super) endian: Endianness,
    /// Whether the file is of the 64-bit class.
    pub(super) wide: bool,
    /// How many program headers there are.
    pub(super) program_headers: u64,
    /// How many section headers there are; the first describes no section.
    pub(super) section_headers: u64,
    names: Option<Names>,
}

/// The table of section names.
struct Names {
    offset: u64,
    size: u64,
}

impl<H: FileHeader<Endian = Endianness>> Image<H> {
    /// Reads the header at the start of `region`, and checks that the tables lie inside of it.
    pub(super) fn open(region: &mut Region<'_>, flavour: ElfFlavour) -> Result<Self, Refusal> {
        let endian = flavour.endian;
        let header: H = region.value("the ELF header", 0)?;
        let mut image = Self {
            program_headers: u64::from(header.e_phnum(endian)),
            section_headers: u64::from(header.e_shnum(endian)),
            names: None,
            wide: flavour.wide,
            header,
            endian,
        };
        let mut names_index = u64::from(header.e_shstrndx(endian).0);
        // Counts that do not fit the header are kept in the first section header.
        if header.e_shoff(endian).into() != 0 {
            let zero = image.section(region, 0)?;
            if image.section_headers == 0 {
                image.section_headers = zero.sh_size(endian).into();
            }
            if header.e_phnum(endian) == elf::PN_XNUM {
                image.program_headers = u64::from(zero.sh_info(endian));
            }
            if header.e_shstrndx(endian).0 == elf::SHN_XINDEX.0 {
                names_index = u64::from(zero.sh_link(endian));
            }
        } else {
            image.section_headers = 0;
        }
        image.check_tables(region)?;
        if names_index != 0 && image.section_headers != 0 {
            if names_index >= image.section_headers {
                return Err(malformed("the section of section names does not exist"));
            }
            let section = image.section(region, names_index)?;
            image.names = Some(Names {
                offset: section.sh_offset(endian).into(),
                size: section.sh_size(endian).into(),
            });
        }
        Ok(image)
    }

    fn check_tables(&self, region: &Region<'_>) -> Result<(), Refusal> {
        let (header, endian) = (&self.header, self.endian);
        let entry = size_of::<H::ProgramHeader>();
        if self.program_headers != 0 {
            if usize::from(header.e_phentsize(endian)) != entry {
                return Err(malformed("program headers have an unknown size"));
            }
            region.check(
                "the program header table",
                header.e_phoff(endian).into(),
                self.program_headers * entry as u64,
            )?;
        }
        let entry = size_of::<H::SectionHeader>();
        if self.section_headers != 0 {
            if usize::from(header.e_shentsize(endian)) != entry {
                return Err(malformed("section headers have an unknown size"));
            }
            region.check(
                "the section header table",
                header.e_shoff(endian).into(),
                self.section_headers.saturating_mul(entry as u64),
            )?;
        }
        // A large file has room for millions of headers, and reading them would take minutes.
        if self.section_headers.max(self.program_headers) > MAX_HEADERS {
            return Err(malformed(format!(
                "it has {} section headers and {} program headers, and {MAX_HEADERS} are the most that are looked at",
                self.section_headers, self.program_headers,
            )));
        }
        Ok(())
    }

    /// The section header number `index`.
    pub(super) fn section(
        &self,
        region: &mut Region<'_>,
        index: u64,
    ) -> Result<H::SectionHeader, Fault> {
        let table: u64 = self.header.e_shoff(self.endian).into();
        let offset = index.saturating_mul(size_of::<H::SectionHeader>() as u64);
        region.value("the section header table", table.saturating_add(offset))
    }

    /// The program header number `index`.
    pub(super) fn program(
        &self,
        region: &mut Region<'_>,
        index: u64,
    ) -> Result<H::ProgramHeader, Fault> {
        let table: u64 = self.header.e_phoff(self.endian).into();
        let offset = index.saturating_mul(size_of::<H::ProgramHeader>() as u64);
        region.value("the program header table", table.saturating_add(offset))
    }

    fn name(&self, region: &mut Region<'_>, section: &H::SectionHeader) -> Result<Name, Refusal> {
        let Some(names) = &self.names else {
            return Ok(Name::until_zero(b""));
        };
        let within = u64::from(section.sh_name(self.endian));
        if within >= names.size {
            return Err(malformed(
                "the name of a section lies outside of the table of names",
            ));
        }
        let offset = names.offset.saturating_add(within);
        region.check("the table of section names", offset, 1)?;
        let (bytes, count) = region.head::<32>(offset)?;
        let count = usize::try_from(names.size - within).map_or(count, |left| left.min(count));
        Ok(Name::until_zero(bytes.get(..count).unwrap_or_default()))
    }

    fn sections(
        &self,
        region: &mut Region<'_>,
        visit: &mut dyn FnMut(Section),
    ) -> Result<(), Refusal> {
        for index in 1..self.section_headers {
            let header = self.section(region, index)?;
            visit(self.describe(region, &header)?);
        }
        Ok(())
    }

    /// What a visitor sees of the section with this header.
    pub(super) fn describe(
        &self,
        region: &mut Region<'_>,
        header: &H::SectionHeader,
    ) -> Result<Section, Refusal> {
        let endian = self.endian;
        let stored = !matches!(header.sh_type(endian), elf::SHT_NOBITS | elf::SHT_NULL);
        Ok(Section {
            segment: None,
            name: self.name(region, header)?,
            offset: header.sh_offset(endian).into(),
            size: if stored {
                header.sh_size(endian).into()
            } else {
                0
            },
            compressed: header.sh_flags(endian).0 & elf::SHF_COMPRESSED.0 != 0,
        })
    }

    /// Where the header and the two tables end in the file.
    pub(super) fn headers_end(&self) -> u64 {
        let (header, endian) = (&self.header, self.endian);
        let table = |offset: u64, count: u64, entry: usize| {
            offset.saturating_add(count.saturating_mul(entry as u64))
        };
        let programs = table(
            header.e_phoff(endian).into(),
            self.program_headers,
            size_of::<H::ProgramHeader>(),
        );
        let sections = table(
            header.e_shoff(endian).into(),
            self.section_headers,
            size_of::<H::SectionHeader>(),
        );
        programs.max(sections).max(size_of::<H>() as u64)
    }

    /// Where the bytes are in the file that are at `address` in memory.
    pub(super) fn file_offset(
        &self,
        region: &mut Region<'_>,
        address: u64,
    ) -> Result<u64, Refusal> {
        let endian = self.endian;
        for index in 0..self.program_headers {
            let program = self.program(region, index)?;
            if program.p_type(endian) != elf::PT_LOAD {
                continue;
            }
            let (offset, size) = program.file_range(endian);
            if let Some(within) = address.checked_sub(program.p_vaddr(endian).into())
                && within < size
            {
                return Ok(offset.saturating_add(within));
            }
        }
        Err(malformed(format!(
            "the dynamic segment points to address {address:#x}, which is not loaded from the file"
        )))
    }
}
