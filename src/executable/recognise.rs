//! What a file is, by its first bytes.

use object::{macho, pe};

use super::architecture::Architecture;
use super::magic::{ElfFlavour, FatWidth, MachOFlavour};
use super::refusal::Refusal;
use super::region::{Fault, Region};

/// Bytes looked at.
const HEAD: usize = 1024;
/// Bytes of an unknown file that a message shows.
const SHOWN: usize = 16;
/// Characters of a script's first line that a message shows.
const LINE: usize = 80;

/// What a file is.
pub(super) enum Kind {
    /// An ELF file of this class and byte order.
    Elf(ElfFlavour),
    /// A Mach-O file of this width and byte order.
    MachO(MachOFlavour),
    /// A universal Mach-O file.
    MachOUniversal(FatWidth),
    /// A DOS program with a PE header.
    Pe,
    /// None of these.
    Refused(Refusal),
}

/// Whether a file with these first bytes may be an executable: what tells most files at once.
pub(crate) fn begins_as_executable(head: [u8; 4]) -> bool {
    head == *b"\x7fELF"
        || head.starts_with(b"MZ")
        || MachOFlavour::of(&head).is_some()
        || matches!(
            u32::from_be_bytes(head),
            macho::FAT_MAGIC | macho::FAT_MAGIC_64
        )
}

/// Recognises the file in `region`, which is not empty.
pub(super) fn kind(region: &mut Region<'_>) -> Result<Kind, Refusal> {
    let (bytes, count) = region.head::<HEAD>(0)?;
    let head = bytes.get(..count).unwrap_or_default();
    if head.starts_with(b"\x7fELF") {
        return ElfFlavour::of(head).map(Kind::Elf);
    }
    if let Some(flavour) = MachOFlavour::of(head) {
        return Ok(Kind::MachO(flavour));
    }
    if let Some(width) = FatWidth::of(head) {
        return Ok(Kind::MachOUniversal(width));
    }
    if head.starts_with(b"MZ") {
        return dos(region, head);
    }
    Ok(Kind::Refused(other(region, head)?))
}

/// Tells a PE file from the older things that begin with `MZ`.
fn dos(region: &mut Region<'_>, head: &[u8]) -> Result<Kind, Refusal> {
    let header: pe::ImageDosHeader = region.value("the DOS header", 0)?;
    let offset = u64::from(header.nt_headers_offset());
    let (signature, count) = region.head::<4>(offset)?;
    Ok(match &signature {
        _ if count < signature.len() => Kind::Refused(Refusal::from(Fault::Outside {
            what: "the PE header",
            end: offset.saturating_add(4),
            len: region.len(),
        })),
        b"PE\0\0" => Kind::Pe,
        _ => Kind::Refused(unknown(head)),
    })
}

fn other(region: &mut Region<'_>, head: &[u8]) -> Result<Refusal, Fault> {
    if let Some(line) = head.strip_prefix(b"#!") {
        let line = line
            .split(|&byte| byte == b'\n')
            .next()
            .unwrap_or_default()
            .trim_ascii();
        let interpreter = String::from_utf8_lossy(line)
            .chars()
            .take(LINE)
            .flat_map(char::escape_default)
            .collect();
        return Ok(Refusal::Script { interpreter });
    }
    if head.starts_with(b"!<thin>\n") {
        return Ok(Refusal::StaticLibrary {
            kind: "thin static library",
        });
    }
    if head.starts_with(b"!<arch>\n") {
        return static_library(region).map(|kind| Refusal::StaticLibrary { kind });
    }
    if head.starts_with(b"\0asm") {
        return Ok(Refusal::WebAssembly);
    }
    if head.starts_with(b"MDMP") {
        return Ok(Refusal::CoreDump { format: "minidump" });
    }
    if head.starts_with(b"BC\xc0\xde") || head.starts_with(&[0xde, 0xc0, 0x17, 0x0b]) {
        return Ok(Refusal::ObjectFile {
            format: "LLVM bitcode",
        });
    }
    if let Some(kind) = archive(head) {
        return Ok(Refusal::Archive { kind });
    }
    if is_coff_object(region, head)? {
        return Ok(Refusal::ObjectFile { format: "COFF" });
    }
    if is_text(head, region.len() > head.len() as u64) {
        return Ok(Refusal::Text);
    }
    Ok(unknown(head))
}

fn unknown(head: &[u8]) -> Refusal {
    Refusal::UnknownFormat {
        begins: head.get(..SHOWN).unwrap_or(head).escape_ascii().to_string(),
    }
}

/// Tells a Rust library from another `ar` archive: rustc's metadata, `lib.rmeta`, is one of the first members.
fn static_library(region: &mut Region<'_>) -> Result<&'static str, Fault> {
    /// `name[16] mtime[12] uid[6] gid[6] mode[8] size[10]` and two end marks.
    const MEMBER: u64 = 60;
    let mut offset = 8_u64;
    // The symbol index, the long names and the metadata come first, in an order that depends on the writer.
    for _ in 0..4 {
        let (member, count) = region.head::<60>(offset)?;
        if count < member.len() {
            break;
        }
        let (name, rest) = member.split_at(16);
        if name.starts_with(b"lib.rmeta") {
            return Ok("Rust library (.rlib)");
        }
        let size = rest
            .get(32..42)
            .and_then(|size| std::str::from_utf8(size).ok())
            .and_then(|size| size.trim().parse::<u64>().ok());
        let Some(size) = size else { break };
        let Some(next) = offset
            .checked_add(MEMBER)
            .and_then(|body| body.checked_add(size))
            .and_then(|end| end.checked_next_multiple_of(2))
        else {
            break;
        };
        offset = next;
    }
    Ok("static library")
}

fn archive(head: &[u8]) -> Option<&'static str> {
    const MAGICS: &[(&[u8], &str)] = &[
        (b"PK\x03\x04", "ZIP archive"),
        (b"PK\x05\x06", "ZIP archive"),
        (b"\x1f\x8b", "gzip file"),
        (b"\xfd7zXZ\0", "xz file"),
        (b"BZh", "bzip2 file"),
        (b"\x28\xb5\x2f\xfd", "Zstandard file"),
        (b"7z\xbc\xaf\x27\x1c", "7-Zip archive"),
        (b"\xed\xab\xee\xdb", "RPM package"),
    ];
    let tar = head.get(257..262) == Some(b"ustar");
    MAGICS
        .iter()
        .find(|(magic, _)| head.starts_with(magic))
        .map(|&(_, kind)| kind)
        .or(tar.then_some("tar archive"))
}

/// COFF objects have no magic number: a known machine, no optional header, sections and symbols inside of the file.
fn is_coff_object(region: &mut Region<'_>, head: &[u8]) -> Result<bool, Fault> {
    // Objects with many sections, and those with the code of the linker's own optimizer, begin with an empty one.
    if head.starts_with(&[0, 0, 0xff, 0xff]) {
        return Ok(true);
    }
    if head.len() < size_of::<pe::ImageFileHeader>() {
        return Ok(false);
    }
    let header: pe::ImageFileHeader = region.value("the COFF header", 0)?;
    let endian = object::LittleEndian;
    let sections = u64::from(header.number_of_sections.get(endian));
    let symbols = u64::from(header.pointer_to_symbol_table.get(endian));
    let table = size_of::<pe::ImageSectionHeader>() as u64 * sections;
    Ok(Architecture::from_pe(header.machine.get(endian)).is_some()
        && header.size_of_optional_header.get(endian) == 0
        && sections > 0
        && region
            .check(
                "the sections",
                size_of::<pe::ImageFileHeader>() as u64,
                table,
            )
            .is_ok()
        && symbols < region.len())
}

/// Whether the bytes are UTF-8 or UTF-16 text. `more` says that the file goes on, so that a cut character is no fault.
fn is_text(head: &[u8], more: bool) -> bool {
    if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
        return true;
    }
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if more && error.error_len().is_none() => head
            .get(..error.valid_up_to())
            .and_then(|valid| std::str::from_utf8(valid).ok())
            .unwrap_or_default(),
        Err(_) => return false,
    };
    !text.is_empty()
        && text.chars().all(|character| {
            !character.is_control() || matches!(character, '\n' | '\r' | '\t' | '\x0c' | '\x1b')
        })
}
