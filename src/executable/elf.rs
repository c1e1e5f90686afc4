//! ELF: System V gABI, with the GNU additions.

use object::Endianness;
use object::elf;
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};

use super::architecture::Architecture;
use super::dynamic::{self, Dynamic, Libraries};
use super::glibc;
use super::platform::Platform;
use super::refusal::Refusal;
use super::region::{Fault, Region};
use super::section::{Name, Section, has_upx_mark};
use super::{Executable, Format, Linkage, trailing};

/// The most sections that are looked at. Executables have dozens.
const MAX_SECTIONS: u64 = 65_536;
/// The longest path of an interpreter, as in Linux (`PATH_MAX`).
const MAX_INTERPRETER: u64 = 4096;

/// The class and byte order of a file.
#[derive(Clone, Copy)]
pub(super) struct Flavour {
    pub(super) wide: bool,
    pub(super) endian: Endianness,
}

impl Flavour {
    /// Reads the identification at the start of `head`.
    pub(super) fn of(head: &[u8]) -> Result<Self, Refusal> {
        let Some(&[class, data, version]) = head.get(4..7) else {
            return Err(Refusal::Truncated {
                what: "the ELF header",
                needs: size_of::<elf::FileHeader32<Endianness>>() as u64,
                has: head.len() as u64,
            });
        };
        let wide = match elf::FileClass(class) {
            elf::ELFCLASS32 => false,
            elf::ELFCLASS64 => true,
            _ => return Err(malformed(format!("class {class} is neither 32 nor 64 bit"))),
        };
        let endian = match elf::DataEncoding(data) {
            elf::ELFDATA2LSB => Endianness::Little,
            elf::ELFDATA2MSB => Endianness::Big,
            _ => return Err(malformed(format!("byte order {data} is not known"))),
        };
        if elf::FileVersion(version) != elf::EV_CURRENT {
            return Err(malformed(format!("ELF version {version} is not known")));
        }
        Ok(Self { wide, endian })
    }
}

/// Looks at an ELF file.
pub(super) fn examine(region: &mut Region<'_>, flavour: Flavour) -> Result<Executable, Refusal> {
    if flavour.wide {
        Image::<elf::FileHeader64<Endianness>>::open(region, flavour)?.examine(region)
    } else {
        Image::<elf::FileHeader32<Endianness>>::open(region, flavour)?.examine(region)
    }
}

/// Calls `visit` for every section of an ELF file.
pub(super) fn sections(
    region: &mut Region<'_>,
    flavour: Flavour,
    visit: &mut dyn FnMut(Section),
) -> Result<(), Refusal> {
    if flavour.wide {
        Image::<elf::FileHeader64<Endianness>>::open(region, flavour)?.sections(region, visit)
    } else {
        Image::<elf::FileHeader32<Endianness>>::open(region, flavour)?.sections(region, visit)
    }
}

pub(super) fn malformed(what: impl Into<String>) -> Refusal {
    Refusal::malformed(Format::Elf, what)
}

/// The headers of an ELF file. The tables stay in the file.
pub(super) struct Image<H: FileHeader<Endian = Endianness>> {
    header: H,
    pub(super) endian: Endianness,
    wide: bool,
    program_headers: u64,
    section_headers: u64,
    names: Option<Names>,
}

/// The table of section names.
struct Names {
    offset: u64,
    size: u64,
}

/// What the program headers say.
#[derive(Default)]
struct Segments {
    loaded: bool,
    interpreter: Option<String>,
    dynamic: Option<(u64, u64)>,
    /// Where the last of them ends in the file.
    end: u64,
}

/// What the section headers say.
#[derive(Default)]
struct Sections {
    debug_info_bytes: u64,
    /// Where the last of them ends in the file.
    end: u64,
}

impl<H: FileHeader<Endian = Endianness>> Image<H> {
    fn open(region: &mut Region<'_>, flavour: Flavour) -> Result<Self, Refusal> {
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
        // Both counts may be claimed to be millions, with a file that is large enough.
        if self.section_headers.max(self.program_headers) > MAX_SECTIONS {
            return Err(malformed(format!(
                "it has {} section headers and {} program headers, and {MAX_SECTIONS} are the most that are looked at",
                self.section_headers, self.program_headers,
            )));
        }
        Ok(())
    }

    fn section(&self, region: &mut Region<'_>, index: u64) -> Result<H::SectionHeader, Fault> {
        let table: u64 = self.header.e_shoff(self.endian).into();
        let offset = index.saturating_mul(size_of::<H::SectionHeader>() as u64);
        region.value("the section header table", table.saturating_add(offset))
    }

    /// The program header number `index`.
    fn program(&self, region: &mut Region<'_>, index: u64) -> Result<H::ProgramHeader, Fault> {
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

    fn describe(
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

    fn examine(&self, region: &mut Region<'_>) -> Result<Executable, Refusal> {
        let endian = self.endian;
        let kind = self.header.e_type(endian);
        match kind {
            elf::ET_EXEC | elf::ET_DYN => {}
            elf::ET_REL => return Err(Refusal::ObjectFile { format: "ELF" }),
            elf::ET_CORE => return Err(Refusal::CoreDump { format: "ELF" }),
            _ => return Err(malformed(format!("the file type {} is not known", kind.0))),
        }
        let machine = self.header.e_machine(endian);
        let architecture = Architecture::from_elf(machine, self.wide, endian).ok_or(
            Refusal::UnknownArchitecture {
                format: Format::Elf,
                machine: u32::from(machine.0),
            },
        )?;
        let sections = self.check_sections(region)?;
        let segments = self.segments(region)?;
        let headers: u64 = self.header.e_phoff(endian).into();
        let headers_end =
            headers.saturating_add(self.program_headers * size_of::<H::ProgramHeader>() as u64);
        if has_upx_mark(region, headers_end)? {
            return Err(Refusal::Upx);
        }
        if !segments.loaded {
            return Err(malformed("no segment is loaded into memory"));
        }
        let dynamic = match segments.dynamic {
            Some((offset, size)) => Some(dynamic::read(self, region, offset, size)?),
            None => None,
        };
        if kind == elf::ET_DYN && !self.is_executable(dynamic.as_ref()) {
            return Err(Refusal::SharedLibrary {
                kind: "shared library (ELF, .so)",
            });
        }
        let libraries = match &dynamic {
            Some(dynamic) => dynamic.libraries(self, region)?,
            None => Libraries::default(),
        };
        let end = self.headers_end().max(sections.end).max(segments.end);
        Ok(Executable {
            format: Format::Elf,
            platform: Platform::from_elf(
                self.header.e_ident().os_abi,
                segments.interpreter.as_deref(),
            ),
            architectures: vec![architecture],
            debug_info_bytes: sections.debug_info_bytes,
            linkage: Some(if segments.interpreter.is_some() {
                Linkage::Dynamic
            } else {
                Linkage::Static
            }),
            interpreter: segments.interpreter,
            glibc: match &dynamic {
                Some(dynamic) => glibc::newest_needed(self, region, dynamic)?,
                None => None,
            },
            needed: libraries.needed,
            rpath: libraries.rpath,
            trailing_bytes: trailing::bytes_behind(region, end)?,
        })
    }

    /// Where the header and the two tables end in the file.
    fn headers_end(&self) -> u64 {
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

    /// Tells a position-independent executable from a shared library, which has the same file type.
    ///
    /// Linkers since about 2016 mark executables (`DF_1_PIE`). For those without the mark an interpreter proves nothing (libc
    /// and some PAM modules have one, so that they can be started), nor does an entry (mold gives one to every library), nor
    /// does a missing library name (few of Rust's have one). But linkers reserve a place for the debugger in executables
    /// only, static ones included.
    fn is_executable(&self, dynamic: Option<&Dynamic>) -> bool {
        match dynamic {
            Some(dynamic) => dynamic.pie_flag || dynamic.has_debug_entry,
            // What cannot be linked with can only be started.
            None => self.header.e_entry(self.endian).into() != 0,
        }
    }

    /// Checks that all sections lie inside of the file.
    fn check_sections(&self, region: &mut Region<'_>) -> Result<Sections, Refusal> {
        let mut sections = Sections::default();
        for index in 1..self.section_headers {
            let header = self.section(region, index)?;
            let section = self.describe(region, &header)?;
            let stored = header.sh_type(self.endian) != elf::SHT_NOBITS;
            if !stored && section.name.as_bytes() == b".text" {
                return Err(Refusal::DebugFile {
                    format: Format::Elf,
                });
            }
            if section.size != 0 {
                region.check("a section", section.offset, section.size)?;
                let end = section.offset.saturating_add(section.size);
                sections.end = sections.end.max(end);
            }
            if section.is_debug() {
                sections.debug_info_bytes = sections.debug_info_bytes.saturating_add(section.size);
            }
        }
        Ok(sections)
    }

    fn segments(&self, region: &mut Region<'_>) -> Result<Segments, Refusal> {
        let endian = self.endian;
        let mut segments = Segments::default();
        for index in 0..self.program_headers {
            let program = self.program(region, index)?;
            let (offset, size) = program.file_range(endian);
            segments.end = segments.end.max(offset.saturating_add(size));
            match program.p_type(endian) {
                elf::PT_LOAD => {
                    region.check("a loaded segment", offset, size)?;
                    segments.loaded = true;
                }
                elf::PT_DYNAMIC => {
                    region.check("the dynamic segment", offset, size)?;
                    segments.dynamic = Some((offset, size));
                }
                elf::PT_INTERP if segments.interpreter.is_none() => {
                    let size = usize::try_from(size.min(MAX_INTERPRETER)).unwrap_or(0);
                    let path = region.bytes("the interpreter's path", offset, size)?;
                    let path = path.split(|&byte| byte == 0).next().unwrap_or_default();
                    segments.interpreter = Some(String::from_utf8_lossy(path).into_owned());
                }
                _ => {}
            }
        }
        Ok(segments)
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
