//! What kind of file an executable is, for which machine, and whether it can be packed.
//!
//! Only headers, tables of segments and sections, their names and a few small sections are read, from any position
//! and in small constant memory: an executable may have gigabytes. The bytes are untrusted throughout.

use std::fmt;
use std::io::{Read, Seek};

mod architecture;
mod dynamic;
mod elf;
mod footer_search;
mod glibc;
mod glibc_symbols;
mod link_section;
mod macho;
mod pe;
mod platform;
mod recognise;
mod refusal;
mod region;
mod section;

pub use architecture::Architecture;
pub use footer_search::{FooterCandidate, find_displaced_footer};
pub use glibc::{GlibcVersion, ParseGlibcVersionError};
pub use glibc_symbols::glibc_symbols;
pub use link_section::{LinkRecord, SectionError, link_record};
pub use platform::{Host, Platform};
pub(crate) use recognise::begins_as_executable;
pub use refusal::Refusal;

use recognise::Kind;
use region::Region;

/// A format of executables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// The Executable and Linkable Format of Linux and most Unix systems.
    Elf,
    /// The format of Apple's systems, for one architecture.
    MachO,
    /// Several Mach-O files in one, each for its own architecture.
    MachOUniversal,
    /// The Portable Executable format of Windows.
    Pe,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Elf => "ELF",
            Self::MachO => "Mach-O",
            Self::MachOUniversal => "universal Mach-O",
            Self::Pe => "PE",
        })
    }
}

impl Format {
    /// The indefinite article that stands before the name at the beginning of a sentence.
    fn article(self) -> &'static str {
        match self {
            Self::Elf => "an",
            _ => "a",
        }
    }
}

/// Whether an ELF executable needs a loader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Linkage {
    /// No interpreter: the kernel starts it, and it needs no library.
    Static,
    /// Started by the interpreter that it names.
    Dynamic,
}

impl fmt::Display for Linkage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Static => "static",
            Self::Dynamic => "dynamic",
        })
    }
}

/// An executable that can be packed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Executable {
    /// The format of the file.
    pub format: Format,
    /// The operating system that it is made for.
    pub platform: Platform,
    /// The processors that it is made for: one, or several for a universal Mach-O, in the order of the file.
    pub architectures: Vec<Architecture>,
    /// The stored size of all debug sections, in bytes. They may be compressed.
    pub debug_info_bytes: u64,
    /// The loader that the kernel starts for it. ELF only. Bytes that are no UTF-8 are replaced.
    pub interpreter: Option<String>,
    /// Whether it needs that loader. ELF only.
    pub linkage: Option<Linkage>,
    /// The newest version of the GNU C library that it needs. ELF only; `None` if it needs none.
    pub glibc: Option<GlibcVersion>,
}

impl Executable {
    /// Whether `host` starts it: see [`Host::runs`].
    pub fn runs_on(&self, host: Host) -> bool {
        self.architectures
            .iter()
            .any(|&architecture| host.runs(self.platform, architecture))
    }

    /// Whether the machine that this program runs on starts it.
    pub fn runs_here(&self) -> bool {
        self.runs_on(Host::current())
    }

    /// Whether it is for Linux, as Airflow's workers usually are.
    pub fn is_for_linux(&self) -> bool {
        self.platform == Platform::Linux
    }

    /// What it is, for a sentence: `an ELF executable for Linux on aarch64`.
    pub fn with_article(&self) -> String {
        format!("{} {self}", self.format.article())
    }

    /// The `--target` that makes the same program for Linux workers; `None` if it is for Linux already.
    pub fn suggested_target(&self) -> Option<&'static str> {
        if self.is_for_linux() {
            return None;
        }
        let arm_only = self.architectures.iter().all(|architecture| {
            matches!(architecture, Architecture::Aarch64 | Architecture::Arm64e)
        });
        Some(if arm_only {
            "aarch64-unknown-linux-gnu"
        } else {
            "x86_64-unknown-linux-gnu"
        })
    }
}

impl fmt::Display for Executable {
    /// One line: `ELF executable for Linux on x86_64, dynamic (/lib64/ld-linux-x86-64.so.2), glibc 2.34`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} executable for {} on ", self.format, self.platform)?;
        for (index, architecture) in self.architectures.iter().enumerate() {
            let separator = if index == 0 { "" } else { " and " };
            write!(f, "{separator}{architecture}")?;
        }
        if let Some(linkage) = self.linkage {
            write!(f, ", {linkage}")?;
        }
        if let Some(interpreter) = &self.interpreter {
            write!(f, " ({})", interpreter.escape_default())?;
        }
        if let Some(glibc) = self.glibc {
            write!(f, ", glibc {glibc}")?;
        }
        Ok(())
    }
}

/// Looks at the bytes `[start, start + len)` of `reader`: an executable that can be packed, or why it cannot.
///
/// For the executable inside of a bundle, pass the bundle's executable region. The position of `reader` changes.
///
/// # Errors
/// A [`Refusal`] for everything that is not an executable ELF, Mach-O or PE file for a known processor.
pub fn examine<R: Read + Seek>(mut reader: R, start: u64, len: u64) -> Result<Executable, Refusal> {
    let mut region = Region::new(&mut reader, start, len);
    if region.len() == 0 {
        return Err(Refusal::Empty);
    }
    if footer_search::ends_in_magic(&mut region)? {
        return Err(Refusal::AlreadyBundle);
    }
    match recognise::kind(&mut region)? {
        Kind::Elf(flavour) => elf::examine(&mut region, flavour),
        Kind::MachO(flavour) => macho::examine(&mut region, flavour),
        Kind::MachOUniversal(width) => macho::examine_universal(&mut region, width),
        Kind::Pe => pe::examine(&mut region),
        Kind::Refused(refusal) => Err(refusal),
    }
}
