//! Processor architectures, as the three executable formats name them.

use std::fmt;

use object::{Endianness, elf, macho, pe};

/// A processor architecture, with its byte order and word size.
///
/// `Display` writes it as the first part of a Rust target triple does (`x86_64`, `i686`, `powerpc64le`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the names say it")]
pub enum Architecture {
    X86_64,
    /// `x86_64` with 32-bit pointers (`x86_64-unknown-linux-gnux32`).
    X32,
    I686,
    Aarch64,
    Aarch64Be,
    /// Aarch64 with 32-bit pointers.
    Aarch64Ilp32,
    /// Apple's arm64 with pointer authentication.
    Arm64e,
    Arm,
    ArmBe,
    Riscv64,
    Riscv32,
    S390x,
    Powerpc,
    Powerpc64,
    Powerpc64le,
    Loongarch64,
    Loongarch32,
    Mips,
    Mipsel,
    Mips64,
    Mips64el,
    Sparc,
    Sparc64,
    M68k,
    Csky,
    Hexagon,
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::X86_64 => "x86_64",
            Self::X32 => "x86_64-x32",
            Self::I686 => "i686",
            Self::Aarch64 => "aarch64",
            Self::Aarch64Be => "aarch64_be",
            Self::Aarch64Ilp32 => "aarch64-ilp32",
            Self::Arm64e => "arm64e",
            Self::Arm => "arm",
            Self::ArmBe => "armeb",
            Self::Riscv64 => "riscv64",
            Self::Riscv32 => "riscv32",
            Self::S390x => "s390x",
            Self::Powerpc => "powerpc",
            Self::Powerpc64 => "powerpc64",
            Self::Powerpc64le => "powerpc64le",
            Self::Loongarch64 => "loongarch64",
            Self::Loongarch32 => "loongarch32",
            Self::Mips => "mips",
            Self::Mipsel => "mipsel",
            Self::Mips64 => "mips64",
            Self::Mips64el => "mips64el",
            Self::Sparc => "sparc",
            Self::Sparc64 => "sparc64",
            Self::M68k => "m68k",
            Self::Csky => "csky",
            Self::Hexagon => "hexagon",
        })
    }
}

impl Architecture {
    /// Whether integers are stored most significant byte first.
    pub fn is_big_endian(self) -> bool {
        matches!(
            self,
            Self::Aarch64Be
                | Self::ArmBe
                | Self::S390x
                | Self::Powerpc
                | Self::Powerpc64
                | Self::Mips
                | Self::Mips64
                | Self::Sparc
                | Self::Sparc64
                | Self::M68k
        )
    }

    /// The size of a pointer in bits: 32 or 64.
    pub fn pointer_bits(self) -> u32 {
        match self {
            Self::X86_64
            | Self::Aarch64
            | Self::Aarch64Be
            | Self::Arm64e
            | Self::Riscv64
            | Self::S390x
            | Self::Powerpc64
            | Self::Powerpc64le
            | Self::Loongarch64
            | Self::Mips64
            | Self::Mips64el
            | Self::Sparc64 => 64,
            Self::X32
            | Self::I686
            | Self::Aarch64Ilp32
            | Self::Arm
            | Self::ArmBe
            | Self::Riscv32
            | Self::Powerpc
            | Self::Loongarch32
            | Self::Mips
            | Self::Mipsel
            | Self::Sparc
            | Self::M68k
            | Self::Csky
            | Self::Hexagon => 32,
        }
    }

    /// The architecture that this program was compiled for, if it is one of the list.
    pub fn host() -> Option<Self> {
        let big = cfg!(target_endian = "big");
        let wide = cfg!(target_pointer_width = "64");
        Some(match std::env::consts::ARCH {
            "x86_64" if wide => Self::X86_64,
            "x86_64" => Self::X32,
            "x86" => Self::I686,
            "aarch64" if big => Self::Aarch64Be,
            "aarch64" if wide => Self::Aarch64,
            "aarch64" => Self::Aarch64Ilp32,
            "arm" if big => Self::ArmBe,
            "arm" => Self::Arm,
            "riscv64" => Self::Riscv64,
            "riscv32" => Self::Riscv32,
            "s390x" => Self::S390x,
            "powerpc" => Self::Powerpc,
            "powerpc64" if big => Self::Powerpc64,
            "powerpc64" => Self::Powerpc64le,
            "loongarch64" => Self::Loongarch64,
            "loongarch32" => Self::Loongarch32,
            "mips" if big => Self::Mips,
            "mips" => Self::Mipsel,
            "mips64" if big => Self::Mips64,
            "mips64" => Self::Mips64el,
            "sparc" => Self::Sparc,
            "sparc64" => Self::Sparc64,
            "m68k" => Self::M68k,
            "csky" => Self::Csky,
            "hexagon" => Self::Hexagon,
            _ => return None,
        })
    }

    /// From the machine number of an ELF header, the width of its class and its byte order.
    pub(super) fn from_elf(machine: elf::Machine, wide: bool, endian: Endianness) -> Option<Self> {
        let big = endian == Endianness::Big;
        Some(match (machine, wide, big) {
            (elf::EM_X86_64, true, false) => Self::X86_64,
            (elf::EM_X86_64, false, false) => Self::X32,
            (elf::EM_386, false, false) => Self::I686,
            (elf::EM_AARCH64, true, false) => Self::Aarch64,
            (elf::EM_AARCH64, true, true) => Self::Aarch64Be,
            (elf::EM_AARCH64, false, false) => Self::Aarch64Ilp32,
            (elf::EM_ARM, false, false) => Self::Arm,
            (elf::EM_ARM, false, true) => Self::ArmBe,
            (elf::EM_RISCV, true, false) => Self::Riscv64,
            (elf::EM_RISCV, false, false) => Self::Riscv32,
            (elf::EM_S390, true, true) => Self::S390x,
            (elf::EM_PPC, false, true) => Self::Powerpc,
            (elf::EM_PPC64, true, true) => Self::Powerpc64,
            (elf::EM_PPC64, true, false) => Self::Powerpc64le,
            (elf::EM_LOONGARCH, true, false) => Self::Loongarch64,
            (elf::EM_LOONGARCH, false, false) => Self::Loongarch32,
            (elf::EM_MIPS, false, true) => Self::Mips,
            (elf::EM_MIPS, false, false) => Self::Mipsel,
            (elf::EM_MIPS, true, true) => Self::Mips64,
            (elf::EM_MIPS, true, false) => Self::Mips64el,
            (elf::EM_SPARC | elf::EM_SPARC32PLUS, false, true) => Self::Sparc,
            (elf::EM_SPARCV9, true, true) => Self::Sparc64,
            (elf::EM_68K, false, true) => Self::M68k,
            (elf::EM_CSKY, false, false) => Self::Csky,
            (elf::EM_HEXAGON, false, false) => Self::Hexagon,
            _ => return None,
        })
    }

    /// From the processor type and subtype of a Mach-O header.
    pub(super) fn from_macho(cpu: macho::CpuType, subtype: macho::CpuSubtype) -> Option<Self> {
        // The upper byte of the subtype holds capability bits.
        let subtype = subtype.0 & 0x00ff_ffff;
        Some(match cpu {
            macho::CPU_TYPE_X86_64 => Self::X86_64,
            macho::CPU_TYPE_X86 => Self::I686,
            macho::CPU_TYPE_ARM64 if subtype == macho::CPU_SUBTYPE_ARM64E.0 => Self::Arm64e,
            macho::CPU_TYPE_ARM64 => Self::Aarch64,
            macho::CPU_TYPE_ARM64_32 => Self::Aarch64Ilp32,
            macho::CPU_TYPE_ARM => Self::Arm,
            macho::CPU_TYPE_POWERPC => Self::Powerpc,
            macho::CPU_TYPE_POWERPC64 => Self::Powerpc64,
            _ => return None,
        })
    }

    /// From the machine number of a COFF header.
    pub(super) fn from_pe(machine: pe::Machine) -> Option<Self> {
        Some(match machine {
            pe::IMAGE_FILE_MACHINE_AMD64 => Self::X86_64,
            pe::IMAGE_FILE_MACHINE_I386 => Self::I686,
            // The two hybrids run natively on Arm only, and hold Arm code in the main.
            pe::IMAGE_FILE_MACHINE_ARM64
            | pe::IMAGE_FILE_MACHINE_ARM64EC
            | pe::IMAGE_FILE_MACHINE_ARM64X => Self::Aarch64,
            pe::IMAGE_FILE_MACHINE_ARM
            | pe::IMAGE_FILE_MACHINE_THUMB
            | pe::IMAGE_FILE_MACHINE_ARMNT => Self::Arm,
            pe::IMAGE_FILE_MACHINE_RISCV64 => Self::Riscv64,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_known_and_consistent() {
        let host = Architecture::host().unwrap_or(Architecture::Hexagon);
        assert_eq!(host.is_big_endian(), cfg!(target_endian = "big"));
        assert_eq!(host.pointer_bits() == 64, cfg!(target_pointer_width = "64"));
    }
}
