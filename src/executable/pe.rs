//! PE, as Microsoft's "PE Format" describes it.

use object::LittleEndian as LE;
use object::pe;

use super::architecture::Architecture;
use super::description::Executable;
use super::format::Format;
use super::pe_directories::{Layout, Optional, malformed};
use super::platform::Platform;
use super::refusal::Refusal;
use super::region::{Fault, Region};
use super::section::{Name, Section, UPX_WINDOW, has_upx_mark};
use super::trailing;

/// The size of one symbol in a COFF symbol table, in bytes.
const SYMBOL: u64 = 18;

/// The headers of a PE file. The section table stays in the file.
struct Image {
    header: pe::ImageFileHeader,
    optional: Optional,
    sections: u64,
    section_count: u64,
    /// Where the symbols and their strings end in the file.
    symbols_end: u64,
    /// Where names of more than eight bytes are, if there are any.
    strings: Option<u64>,
}

/// Looks at a PE file.
pub(super) fn examine(region: &mut Region<'_>) -> Result<Executable, Refusal> {
    let image = Image::open(region)?;
    let flags = image.header.characteristics.get(LE);
    if flags.contains(pe::IMAGE_FILE_DLL) {
        return Err(Refusal::SharedLibrary {
            kind: "Windows library (.dll)",
        });
    }
    let system = |kind| Err(Refusal::NotAProgram { kind });
    match image.optional.subsystem {
        pe::IMAGE_SUBSYSTEM_EFI_APPLICATION
        | pe::IMAGE_SUBSYSTEM_EFI_BOOT_SERVICE_DRIVER
        | pe::IMAGE_SUBSYSTEM_EFI_RUNTIME_DRIVER
        | pe::IMAGE_SUBSYSTEM_EFI_ROM
        | pe::IMAGE_SUBSYSTEM_WINDOWS_BOOT_APPLICATION => return system("EFI program"),
        pe::IMAGE_SUBSYSTEM_NATIVE => return system("Windows driver or system component"),
        _ => {}
    }
    if !flags.contains(pe::IMAGE_FILE_EXECUTABLE_IMAGE) {
        return Err(malformed(
            "the linker left a mark that it could not finish the file",
        ));
    }
    let machine = image.header.machine.get(LE);
    let architecture = Architecture::from_pe(machine).ok_or(Refusal::UnknownArchitecture {
        format: Format::Pe,
        machine: u32::from(machine.0),
    })?;
    if image.section_count == 0 {
        return Err(malformed("it has no sections"));
    }
    let mut upx = false;
    let mut debug_info_bytes = 0_u64;
    let mut no_code = false;
    let mut first_stored = u64::MAX;
    image.visit(region, &mut |section| {
        upx |= matches!(section.name.as_bytes(), b"UPX0" | b"UPX1");
        if section.size != 0 {
            first_stored = first_stored.min(section.offset);
        }
        no_code |= section.name.as_bytes() == b".text" && section.size == 0;
        if section.is_debug() {
            debug_info_bytes = debug_info_bytes.saturating_add(section.size);
        }
    })?;
    // UPX puts its header right before the first section that has bytes. The names of its sections may be changed.
    if upx || has_upx_mark(region, first_stored.saturating_sub(UPX_WINDOW as u64))? {
        return Err(Refusal::Upx);
    }
    let (_, certificates) = image
        .optional
        .directory(region, pe::IMAGE_DIRECTORY_ENTRY_SECURITY)?;
    if certificates != 0 {
        return Err(Refusal::Authenticode);
    }
    // GNU objcopy leaves the sections of the executable there, without their bytes.
    if no_code && debug_info_bytes != 0 {
        return Err(Refusal::DebugFile { format: Format::Pe });
    }
    let layout = Layout::read(
        region,
        image.optional.headers_size,
        image.sections,
        image.section_count,
    )?;
    let end = image
        .headers_end()
        .max(image.symbols_end)
        .max(layout.sections_end())
        .max(layout.debug_end(region, &image.optional)?);
    Ok(Executable {
        format: Format::Pe,
        platform: Platform::Windows,
        architectures: vec![architecture],
        debug_info_bytes,
        interpreter: None,
        linkage: None,
        glibc: None,
        needed: layout.needed(region, &image.optional)?,
        rpath: Vec::new(),
        trailing_bytes: trailing::bytes_behind(region, end)?,
    })
}

/// Calls `visit` for every section of a PE file.
pub(super) fn sections(
    region: &mut Region<'_>,
    visit: &mut dyn FnMut(Section),
) -> Result<(), Refusal> {
    Image::open(region)?.visit(region, visit)
}

impl Image {
    fn open(region: &mut Region<'_>) -> Result<Self, Refusal> {
        let dos: pe::ImageDosHeader = region.value("the DOS header", 0)?;
        // Four bytes of signature precede the COFF header.
        let at = u64::from(dos.nt_headers_offset()) + 4;
        let header: pe::ImageFileHeader = region.value("the PE header", at)?;
        let optional = at + size_of::<pe::ImageFileHeader>() as u64;
        let optional_size = u64::from(header.size_of_optional_header.get(LE));
        region.check("the optional PE header", optional, optional_size)?;
        let at = optional;
        let optional = Optional::read(region, at, optional_size)?;
        let sections = at + optional_size;
        let section_count = u64::from(header.number_of_sections.get(LE));
        region.check(
            "the section table",
            sections,
            section_count * size_of::<pe::ImageSectionHeader>() as u64,
        )?;
        let symbols = u64::from(header.pointer_to_symbol_table.get(LE));
        let symbol_count = u64::from(header.number_of_symbols.get(LE));
        let mut strings = None;
        let mut symbols_end = 0;
        if symbols != 0 && symbol_count != 0 {
            let offset = symbols + symbol_count * SYMBOL;
            let size: object::U32<LE> = region.value("the symbol table", offset)?;
            let size = u64::from(size.get(LE));
            region.check("the table of strings", offset, size)?;
            strings = Some(offset);
            symbols_end = offset + size;
        } else if symbols != 0 {
            // Symbols may be stripped and long section names be left.
            strings = Some(symbols);
            if region.check("the table of strings", symbols, 4).is_ok() {
                let size: object::U32<LE> = region.value("the table of strings", symbols)?;
                symbols_end = symbols + u64::from(size.get(LE));
            }
        }
        Ok(Self {
            header,
            optional,
            sections,
            section_count,
            symbols_end,
            strings,
        })
    }

    /// Where the headers end in the file.
    fn headers_end(&self) -> u64 {
        let table = self.section_count * size_of::<pe::ImageSectionHeader>() as u64;
        self.optional.headers_size.max(self.sections + table)
    }

    fn visit(
        &self,
        region: &mut Region<'_>,
        visit: &mut dyn FnMut(Section),
    ) -> Result<(), Refusal> {
        for index in 0..self.section_count {
            let offset = self.sections + index * size_of::<pe::ImageSectionHeader>() as u64;
            let section: pe::ImageSectionHeader = region.value("the section table", offset)?;
            let flags = section.characteristics.get(LE);
            let stored = !flags.contains(pe::IMAGE_SCN_CNT_UNINITIALIZED_DATA)
                && section.pointer_to_raw_data.get(LE) != 0;
            let raw = u64::from(section.size_of_raw_data.get(LE));
            let offset = u64::from(section.pointer_to_raw_data.get(LE));
            if stored {
                region.check("a section", offset, raw)?;
            }
            // What is stored is rounded up, so the size in memory is the exact one where it is less.
            let size = match u64::from(section.virtual_size.get(LE)) {
                0 => raw,
                exact => raw.min(exact),
            };
            visit(Section {
                segment: None,
                name: self.name(region, &section)?,
                offset,
                size: if stored { size } else { 0 },
                compressed: false,
            });
        }
        Ok(())
    }

    /// Names of more than eight bytes, a GNU extension, are written `/` and their offset in the table of strings.
    fn name(
        &self,
        region: &mut Region<'_>,
        section: &pe::ImageSectionHeader,
    ) -> Result<Name, Fault> {
        let short = Name::until_zero(&section.name);
        let within = short
            .as_bytes()
            .strip_prefix(b"/")
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| digits.parse::<u64>().ok());
        let (Some(strings), Some(within)) = (self.strings, within) else {
            return Ok(short);
        };
        let offset = strings + within;
        region.check("the table of strings", offset, 1)?;
        let (bytes, count) = region.head::<32>(offset)?;
        Ok(Name::until_zero(bytes.get(..count).unwrap_or_default()))
    }
}
