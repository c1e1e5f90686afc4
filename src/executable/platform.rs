//! Operating systems, and which executables a host runs.

use std::fmt;

use object::elf;

use super::architecture::Architecture;

/// The operating system that an executable is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the names say it")]
pub enum Platform {
    /// Also every ELF file that says nothing else: statically linked ones seldom do.
    Linux,
    Android,
    FreeBsd,
    NetBsd,
    OpenBsd,
    DragonFly,
    /// Solaris or illumos, which no header tells apart.
    Solaris,
    MacOs,
    /// iOS, tvOS, watchOS and the like, and their simulators.
    OtherApple,
    Windows,
}

impl Platform {
    /// By the mark in an ELF header where there is one, else by the interpreter. Files that have neither are for Linux, mostly.
    pub(super) fn from_elf(os_abi: elf::OsAbi, interpreter: Option<&str>) -> Self {
        match os_abi {
            elf::ELFOSABI_FREEBSD => return Self::FreeBsd,
            elf::ELFOSABI_NETBSD => return Self::NetBsd,
            elf::ELFOSABI_OPENBSD => return Self::OpenBsd,
            elf::ELFOSABI_SOLARIS => return Self::Solaris,
            _ => {}
        }
        let Some(path) = interpreter else {
            return Self::Linux;
        };
        match path.rsplit('/').next().unwrap_or(path) {
            "ld-elf.so.1" | "ld-elf32.so.1" => Self::FreeBsd,
            "ld-elf.so.2" => Self::DragonFly,
            "ld.elf_so" => Self::NetBsd,
            "ld.so" => Self::OpenBsd,
            "linker" | "linker64" => Self::Android,
            "ld.so.1"
                if path.starts_with("/usr/lib/")
                    || path.starts_with("/lib/amd64/")
                    || path.starts_with("/lib/64/") =>
            {
                Self::Solaris
            }
            _ => Self::Linux,
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Linux => "Linux",
            Self::Android => "Android",
            Self::FreeBsd => "FreeBSD",
            Self::NetBsd => "NetBSD",
            Self::OpenBsd => "OpenBSD",
            Self::DragonFly => "DragonFly BSD",
            Self::Solaris => "Solaris or illumos",
            Self::MacOs => "macOS",
            Self::OtherApple => "an Apple system other than macOS",
            Self::Windows => "Windows",
        })
    }
}

/// A machine that executables may run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Host {
    /// Its operating system; `None` if the list has none for it.
    pub platform: Option<Platform>,
    /// Its processor; `None` if the list has none for it.
    pub architecture: Option<Architecture>,
}

impl Host {
    /// The machine that this program was compiled for.
    pub fn current() -> Self {
        Self {
            platform: match std::env::consts::OS {
                "linux" => Some(Platform::Linux),
                "android" => Some(Platform::Android),
                "freebsd" => Some(Platform::FreeBsd),
                "netbsd" => Some(Platform::NetBsd),
                "openbsd" => Some(Platform::OpenBsd),
                "dragonfly" => Some(Platform::DragonFly),
                "solaris" | "illumos" => Some(Platform::Solaris),
                "macos" => Some(Platform::MacOs),
                "windows" => Some(Platform::Windows),
                _ => None,
            },
            architecture: Architecture::host(),
        }
    }

    /// Whether this host starts executables for `platform` and `architecture` by itself: natively, in its 32-bit mode, or
    /// by the emulator that comes with the system. Runners that someone may have installed (qemu, wine) do not count, nor does
    /// a missing loader or shared library.
    pub fn runs(self, platform: Platform, architecture: Architecture) -> bool {
        let (Some(own_platform), Some(own)) = (self.platform, self.architecture) else {
            return false;
        };
        if own_platform != platform {
            return false;
        }
        if own == architecture {
            return true;
        }
        match own_platform {
            Platform::MacOs => own == Architecture::Aarch64 && architecture == Architecture::X86_64,
            Platform::Windows => matches!(
                (own, architecture),
                (
                    Architecture::Aarch64,
                    Architecture::X86_64 | Architecture::I686
                ) | (Architecture::X86_64, Architecture::I686)
            ),
            Platform::Linux => own == Architecture::X86_64 && architecture == Architecture::I686,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpreters_tell_the_system() {
        let by_path = |path| Platform::from_elf(elf::ELFOSABI_NONE, Some(path));
        for path in [
            "/lib64/ld-linux-x86-64.so.2",
            "/lib/ld-musl-aarch64.so.1",
            "/lib/ld64.so.1",
            "/lib/ld.so.1",
            "/nix/store/abc-glibc-2.40/lib/ld-linux-x86-64.so.2",
            "",
        ] {
            assert_eq!(by_path(path), Platform::Linux, "{path}");
        }
        for (path, platform) in [
            ("/system/bin/linker64", Platform::Android),
            ("/libexec/ld-elf.so.1", Platform::FreeBsd),
            ("/libexec/ld-elf.so.2", Platform::DragonFly),
            ("/usr/libexec/ld.so", Platform::OpenBsd),
            ("/usr/libexec/ld.elf_so", Platform::NetBsd),
            ("/usr/lib/amd64/ld.so.1", Platform::Solaris),
        ] {
            assert_eq!(by_path(path), platform, "{path}");
        }
        let marked = Platform::from_elf(elf::ELFOSABI_FREEBSD, Some("/lib/ld-linux.so.2"));
        assert_eq!(marked, Platform::FreeBsd);
    }

    #[test]
    fn hosts_run_their_own_kind_and_what_their_system_emulates() {
        let host = |platform, architecture| Host {
            platform: Some(platform),
            architecture: Some(architecture),
        };
        let mac = host(Platform::MacOs, Architecture::Aarch64);
        assert!(mac.runs(Platform::MacOs, Architecture::Aarch64));
        assert!(mac.runs(Platform::MacOs, Architecture::X86_64));
        assert!(!mac.runs(Platform::Linux, Architecture::Aarch64));
        assert!(
            !host(Platform::MacOs, Architecture::X86_64)
                .runs(Platform::MacOs, Architecture::Aarch64)
        );
        let linux = host(Platform::Linux, Architecture::X86_64);
        assert!(linux.runs(Platform::Linux, Architecture::I686));
        assert!(!linux.runs(Platform::Linux, Architecture::Aarch64));
        assert!(!linux.runs(Platform::FreeBsd, Architecture::X86_64));
        assert!(!linux.runs(Platform::Windows, Architecture::X86_64));
        let nowhere = Host {
            platform: None,
            architecture: None,
        };
        assert!(!nowhere.runs(Platform::Linux, Architecture::X86_64));
    }
}
