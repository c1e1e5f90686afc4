//! Writes small but valid Mach-O, PE and ELF images, for which there is no linker on most machines.

/// A section to be written.
pub struct Content<'a> {
    pub segment: &'a str,
    pub name: &'a str,
    pub bytes: &'a [u8],
}

/// A 64-bit or 32-bit Mach-O image.
pub struct MachO<'a> {
    pub wide: bool,
    pub big: bool,
    pub cpu: u32,
    pub subtype: u32,
    pub file_type: u32,
    pub platform: u32,
    /// Load commands that end in a text: their numbers, how many words stand before the text, and the text.
    pub texts: Vec<(u32, u32, &'a str)>,
    pub sections: Vec<Content<'a>>,
}

/// `LC_LOAD_DYLIB`: a library, its place, time and two versions.
pub const LOAD_DYLIB: (u32, u32) = (0xc, 6);
/// `LC_LOAD_WEAK_DYLIB`.
pub const LOAD_WEAK_DYLIB: (u32, u32) = (0x8000_0018, 6);
/// `LC_RPATH`.
pub const RPATH: (u32, u32) = (0x8000_001c, 3);

pub const ARM64: u32 = 0x0100_000c;
pub const X86_64: u32 = 0x0100_0007;
/// `MH_EXECUTE`.
const EXECUTE: u32 = 2;

impl Default for MachO<'_> {
    fn default() -> Self {
        Self {
            wide: true,
            big: false,
            cpu: ARM64,
            subtype: 0,
            file_type: EXECUTE,
            platform: 1,
            texts: Vec::new(),
            sections: vec![Content {
                segment: "__TEXT",
                name: "__text",
                bytes: b"code",
            }],
        }
    }
}

struct Writer {
    bytes: Vec<u8>,
    wide: bool,
    big: bool,
}

impl Writer {
    fn u32(&mut self, value: u32) {
        let bytes = if self.big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        };
        self.bytes.extend_from_slice(&bytes);
    }

    fn word(&mut self, value: u32) {
        match (self.wide, self.big) {
            (true, false) => {
                self.u32(value);
                self.u32(0);
            }
            (true, true) => {
                self.u32(0);
                self.u32(value);
            }
            (false, _) => self.u32(value),
        }
    }

    fn name(&mut self, name: &str, size: usize) {
        let mut bytes = name.as_bytes().to_vec();
        assert!(bytes.len() <= size);
        bytes.resize(size, 0);
        self.bytes.extend_from_slice(&bytes);
    }
}

impl MachO<'_> {
    pub fn build(&self) -> Vec<u8> {
        let (header, segment, section) = if self.wide {
            (32, 72, 80)
        } else {
            (28, 56, 68)
        };
        let count = u32::try_from(self.sections.len()).unwrap();
        let text_size = |words: u32, text: &str| {
            words * 4 + (u32::try_from(text.len()).unwrap() + 1).next_multiple_of(8)
        };
        let texts: u32 = self
            .texts
            .iter()
            .map(|&(_, words, text)| text_size(words, text))
            .sum();
        let commands = count * (segment + section) + 24 + texts;
        let text_count = u32::try_from(self.texts.len()).unwrap();
        let mut data = header + commands;
        let mut out = Writer {
            bytes: Vec::new(),
            wide: self.wide,
            big: self.big,
        };
        out.u32(if self.wide { 0xfeed_facf } else { 0xfeed_face });
        for value in [
            self.cpu,
            self.subtype,
            self.file_type,
            count + 1 + text_count,
            commands,
            0,
        ] {
            out.u32(value);
        }
        if self.wide {
            out.u32(0);
        }
        for content in &self.sections {
            let size = u32::try_from(content.bytes.len()).unwrap();
            out.u32(if self.wide { 0x19 } else { 1 });
            out.u32(segment + section);
            out.name(content.segment, 16);
            for value in [0x1000, size, data, size] {
                out.word(value);
            }
            for value in [7, 5, 1, 0] {
                out.u32(value);
            }
            out.name(content.name, 16);
            out.name(content.segment, 16);
            out.word(0x1000);
            out.word(size);
            for value in [data, 0, 0, 0, 0, 0, 0] {
                out.u32(value);
            }
            if self.wide {
                out.u32(0);
            }
            data += size;
        }
        // LC_BUILD_VERSION
        for value in [0x32, 24, self.platform, 0x000b_0000, 0x000b_0000, 0] {
            out.u32(value);
        }
        for &(command, words, text) in &self.texts {
            let size = text_size(words, text);
            for value in [command, size, words * 4] {
                out.u32(value);
            }
            for _ in 3..words {
                out.u32(0);
            }
            out.name(text, usize::try_from(size - words * 4).unwrap());
        }
        for content in &self.sections {
            out.bytes.extend_from_slice(content.bytes);
        }
        out.bytes
    }
}

/// A universal file of these parts, each for a processor.
pub fn universal(parts: &[(u32, Vec<u8>)], wide: bool) -> Vec<u8> {
    let entry = if wide { 32 } else { 20 };
    let mut offset = 8 + entry * parts.len();
    let mut out = Writer {
        bytes: Vec::new(),
        wide,
        big: true,
    };
    out.u32(if wide { 0xcafe_babf } else { 0xcafe_babe });
    out.u32(u32::try_from(parts.len()).unwrap());
    for (cpu, part) in parts {
        out.u32(*cpu);
        out.u32(0);
        out.word(u32::try_from(offset).unwrap());
        out.word(u32::try_from(part.len()).unwrap());
        out.u32(0);
        if wide {
            out.u32(0);
        }
        offset += part.len();
    }
    for (_, part) in parts {
        out.bytes.extend_from_slice(part);
    }
    out.bytes
}

/// A 64-bit or 32-bit PE image.
pub struct Pe<'a> {
    pub wide: bool,
    pub machine: u16,
    pub characteristics: u16,
    pub subsystem: u16,
    pub certificates: u32,
    pub sections: Vec<(&'a str, &'a [u8])>,
}

pub const AMD64: u16 = 0x8664;

impl Default for Pe<'_> {
    fn default() -> Self {
        Self {
            wide: true,
            machine: AMD64,
            characteristics: 0x22,
            subsystem: 3,
            certificates: 0,
            sections: vec![(".text", b"code")],
        }
    }
}

impl Pe<'_> {
    /// Names of more than eight bytes go into the string table, as GNU ld does it.
    pub fn build(&self) -> Vec<u8> {
        const ALIGN: usize = 512;
        let mut out = b"MZ".to_vec();
        out.resize(60, 0);
        out.extend_from_slice(&64_u32.to_le_bytes());
        out.extend_from_slice(b"PE\0\0");
        let optional: u16 = if self.wide { 240 } else { 224 };
        let headers = (out.len() + 20 + usize::from(optional) + 40 * self.sections.len())
            .next_multiple_of(ALIGN);
        let data: usize = self
            .sections
            .iter()
            .map(|(_, bytes)| bytes.len().next_multiple_of(ALIGN))
            .sum();
        out.extend_from_slice(&self.machine.to_le_bytes());
        out.extend_from_slice(&u16::try_from(self.sections.len()).unwrap().to_le_bytes());
        out.extend_from_slice(&0_u32.to_le_bytes());
        // One symbol, then the strings.
        let symbols = u32::try_from(headers + data).unwrap();
        out.extend_from_slice(&symbols.to_le_bytes());
        out.extend_from_slice(&1_u32.to_le_bytes());
        out.extend_from_slice(&optional.to_le_bytes());
        out.extend_from_slice(&self.characteristics.to_le_bytes());
        self.optional_header(&mut out, optional);
        let mut strings = Vec::new();
        let mut at = headers;
        for (name, bytes) in &self.sections {
            let mut short = name.as_bytes().to_vec();
            if short.len() > 8 {
                short = format!("/{}", strings.len() + 4).into_bytes();
                strings.extend_from_slice(name.as_bytes());
                strings.push(0);
            }
            short.resize(8, 0);
            out.extend_from_slice(&short);
            let size = bytes.len().next_multiple_of(ALIGN);
            for value in [bytes.len(), 0x1000, size, at, 0, 0, 0] {
                out.extend_from_slice(&u32::try_from(value).unwrap().to_le_bytes());
            }
            out.extend_from_slice(&0x4000_0040_u32.to_le_bytes());
            at += size;
        }
        out.resize(headers, 0);
        for (_, bytes) in &self.sections {
            out.extend_from_slice(bytes);
            out.resize(out.len().next_multiple_of(ALIGN), 0);
        }
        out.extend_from_slice(&[0; 18]);
        out.extend_from_slice(&u32::try_from(strings.len() + 4).unwrap().to_le_bytes());
        out.extend_from_slice(&strings);
        out
    }

    fn optional_header(&self, out: &mut Vec<u8>, size: u16) {
        let start = out.len();
        let magic: u16 = if self.wide { 0x20b } else { 0x10b };
        out.extend_from_slice(&magic.to_le_bytes());
        out.resize(start + 68, 0);
        out.extend_from_slice(&self.subsystem.to_le_bytes());
        let directories = start + usize::from(size) - 128;
        out.resize(directories - 4, 0);
        out.extend_from_slice(&16_u32.to_le_bytes());
        out.resize(directories + 4 * 8, 0);
        // The security directory: a position in the file, and a size.
        out.extend_from_slice(&0x4000_u32.to_le_bytes());
        out.extend_from_slice(&self.certificates.to_le_bytes());
        out.resize(start + usize::from(size), 0);
    }
}

/// An ELF file of one loaded segment, which holds the header.
pub fn elf(wide: bool, big: bool, machine: u16) -> Vec<u8> {
    let half = |value: u16| {
        if big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    };
    let word = |value: u32| {
        if big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    };
    let address = |value: u32| match (wide, big) {
        (false, _) => word(value).to_vec(),
        (true, false) => [word(value), [0; 4]].concat(),
        (true, true) => [[0; 4], word(value)].concat(),
    };
    let (header, entry): (u16, u16) = if wide { (64, 56) } else { (52, 32) };
    let mut out = vec![
        0x7f,
        b'E',
        b'L',
        b'F',
        1 + u8::from(wide),
        1 + u8::from(big),
        1,
    ];
    out.resize(16, 0);
    out.extend(half(2));
    out.extend(half(machine));
    out.extend(word(1));
    out.extend(address(0x1000));
    out.extend(address(u32::from(header)));
    out.extend(address(0));
    out.extend(word(0));
    for value in [header, entry, 1, 0, 0, 0] {
        out.extend(half(value));
    }
    let size = u32::from(header + entry);
    out.extend(word(1));
    if wide {
        out.extend(word(5));
    }
    for value in [0, 0x1000, 0x1000, size, size] {
        out.extend(address(value));
    }
    if !wide {
        out.extend(word(5));
    }
    out.extend(address(0x1000));
    out
}
