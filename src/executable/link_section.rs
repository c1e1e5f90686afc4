//! The link section: the manifest that an executable carries in itself.
//!
//! A record is the text `AFMETA01`, a length (u32, little-endian) and that many bytes of UTF-8 JSON. It lies in the section
//! `.airflow_md` or `.airflow_md.*` (ELF), `__DATA,__airflow_md` (Mach-O) or `.aflow` (PE); linkers may put zero bytes behind
//! it. The SDK gives each record of an ELF file a section of its own, so that `--gc-sections` drops the records of functions
//! that nothing calls. Mach-O linkers drop single symbols (`-dead_strip`). PE linkers drop sections too, but give those that
//! stay one name.

use std::error::Error;
use std::fmt;
use std::io::{self, Read, Seek};

use airflow_protocol::record::{
    ELF_SECTION, MACHO_PLACE, MACHO_SECTION, MACHO_SEGMENT, MANIFEST_LIMIT, PE_SECTION,
    RECORD_HEADER, RECORD_MAGIC,
};

use super::recognise::{self, Kind};
use super::refusal::Refusal;
use super::region::{Fault, Region};
use super::section::Section;
use super::{elf, macho, pe};

/// The longest manifest in a record, in bytes.
const MAX_TEXT: u64 = MANIFEST_LIMIT as u64;
/// The zero bytes that are allowed behind a record: more than any linker's alignment asks for.
const MAX_PADDING: u64 = 64 * 1024;
/// The most records that are read. More than one is an error; the others are read for its message.
const MAX_RECORDS: usize = 16;

/// The manifest that was found in an executable.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinkRecord {
    /// The JSON text, which has not been parsed.
    pub json: String,
    /// The section that holds it, by its name in the file's format.
    pub section: &'static str,
}

/// Why a link section cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum SectionError {
    /// The executable's headers cannot be followed.
    Executable(Refusal),
    /// There is more than one record, in one section or in several.
    SeveralRecords {
        /// The name.
        section: &'static str,
        /// The JSON text of each, which has not been parsed; of very many, the first ones.
        records: Vec<String>,
    },
    /// The section is larger than any record may be.
    TooLarge {
        /// The name.
        section: &'static str,
        /// Its size in bytes.
        size: u64,
    },
    /// The section is compressed.
    Compressed {
        /// The name.
        section: &'static str,
    },
    /// The section does not begin with a record.
    NoRecord {
        /// The name.
        section: &'static str,
        /// Its first bytes, escaped.
        begins: String,
    },
    /// The record claims more bytes than the section has.
    Length {
        /// The name.
        section: &'static str,
        /// What the record claims, in bytes.
        claimed: u64,
        /// What is there, in bytes.
        present: u64,
    },
    /// The record's text is not UTF-8.
    NotUtf8 {
        /// The name.
        section: &'static str,
        /// Where in the text, in bytes.
        offset: usize,
    },
    /// Something other than zero bytes follows the record.
    Garbage {
        /// The name.
        section: &'static str,
        /// Where in the section, in bytes.
        offset: usize,
    },
    /// The parts of a universal file do not carry the same record.
    PartsDiffer,
    /// The file could not be read.
    Read(io::Error),
}

impl fmt::Display for SectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Executable(refusal) => {
                write!(
                    f,
                    "cannot look for the manifest in the executable: {refusal}"
                )
            }
            Self::SeveralRecords { section, records } => write!(
                f,
                "the section `{section}` holds {} manifest records, but one executable has one manifest",
                records.len()
            ),
            Self::TooLarge { section, size } => write!(
                f,
                "the section `{section}` has {size} bytes, and a manifest has {MAX_TEXT} at most"
            ),
            Self::Compressed { section } => write!(
                f,
                "the section `{section}` is compressed: link without compressing it"
            ),
            Self::NoRecord { section, begins } => write!(
                f,
                "the section `{section}` does not begin with a manifest record (`{RECORD_MAGIC}`) but with `{begins}`"
            ),
            Self::Length {
                section,
                claimed,
                present,
            } => write!(
                f,
                "the manifest record in the section `{section}` claims {claimed} bytes of text, but {present} are there"
            ),
            Self::NotUtf8 { section, offset } => write!(
                f,
                "the manifest in the section `{section}` is not UTF-8 (byte {offset})"
            ),
            Self::Garbage { section, offset } => write!(
                f,
                "the section `{section}` holds something else behind the manifest record (byte {offset}): keep other data out of it"
            ),
            Self::PartsDiffer => write!(
                f,
                "the parts of the universal file carry different manifests: build all of them from the same source"
            ),
            Self::Read(error) => write!(f, "the file cannot be read: {error}"),
        }
    }
}

impl Error for SectionError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            // `Display` of the outer error holds the inner text already.
            Self::Executable(refusal) => refusal.source(),
            Self::Read(error) => error.source(),
            _ => None,
        }
    }
}

impl From<Refusal> for SectionError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Read(error) => Self::Read(error),
            other => Self::Executable(other),
        }
    }
}

impl From<Fault> for SectionError {
    fn from(fault: Fault) -> Self {
        Refusal::from(fault).into()
    }
}

/// Reads the manifest record from the executable in the bytes `[start, start + len)` of `reader`.
///
/// `Ok(None)` if there is no such section, also for files that are no executables. Section headers are needed: an ELF file
/// without any has no link section to be found. The position of `reader` changes.
///
/// # Errors
/// A [`SectionError`] if the section is there and does not hold exactly one record, or the headers are damaged.
pub fn link_record<R: Read + Seek>(
    mut reader: R,
    start: u64,
    len: u64,
) -> Result<Option<LinkRecord>, SectionError> {
    let mut region = Region::new(&mut reader, start, len);
    if region.len() == 0 {
        return Ok(None);
    }
    match recognise::kind(&mut region)? {
        Kind::MachOUniversal(width) => universal(&mut region, width),
        kind => single(&mut region, &kind),
    }
}

fn universal(
    region: &mut Region<'_>,
    width: macho::FatWidth,
) -> Result<Option<LinkRecord>, SectionError> {
    let mut first: Option<Option<LinkRecord>> = None;
    for (offset, size) in macho::slices(region, width)? {
        let mut slice = region.part("a part of the universal file", offset, size)?;
        let kind = recognise::kind(&mut slice)?;
        let record = single(&mut slice, &kind)?;
        match &first {
            None => first = Some(record),
            Some(first) if *first == record => {}
            Some(_) => return Err(SectionError::PartsDiffer),
        }
    }
    Ok(first.flatten())
}

fn single(region: &mut Region<'_>, kind: &Kind) -> Result<Option<LinkRecord>, SectionError> {
    let mut found: Vec<Section> = Vec::new();
    let mut keep = |section: Section| {
        // One more than is looked at.
        if found.len() <= MAX_RECORDS {
            found.push(section);
        }
    };
    let name = match kind {
        Kind::Elf(flavour) => {
            elf::sections(region, *flavour, &mut |section| {
                let rest = section.name.as_bytes().strip_prefix(ELF_SECTION.as_bytes());
                if matches!(rest, Some([] | [b'.', ..])) {
                    keep(section);
                }
            })?;
            ELF_SECTION
        }
        Kind::MachO(flavour) => {
            macho::sections(region, *flavour, &mut |section| {
                let in_data = section
                    .segment
                    .as_ref()
                    .is_some_and(|segment| segment.as_bytes() == MACHO_SEGMENT.as_bytes());
                if in_data && section.name.as_bytes() == MACHO_SECTION.as_bytes() {
                    keep(section);
                }
            })?;
            MACHO_PLACE
        }
        Kind::Pe => {
            pe::sections(region, &mut |section| {
                if section.name.as_bytes() == PE_SECTION.as_bytes() {
                    keep(section);
                }
            })?;
            PE_SECTION
        }
        Kind::MachOUniversal(_) | Kind::Refused(_) => return Ok(None),
    };
    let mut records = Vec::new();
    let mut room = RECORD_HEADER as u64 + MAX_TEXT + MAX_PADDING;
    for section in found.iter().take(MAX_RECORDS) {
        room = room
            .checked_sub(section.size)
            .ok_or(SectionError::TooLarge {
                section: name,
                size: section.size,
            })?;
        read(region, section, name, &mut records)?;
    }
    if records.len() > 1 {
        return Err(SectionError::SeveralRecords {
            section: name,
            records,
        });
    }
    Ok(records.pop().map(|json| LinkRecord {
        json,
        section: name,
    }))
}

/// Reads the records of one section.
fn read(
    region: &mut Region<'_>,
    section: &Section,
    name: &'static str,
    records: &mut Vec<String>,
) -> Result<(), SectionError> {
    if section.compressed {
        return Err(SectionError::Compressed { section: name });
    }
    let Ok(size) = usize::try_from(section.size) else {
        return Err(SectionError::TooLarge {
            section: name,
            size: section.size,
        });
    };
    let bytes = region.bytes("the link section", section.offset, size)?;
    let mut at = 0;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let (json, end) = parse(rest, name)?;
        records.push(json);
        at += end;
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(position) = rest.iter().position(|&byte| byte != 0) else {
            return Ok(());
        };
        at += position;
        if !bytes
            .get(at..)
            .unwrap_or_default()
            .starts_with(RECORD_MAGIC.as_bytes())
        {
            return Err(SectionError::Garbage {
                section: name,
                offset: at,
            });
        }
        if records.len() == MAX_RECORDS {
            return Ok(());
        }
    }
}

/// The record at the beginning of `bytes`: its text, and where it ends.
fn parse(bytes: &[u8], section: &'static str) -> Result<(String, usize), SectionError> {
    let no_record = || SectionError::NoRecord {
        section,
        begins: bytes.get(..16).unwrap_or(bytes).escape_ascii().to_string(),
    };
    let length = bytes
        .strip_prefix(RECORD_MAGIC.as_bytes())
        .and_then(|rest| rest.first_chunk::<4>())
        .map(|length| u32::from_le_bytes(*length))
        .ok_or_else(no_record)?;
    let present = (bytes.len() - RECORD_HEADER) as u64;
    let end = usize::try_from(length)
        .ok()
        .and_then(|length| length.checked_add(RECORD_HEADER))
        .filter(|&end| end <= bytes.len())
        .ok_or(SectionError::Length {
            section,
            claimed: u64::from(length),
            present,
        })?;
    if u64::from(length) > MAX_TEXT {
        return Err(SectionError::TooLarge {
            section,
            size: u64::from(length),
        });
    }
    let text = bytes.get(RECORD_HEADER..end).unwrap_or_default();
    match std::str::from_utf8(text) {
        Ok(json) => Ok((json.to_owned(), end)),
        Err(error) => Err(SectionError::NotUtf8 {
            section,
            offset: error.valid_up_to(),
        }),
    }
}
