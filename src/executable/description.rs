//! The description of an executable: its format, system and processors, and what its loader needs.

use std::fmt;

use super::architecture::Architecture;
use super::format::Format;
use super::glibc_version::GlibcVersion;
use super::platform::{Host, Platform};

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

/// An executable that a worker can start.
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
    /// The libraries without which its loader does not start it, in the order of the file and as they are written there: names
    /// or paths. Bytes that are no UTF-8 are replaced.
    pub needed: Vec<String>,
    /// The folders in which its loader looks for them first, as they are written: also relative to `$ORIGIN` or
    /// `@executable_path`. ELF (`DT_RUNPATH`, or `DT_RPATH` where that is missing) and Mach-O (`LC_RPATH`) only. Bytes that are
    /// no UTF-8 are replaced.
    pub rpath: Vec<String>,
    /// How many bytes stand behind what its headers describe. Zeros that fill the last page do not count.
    pub trailing_bytes: u64,
}

impl Executable {
    /// Whether `host` starts it: see [`Host::runs`].
    pub fn runs_on(&self, host: Host) -> bool {
        self.architectures
            .iter()
            .any(|&architecture| host.runs(self.platform, architecture))
    }

    /// Whether it is made for the system and the processor of this machine.
    pub fn is_for_this_machine(&self) -> bool {
        self.runs_on(Host::current())
    }

    /// Whether this machine starts it: it is made for it, and the interpreter that it names is there. Missing libraries are not
    /// looked for.
    pub fn runs_here(&self) -> bool {
        self.is_for_this_machine() && self.has_interpreter_here()
    }

    /// Whether the interpreter that it names, if it names one, is a file on this machine.
    pub(super) fn has_interpreter_here(&self) -> bool {
        self.interpreter.as_deref().is_none_or(|path| {
            let path = std::path::Path::new(path);
            // The kernel takes a relative path from the folder that a worker happens to be in.
            path.is_absolute() && path.is_file()
        })
    }

    /// Whether it is for Linux, as Airflow's workers usually are.
    pub fn is_for_linux(&self) -> bool {
        self.platform == Platform::Linux
    }

    /// The libraries that it needs beyond those which come with the C library and the compiler. None for PE: no list of
    /// the libraries of Windows is kept here.
    fn uncommon_libraries(&self) -> impl Iterator<Item = &str> {
        /// Parts of the GNU C library and of musl, by the beginnings of their names, and GCC's support library, which
        /// Rust's standard library needs on all systems that have it.
        const COMMON: [&str; 14] = [
            "ld-linux",
            "ld-musl-",
            "ld64.so",
            "ld.so",
            "libc.so",
            "libc.musl-",
            "libm.so",
            "libdl.so",
            "libpthread.so",
            "librt.so",
            "libutil.so",
            "libresolv.so",
            "libmvec.so",
            "libgcc_s.so",
        ];
        let begins = |library: &str, with: &[&str]| with.iter().any(|one| library.starts_with(one));
        let libraries = self.needed.iter().map(String::as_str);
        libraries.filter(move |library| match self.format {
            Format::Elf => !begins(library, &COMMON),
            Format::MachO | Format::MachOUniversal => {
                !begins(library, &["/usr/lib/", "/System/Library/"])
            }
            Format::Pe => false,
        })
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
    /// One line: `ELF executable for Linux on x86_64, dynamic (/lib64/ld-linux-x86-64.so.2), glibc 2.34, needs libpq.so.5`.
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
            write!(f, " ({})", Shown(interpreter))?;
        }
        if let Some(glibc) = self.glibc {
            write!(f, ", glibc {glibc}")?;
        }
        let mut separator = ", needs ";
        let mut more = 0_usize;
        for (index, library) in self.uncommon_libraries().enumerate() {
            if index < LISTED {
                write!(f, "{separator}{}", Shown(library))?;
                separator = ", ";
            } else {
                more += 1;
            }
        }
        if more > 0 {
            write!(f, " and {more} more libraries")?;
        }
        Ok(())
    }
}

/// So many names or paths are listed in a line; the rest is counted.
pub(super) const LISTED: usize = 6;
/// So many characters of a name or path are shown. A longer text would fill the screen.
const SHOWN: usize = 300;

/// A name or path from a file, escaped and cut, for a line of text.
pub(super) struct Shown<'a>(pub(super) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars().take(SHOWN) {
            write!(f, "{}", character.escape_default())?;
        }
        if self.0.chars().nth(SHOWN).is_some() {
            f.write_str("…")?;
        }
        Ok(())
    }
}
