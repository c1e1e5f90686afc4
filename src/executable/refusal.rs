//! Why a file cannot be packed.

use std::error::Error;
use std::fmt;
use std::io;

use super::format::Format;
use super::region::Fault;

/// Why a file is not an executable that can be packed.
///
/// `Display` says what the file is, why that cannot be packed and what to do; the caller puts the path before it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// The file has no bytes.
    Empty,
    /// Text, such as source code or a shell script without its first line.
    Text,
    /// A script that names its interpreter in the first line.
    Script {
        /// The first line after `#!`, shortened and escaped.
        interpreter: String,
    },
    /// An archive or compressed file, by name (`ZIP archive`, which includes Python wheels and Java archives).
    Archive {
        /// What kind of archive.
        kind: &'static str,
    },
    /// Compiler output that has not been linked.
    ObjectFile {
        /// Of which format (`ELF`, `COFF`, `Mach-O`, `LLVM bitcode`).
        format: &'static str,
    },
    /// An `ar` archive.
    StaticLibrary {
        /// `static library`, `thin static library` or `Rust library (.rlib)`.
        kind: &'static str,
    },
    /// A library that programs load.
    SharedLibrary {
        /// Of which kind (`shared library (ELF, .so)`, `Windows library (.dll)`).
        kind: &'static str,
    },
    /// A WebAssembly module.
    WebAssembly,
    /// The memory of a program that ended.
    CoreDump {
        /// Of which format (`ELF`, `Mach-O`, `minidump`).
        format: &'static str,
    },
    /// The debug information of an executable, in a file of its own.
    DebugFile {
        /// Of which format.
        format: Format,
    },
    /// Something that firmware, a kernel or a loader runs, not a user.
    NotAProgram {
        /// What it is (`EFI application`, `kernel extension`).
        kind: &'static str,
    },
    /// The file ends before its headers say.
    Truncated {
        /// What lies beyond the end.
        what: &'static str,
        /// The least size the file must have, in bytes.
        needs: u64,
        /// The size it has, in bytes.
        has: u64,
    },
    /// UPX has compressed the executable.
    Upx,
    /// A PE with a certificate table.
    Authenticode,
    /// A format that is known, for a processor that is not.
    UnknownArchitecture {
        /// The format of the file.
        format: Format,
        /// Its machine number.
        machine: u32,
    },
    /// The file has a bundle's footer already. `bundle::packable` looks for it.
    AlreadyBundle,
    /// The headers contradict themselves.
    Malformed {
        /// The format of the file.
        format: Format,
        /// What is wrong.
        what: String,
    },
    /// Nothing that is known.
    UnknownFormat {
        /// The first bytes, escaped.
        begins: String,
    },
    /// One part of a universal Mach-O is refused.
    Slice {
        /// Which one, counted from one.
        number: usize,
        /// Why.
        reason: Box<Refusal>,
    },
    /// The file could not be read.
    Read(io::Error),
}

impl Refusal {
    pub(super) fn malformed(format: Format, what: impl Into<String>) -> Self {
        Self::Malformed {
            format,
            what: what.into(),
        }
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Io(error) => Self::Read(error),
            Fault::Outside { what, end, len } => Self::Truncated {
                what,
                needs: end,
                has: len,
            },
        }
    }
}

const BUILD_A_BIN: &str = "pack the executable of a bin target (`src/main.rs` or `[[bin]]`)";

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(
                f,
                "an empty file has nothing to run: build the executable again, then pack it"
            ),
            Self::Text => write!(
                f,
                "a text file is not an executable, and a bundle begins with one: {BUILD_A_BIN}; source code goes into the bundle with `--source`"
            ),
            Self::Script { interpreter } => write!(
                f,
                "a script for `{interpreter}` is not an executable; its interpreter would read the bundle's appended bytes as part of the script: {BUILD_A_BIN}"
            ),
            Self::Archive { kind } => write!(
                f,
                "a {kind} is not an executable: take the executable out of it and pack that"
            ),
            Self::ObjectFile { format } => write!(
                f,
                "a relocatable object file ({format}) has not been linked, so it cannot run: link it, or {BUILD_A_BIN}"
            ),
            Self::StaticLibrary { kind } => write!(
                f,
                "a {kind} is an archive of object files, not a program: {BUILD_A_BIN}, not the output of a library target"
            ),
            Self::SharedLibrary { kind } => write!(
                f,
                "a {kind} is loaded by programs and cannot be started: {BUILD_A_BIN}, not a target with the crate type `cdylib` or `dylib`"
            ),
            Self::WebAssembly => write!(
                f,
                "a WebAssembly module cannot be started by an Airflow worker: build for a native target, such as `--target x86_64-unknown-linux-gnu`"
            ),
            Self::CoreDump { format } => write!(
                f,
                "a core dump ({format}) is what a crashed program left behind, not a program: pack the executable that crashed, once it is mended"
            ),
            Self::DebugFile { format } => write!(
                f,
                "a separate debug information file ({format}) has no code to run: pack the executable that it belongs to"
            ),
            Self::NotAProgram { kind } => write!(
                f,
                "a file of the kind \"{kind}\" is not a program that a user can start: {BUILD_A_BIN}"
            ),
            Self::Truncated { what, needs, has } => write!(
                f,
                "the file is cut short or damaged: {what} would end at byte {needs}, but the file has {has} bytes; copy or build it again"
            ),
            Self::Upx => write!(
                f,
                "an executable compressed by UPX cannot be packed: UPX rewrites the whole file, and its loader and `upx -d` do not expect anything appended; pack the executable as it was before UPX (`upx -d` restores it)"
            ),
            Self::Authenticode => write!(
                f,
                "an executable with an Authenticode signature cannot be packed: Windows wants the certificate table at the end of the file, where the bundle's footer has to be, and appending breaks the signature; pack the unsigned executable"
            ),
            Self::UnknownArchitecture { format, machine } => write!(
                f,
                "{} {format} file for an unknown processor (machine number {machine:#x}) cannot be packed: build for a target that Airflow workers run, such as `--target x86_64-unknown-linux-gnu`",
                format.article()
            ),
            Self::AlreadyBundle => write!(
                f,
                "the file is a bundle already (it ends in `AFBNDL01`), and footers must not be nested: take the plain executable out with `cargo airflow-bundle unpack`, or build it again"
            ),
            Self::Malformed { format, what } => write!(
                f,
                "{} {format} file with damaged headers cannot be packed: {what}; build it again",
                format.article()
            ),
            Self::UnknownFormat { begins } => write!(
                f,
                "not an ELF, Mach-O or PE executable: the file begins with `{begins}`; {BUILD_A_BIN}"
            ),
            Self::Slice { number, reason } => {
                write!(f, "part {number} of the universal Mach-O file: {reason}")
            }
            Self::Read(error) => write!(f, "the file cannot be read: {error}"),
        }
    }
}

impl Error for Refusal {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            // `Display` of the outer error holds the inner text already, so these are passed through.
            Self::Slice { reason, .. } => reason.source(),
            Self::Read(error) => error.source(),
            _ => None,
        }
    }
}
