//! ELF: System V gABI, with the GNU additions.

use object::Endianness;
use object::elf;
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};

use super::architecture::Architecture;
use super::description::{Executable, Linkage};
use super::format::Format;
use super::magic::ElfFlavour;
use super::platform::Platform;
use super::refusal::Refusal;
use super::region::Region;
use super::section::has_upx_mark;
use super::trailing;

mod dynamic;
mod glibc;
mod image;
mod symbols;

pub(super) use image::sections;
pub use symbols::glibc_symbols;

use dynamic::{Dynamic, Libraries};
use image::{Image, malformed};

/// The longest path of an interpreter, as in Linux (`PATH_MAX`).
const MAX_INTERPRETER: u64 = 4096;

/// Looks at an ELF file.
pub(super) fn examine(region: &mut Region<'_>, flavour: ElfFlavour) -> Result<Executable, Refusal> {
    if flavour.wide {
        Image::<elf::FileHeader64<Endianness>>::open(region, flavour)?.examine(region)
    } else {
        Image::<elf::FileHeader32<Endianness>>::open(region, flavour)?.examine(region)
    }
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

    /// Tells a position-independent executable from a shared library, which has the same file type.
    ///
    /// Linkers since about 2016 mark executables (`DF_1_PIE`). For those without the mark an interpreter proves nothing (libc
    /// and some PAM modules have one, so that they can be started), nor does an entry (mold gives one to every library), nor
    /// does a missing library name (few of Rust's have one). But linkers reserve a place for the debugger in executables
    /// only, static ones included.
    fn is_executable(&self, dynamic: Option<&Dynamic>) -> bool {
        match dynamic {
            Some(dynamic) => dynamic.pie_flag || dynamic.has_debug_entry,
            // No program can be linked with a file that has no dynamic segment.
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
}
