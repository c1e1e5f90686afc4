//! The first bytes of executables: which width and byte order a file has.

use object::{Endianness, elf, macho};

use super::format::Format;
use super::refusal::Refusal;

/// The class and byte order of an ELF file.
#[derive(Clone, Copy)]
pub(super) struct ElfFlavour {
    pub(super) wide: bool,
    pub(super) endian: Endianness,
}

impl ElfFlavour {
    /// Reads the identification at the start of `head`.
    pub(super) fn of(head: &[u8]) -> Result<Self, Refusal> {
        let refused = |what| Refusal::malformed(Format::Elf, what);
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
            _ => return Err(refused(format!("class {class} is neither 32 nor 64 bit"))),
        };
        let endian = match elf::DataEncoding(data) {
            elf::ELFDATA2LSB => Endianness::Little,
            elf::ELFDATA2MSB => Endianness::Big,
            _ => return Err(refused(format!("byte order {data} is not known"))),
        };
        if elf::FileVersion(version) != elf::EV_CURRENT {
            return Err(refused(format!("ELF version {version} is not known")));
        }
        Ok(Self { wide, endian })
    }
}

/// The width and byte order of a Mach-O file for one architecture.
#[derive(Clone, Copy)]
pub(super) struct MachOFlavour {
    pub(super) wide: bool,
    pub(super) endian: Endianness,
}

/// The width of the offsets in a universal Mach-O file.
#[derive(Clone, Copy)]
pub(super) enum FatWidth {
    /// 32 bits.
    Narrow,
    /// 64 bits.
    Wide,
}

impl MachOFlavour {
    /// `None` if a file that begins with `head` is no such file.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        let magic = u32::from_be_bytes(*head.first_chunk::<4>()?);
        let (wide, endian) = match magic {
            macho::MH_MAGIC => (false, Endianness::Big),
            macho::MH_CIGAM => (false, Endianness::Little),
            macho::MH_MAGIC_64 => (true, Endianness::Big),
            macho::MH_CIGAM_64 => (true, Endianness::Little),
            _ => return None,
        };
        Some(Self { wide, endian })
    }
}

impl FatWidth {
    /// `None` if a file that begins with `head` is no such file.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        /// Java class files have the same magic number. What follows is their version there, and that is 45 at least.
        const JAVA: u32 = 45;
        let magic = u32::from_be_bytes(*head.first_chunk::<4>()?);
        let count = u32::from_be_bytes(*head.get(4..)?.first_chunk::<4>()?);
        match magic {
            macho::FAT_MAGIC if count < JAVA => Some(Self::Narrow),
            macho::FAT_MAGIC_64 if count < JAVA => Some(Self::Wide),
            _ => None,
        }
    }
}
