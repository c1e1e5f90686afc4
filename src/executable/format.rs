//! The formats of executables.

use std::fmt;

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
    pub(super) fn article(self) -> &'static str {
        match self {
            Self::Elf => "an",
            _ => "a",
        }
    }
}
