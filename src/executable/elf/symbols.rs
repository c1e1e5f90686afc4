//! Which symbols an ELF file needs from the newest version of the GNU C library.
//!
//! Found by the section headers, which give the number of symbols; the loader has no use for that number. A file without
//! them can be started all the same, so that nothing is found there.

use std::io::{Read, Seek};

use object::Endianness;
use object::elf;
use object::read::elf::{FileHeader, Sym};

use super::glibc::List;
use super::image;
use crate::executable::glibc_version::GlibcVersion;
use crate::executable::magic::ElfFlavour;
use crate::executable::recognise::{self, Kind};
use crate::executable::refusal::Refusal;
use crate::executable::region::Region;
use crate::executable::section::Section;

/// The most symbols that are looked at. Large programs import some thousands.
const MAX_SYMBOLS: u64 = 65_536;
/// The bits of a symbol's version that are its number; the other one hides the symbol from the linker.
const NUMBER: u16 = 0x7fff;
/// The most names that are returned.
const MAX_NAMES: usize = 4;
/// The longest part of a name that is looked at, in bytes.
const MAX_NAME: usize = 128;

/// Names of symbols that the executable in the bytes `[start, start + len)` of `reader` needs from this version of the GNU C
/// library: the first four that are UTF-8, in the order of the file.
///
/// Empty if the executable's section headers were removed, and for a version that no symbol is needed from (2.36, for packed
/// relocations). The position of `reader` changes.
///
/// # Errors
/// A [`Refusal`] if the file is damaged.
pub fn glibc_symbols<R: Read + Seek>(
    mut reader: R,
    start: u64,
    len: u64,
    version: GlibcVersion,
) -> Result<Vec<String>, Refusal> {
    let mut region = Region::new(&mut reader, start, len);
    if region.len() == 0 {
        return Ok(Vec::new());
    }
    match recognise::kind(&mut region)? {
        Kind::Elf(flavour) if flavour.wide => {
            find::<elf::FileHeader64<Endianness>>(&mut region, flavour, version)
        }
        Kind::Elf(flavour) => find::<elf::FileHeader32<Endianness>>(&mut region, flavour, version),
        _ => Ok(Vec::new()),
    }
}

/// The sections that lead from a version to its symbols.
#[derive(Default)]
struct Tables {
    /// `.gnu.version_r`: the versions needed.
    needed: Option<Section>,
    /// `.gnu.version`: a number of a version for each symbol.
    numbers: Option<Section>,
    /// `.dynsym`: the symbols.
    symbols: Option<Section>,
    /// `.dynstr`: the strings.
    strings: Option<Section>,
}

fn find<H: FileHeader<Endian = Endianness>>(
    region: &mut Region<'_>,
    flavour: ElfFlavour,
    version: GlibcVersion,
) -> Result<Vec<String>, Refusal> {
    let mut tables = Tables::default();
    image::sections(
        region,
        flavour,
        &mut |section| match section.name.as_bytes() {
            b".gnu.version_r" => tables.needed = Some(section),
            b".gnu.version" => tables.numbers = Some(section),
            b".dynsym" => tables.symbols = Some(section),
            b".dynstr" => tables.strings = Some(section),
            _ => {}
        },
    )?;
    let (Some(needed), Some(numbers), Some(symbols), Some(strings)) = (
        tables.needed,
        tables.numbers,
        tables.symbols,
        tables.strings,
    ) else {
        return Ok(Vec::new());
    };
    let endian = flavour.endian;
    let list = List {
        start: needed.offset,
        libraries: u64::MAX,
        strings: strings.offset,
        endian,
    };
    // Several libraries of glibc may be needed in the same version.
    let mut wanted = vec![false; usize::from(NUMBER) + 1];
    list.visit(region, &mut |found, number| {
        if found == version
            && let Some(wanted) = wanted.get_mut(usize::from(number & NUMBER))
        {
            *wanted = true;
        }
    })?;
    let mut names = Vec::new();
    for index in 0..(numbers.size / 2).min(MAX_SYMBOLS) {
        let number: elf::Versym<Endianness> =
            region.value("the versions of symbols", numbers.offset + index * 2)?;
        let number = usize::from(number.0.get(endian).0 & NUMBER);
        if wanted.get(number) != Some(&true) {
            continue;
        }
        let offset = symbols
            .offset
            .saturating_add(index * size_of::<H::Sym>() as u64);
        let symbol: H::Sym = region.value("the dynamic symbols", offset)?;
        let name = strings
            .offset
            .saturating_add(u64::from(symbol.st_name(endian)));
        names.extend(name_at(region, name)?);
        if names.len() == MAX_NAMES {
            break;
        }
    }
    Ok(names)
}

/// The name at `offset`, if it is short enough to show and UTF-8.
fn name_at(region: &mut Region<'_>, offset: u64) -> Result<Option<String>, Refusal> {
    region.check("the name of a symbol", offset, 1)?;
    let (bytes, count) = region.head::<MAX_NAME>(offset)?;
    let bytes = bytes.get(..count).unwrap_or_default();
    let end = bytes.iter().position(|&byte| byte == 0);
    let name = end.and_then(|end| bytes.get(..end));
    Ok(name
        .filter(|name| !name.is_empty())
        .and_then(|name| std::str::from_utf8(name).ok())
        .map(str::to_owned))
}
