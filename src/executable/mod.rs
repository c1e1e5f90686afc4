//! What kind of file an executable is, for which machine, and what it needs there.
//!
//! Only headers, tables of segments and sections, their names and a few small sections are read, from any position
//! and in small constant memory: an executable may have gigabytes. The bytes are untrusted throughout.

use std::io::{Read, Seek};

mod architecture;
mod caution;
mod description;
mod elf;
mod format;
mod glibc_version;
mod link_section;
mod loader_text;
mod macho;
mod magic;
mod pe;
mod pe_directories;
mod platform;
mod recognise;
mod refusal;
mod region;
mod section;
mod trailing;

pub use architecture::Architecture;
pub use caution::Caution;
pub use description::{Executable, Linkage};
pub use elf::glibc_symbols;
pub use format::Format;
pub use glibc_version::{GlibcVersion, ParseGlibcVersionError};
pub use link_section::{LinkRecord, SectionError, link_record};
pub use platform::{Host, Platform};
pub(crate) use recognise::begins_as_executable;
pub use refusal::Refusal;

use recognise::Kind;
use region::Region;

/// Looks at the bytes `[start, start + len)` of `reader`: an executable that a worker can start, or why it is none.
///
/// It knows nothing of bundles, which are executables with something behind them:
/// `bundle::packable::examine` refuses those. The position of `reader` changes.
///
/// # Errors
/// A [`Refusal`] for everything that is not an executable ELF, Mach-O or PE file for a known processor.
pub fn examine<R: Read + Seek>(mut reader: R, start: u64, len: u64) -> Result<Executable, Refusal> {
    let mut region = Region::new(&mut reader, start, len);
    if region.len() == 0 {
        return Err(Refusal::Empty);
    }
    match recognise::kind(&mut region)? {
        Kind::Elf(flavour) => elf::examine(&mut region, flavour),
        Kind::MachO(flavour) => macho::examine(&mut region, flavour),
        Kind::MachOUniversal(width) => macho::examine_universal(&mut region, width),
        Kind::Pe => pe::examine(&mut region),
        Kind::Refused(refusal) => Err(refusal),
    }
}
