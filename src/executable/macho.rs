//! Mach-O, thin and universal, as Apple's `mach-o/loader.h` and `mach-o/fat.h` describe them.

use object::macho;
use object::read::macho::{MachHeader, Section as _, Segment};
use object::{BigEndian, Endianness};

use super::architecture::Architecture;
use super::description::Executable;
use super::format::Format;
use super::loader_text::{LoaderText, merge};
use super::magic::{FatWidth, MachOFlavour};
use super::platform::Platform;
use super::recognise::{self, Kind};
use super::refusal::Refusal;
use super::region::{Fault, Region};
use super::section::{Name, Section, has_upx_mark};
use super::trailing;

/// The most load commands that are looked at. Executables have dozens.
const MAX_COMMANDS: u32 = 20_000;
/// The most sections that are looked at. Executables have dozens.
const MAX_SECTIONS: u32 = 65_536;
/// The most parts of a universal file. There are not that many architectures.
const MAX_SLICES: u32 = 32;

fn malformed(what: impl Into<String>) -> Refusal {
    Refusal::malformed(Format::MachO, what)
}

/// Looks at a thin Mach-O file.
pub(super) fn examine(
    region: &mut Region<'_>,
    flavour: MachOFlavour,
) -> Result<Executable, Refusal> {
    if flavour.wide {
        Image::<macho::MachHeader64<Endianness>>::open(region, flavour)?.examine(region)
    } else {
        Image::<macho::MachHeader32<Endianness>>::open(region, flavour)?.examine(region)
    }
}

/// Calls `visit` for every section of a thin Mach-O file.
pub(super) fn sections(
    region: &mut Region<'_>,
    flavour: MachOFlavour,
    visit: &mut dyn FnMut(Section),
) -> Result<(), Refusal> {
    if flavour.wide {
        Image::<macho::MachHeader64<Endianness>>::open(region, flavour)?
            .walk(region, visit)
            .map(drop)
    } else {
        Image::<macho::MachHeader32<Endianness>>::open(region, flavour)?
            .walk(region, visit)
            .map(drop)
    }
}

/// Looks at every part of a universal Mach-O file.
pub(super) fn examine_universal(
    region: &mut Region<'_>,
    width: FatWidth,
) -> Result<Executable, Refusal> {
    let mut whole: Option<Executable> = None;
    let mut end = 0;
    for (index, (offset, size)) in slices(region, width)?.into_iter().enumerate() {
        let refused = |reason| Refusal::Slice {
            number: index + 1,
            reason: Box::new(reason),
        };
        let mut slice = region.part("a part of the universal file", offset, size)?;
        let part = examine_slice(&mut slice).map_err(refused)?;
        whole = Some(match whole {
            None => Executable {
                format: Format::MachOUniversal,
                ..part
            },
            Some(mut whole) => {
                whole.architectures.extend(part.architectures);
                whole.debug_info_bytes =
                    whole.debug_info_bytes.saturating_add(part.debug_info_bytes);
                merge(&mut whole.needed, part.needed);
                merge(&mut whole.rpath, part.rpath);
                whole.trailing_bytes = whole.trailing_bytes.saturating_add(part.trailing_bytes);
                whole
            }
        });
        end = end.max(offset.saturating_add(size));
    }
    let mut whole =
        whole.ok_or_else(|| Refusal::malformed(Format::MachOUniversal, "it has no parts"))?;
    let behind = trailing::bytes_behind(region, end)?;
    whole.trailing_bytes = whole.trailing_bytes.saturating_add(behind);
    Ok(whole)
}

fn examine_slice(slice: &mut Region<'_>) -> Result<Executable, Refusal> {
    if slice.len() == 0 {
        return Err(Refusal::Empty);
    }
    match recognise::kind(slice)? {
        Kind::MachO(flavour) => examine(slice, flavour),
        Kind::Refused(refusal) => Err(refusal),
        _ => Err(malformed("it is not a Mach-O file for one architecture")),
    }
}

/// Where the parts of a universal file are: offset and size of each.
pub(super) fn slices(region: &mut Region<'_>, width: FatWidth) -> Result<Vec<(u64, u64)>, Refusal> {
    const WHAT: &str = "the table of the universal file's parts";
    let header: macho::FatHeader = region.value("the header of the universal file", 0)?;
    let count = header.nfat_arch.get(BigEndian);
    if count > MAX_SLICES {
        return Err(Refusal::malformed(
            Format::MachOUniversal,
            format!("it claims {count} parts"),
        ));
    }
    let mut offset = size_of::<macho::FatHeader>() as u64;
    let mut found = Vec::new();
    for _ in 0..count {
        found.push(match width {
            FatWidth::Narrow => {
                let entry: macho::FatArch32 = region.value(WHAT, offset)?;
                offset += size_of_val(&entry) as u64;
                (
                    u64::from(entry.offset.get(BigEndian)),
                    u64::from(entry.size.get(BigEndian)),
                )
            }
            FatWidth::Wide => {
                let entry: macho::FatArch64 = region.value(WHAT, offset)?;
                offset += size_of_val(&entry) as u64;
                (entry.offset.get(BigEndian), entry.size.get(BigEndian))
            }
        });
    }
    Ok(found)
}

/// What the load commands say, apart from sections.
struct Commands {
    platform: Platform,
    needed: Vec<String>,
    rpath: Vec<String>,
    /// Where the last thing that they describe ends in the file.
    end: u64,
}

/// The header of a thin Mach-O file. The load commands stay in the file.
struct Image<H: MachHeader<Endian = Endianness>> {
    header: H,
    endian: Endianness,
}

impl<H: MachHeader<Endian = Endianness>> Image<H> {
    fn open(region: &mut Region<'_>, flavour: MachOFlavour) -> Result<Self, Refusal> {
        let image = Self {
            header: region.value("the Mach-O header", 0)?,
            endian: flavour.endian,
        };
        region.check("the load commands", 0, image.commands_end())?;
        Ok(image)
    }

    fn commands_end(&self) -> u64 {
        size_of::<H>() as u64 + u64::from(self.header.sizeofcmds(self.endian))
    }

    fn examine(&self, region: &mut Region<'_>) -> Result<Executable, Refusal> {
        let endian = self.endian;
        refuse_other_types(self.header.filetype(endian))?;
        let cpu = self.header.cputype(endian);
        let architecture = Architecture::from_macho(cpu, self.header.cpusubtype(endian)).ok_or(
            Refusal::UnknownArchitecture {
                format: Format::MachO,
                machine: cpu.0,
            },
        )?;
        if has_upx_mark(region, self.commands_end())? {
            return Err(Refusal::Upx);
        }
        let mut debug_info_bytes = 0_u64;
        let commands = self.walk(region, &mut |section| {
            if section.is_debug() {
                debug_info_bytes = debug_info_bytes.saturating_add(section.size);
            }
        })?;
        Ok(Executable {
            format: Format::MachO,
            platform: commands.platform,
            architectures: vec![architecture],
            debug_info_bytes,
            interpreter: None,
            linkage: None,
            glibc: None,
            needed: commands.needed,
            rpath: commands.rpath,
            trailing_bytes: trailing::bytes_behind(region, commands.end)?,
        })
    }

    /// Goes through the load commands: checks that the segments lie inside of the file, calls `visit` for each section,
    /// and returns what the other commands say.
    fn walk(
        &self,
        region: &mut Region<'_>,
        visit: &mut dyn FnMut(Section),
    ) -> Result<Commands, Refusal> {
        const HEADER: u64 = size_of::<macho::LoadCommand<Endianness>>() as u64;
        let endian = self.endian;
        let count = self.header.ncmds(endian);
        if count > MAX_COMMANDS {
            return Err(malformed(format!("it claims {count} load commands")));
        }
        let mut commands = Commands {
            platform: Platform::MacOs,
            needed: Vec::new(),
            rpath: Vec::new(),
            end: self.commands_end(),
        };
        let mut text = LoaderText::new(Format::MachO);
        let mut left = MAX_SECTIONS;
        let mut offset = size_of::<H>() as u64;
        for _ in 0..count {
            let command: macho::LoadCommand<Endianness> =
                region.value("the load commands", offset)?;
            let size = u64::from(command.cmdsize.get(endian));
            let end = offset.saturating_add(size);
            if size < HEADER || end > self.commands_end() {
                return Err(malformed("a load command has an impossible size"));
            }
            match command.cmd.get(endian) {
                macho::LC_SEGMENT | macho::LC_SEGMENT_64 => {
                    let segment_end = self.segment(region, offset, end, &mut left, visit)?;
                    commands.end = commands.end.max(segment_end);
                }
                // The loader forgives it if one of the kind `LC_LOAD_WEAK_DYLIB` is missing.
                macho::LC_LOAD_DYLIB | macho::LC_REEXPORT_DYLIB | macho::LC_LOAD_UPWARD_DYLIB => {
                    let dylib: macho::DylibCommand<Endianness> =
                        region.value("the load commands", offset)?;
                    let name = u64::from(dylib.dylib.name.offset.get(endian));
                    let name = text.read(region, offset.saturating_add(name), end)?;
                    commands.needed.push(name);
                }
                macho::LC_RPATH => {
                    let rpath: macho::RpathCommand<Endianness> =
                        region.value("the load commands", offset)?;
                    let path = u64::from(rpath.path.offset.get(endian));
                    let path = text.read(region, offset.saturating_add(path), end)?;
                    commands.rpath.push(path);
                }
                // Files without a segment for it have their symbols behind the segments.
                macho::LC_SYMTAB => {
                    let symbols: macho::SymtabCommand<Endianness> =
                        region.value("the load commands", offset)?;
                    let strings = u64::from(symbols.stroff.get(endian));
                    let size = u64::from(symbols.strsize.get(endian));
                    commands.end = commands.end.max(strings + size);
                }
                macho::LC_CODE_SIGNATURE => {
                    let data: macho::LinkeditDataCommand<Endianness> =
                        region.value("the load commands", offset)?;
                    let start = u64::from(data.dataoff.get(endian));
                    let size = u64::from(data.datasize.get(endian));
                    commands.end = commands.end.max(start + size);
                }
                macho::LC_BUILD_VERSION => {
                    let build: macho::BuildVersionCommand<Endianness> =
                        region.value("the load commands", offset)?;
                    commands.platform = match build.platform.get(endian) {
                        macho::PLATFORM_MACOS | macho::PLATFORM_MACCATALYST => Platform::MacOs,
                        _ => Platform::OtherApple,
                    };
                }
                macho::LC_VERSION_MIN_IPHONEOS
                | macho::LC_VERSION_MIN_TVOS
                | macho::LC_VERSION_MIN_WATCHOS => commands.platform = Platform::OtherApple,
                _ => {}
            }
            offset = end;
        }
        Ok(commands)
    }

    /// Returns where the segment ends in the file.
    fn segment(
        &self,
        region: &mut Region<'_>,
        offset: u64,
        end: u64,
        left: &mut u32,
        visit: &mut dyn FnMut(Section),
    ) -> Result<u64, Refusal> {
        let endian = self.endian;
        let segment: H::Segment = region.value("the load commands", offset)?;
        let (file_offset, size) = segment.file_range(endian);
        region.check("a segment", file_offset, size)?;
        let count = segment.nsects(endian);
        *left = left
            .checked_sub(count)
            .ok_or_else(|| malformed("it claims too many sections"))?;
        let mut at = offset.saturating_add(size_of::<H::Segment>() as u64);
        for _ in 0..count {
            let next = at.saturating_add(size_of::<H::Section>() as u64);
            if next > end {
                return Err(malformed("the sections of a segment overrun its command"));
            }
            let section = self.section(region, at)?;
            region.check("a section", section.offset, section.size)?;
            visit(section);
            at = next;
        }
        Ok(file_offset.saturating_add(size))
    }

    fn section(&self, region: &mut Region<'_>, offset: u64) -> Result<Section, Fault> {
        let endian = self.endian;
        let section: H::Section = region.value("the load commands", offset)?;
        let stored = !matches!(
            section.flags(endian).typ(),
            macho::S_ZEROFILL | macho::S_GB_ZEROFILL | macho::S_THREAD_LOCAL_ZEROFILL
        );
        Ok(Section {
            segment: Some(Name::until_zero(section.segname())),
            name: Name::until_zero(section.sectname()),
            offset: u64::from(section.offset(endian)),
            size: if stored {
                section.size(endian).into()
            } else {
                0
            },
            compressed: false,
        })
    }
}

fn refuse_other_types(kind: macho::FileType) -> Result<(), Refusal> {
    let library = |kind| Err(Refusal::SharedLibrary { kind });
    let other = |kind| Err(Refusal::NotAProgram { kind });
    match kind {
        macho::MH_EXECUTE => Ok(()),
        macho::MH_OBJECT => Err(Refusal::ObjectFile { format: "Mach-O" }),
        macho::MH_CORE => Err(Refusal::CoreDump { format: "Mach-O" }),
        macho::MH_DSYM => Err(Refusal::DebugFile {
            format: Format::MachO,
        }),
        macho::MH_DYLIB | macho::MH_FVMLIB => library("dynamic library (Mach-O, .dylib)"),
        macho::MH_DYLIB_STUB => library("library stub (Mach-O)"),
        macho::MH_BUNDLE => library("loadable bundle (Mach-O, .bundle)"),
        macho::MH_DYLINKER => other("Mach-O dynamic linker"),
        macho::MH_KEXT_BUNDLE => other("Mach-O kernel extension"),
        macho::MH_PRELOAD => other("Mach-O firmware"),
        macho::MH_FILESET => other("Mach-O kernel collection"),
        _ => Err(malformed(format!("the file type {} is not known", kind.0))),
    }
}
