//! Mutants of a bundle as bytes: trailers, lengths, truncations, what stands behind, flipped bits.

use sha2::{Digest as _, Sha256};

use super::texts::Random;
use super::{any, byte};

/// The parts of a bundle, so that a mutant can be wrong in one and right in all others.
#[derive(Clone, Debug)]
pub struct Parts {
    pub executable: Vec<u8>,
    pub source: Vec<u8>,
    pub manifest: Vec<u8>,
}

impl Parts {
    pub fn trailer(&self) -> Vec<u8> {
        let length = |part: &[u8]| u32::try_from(part.len()).unwrap().to_le_bytes();
        let mut trailer = Vec::new();
        trailer.extend(length(&self.source));
        trailer.extend(length(&self.manifest));
        trailer.extend(1_u32.to_le_bytes());
        trailer.extend(Sha256::digest(&self.executable));
        trailer.extend([0; 12]);
        trailer.extend(b"AFBNDL01");
        trailer
    }

    pub fn whole(&self) -> Vec<u8> {
        [
            &*self.executable,
            &self.source,
            &self.manifest,
            &self.trailer(),
        ]
        .concat()
    }

    /// Where source, manifest and trailer begin, and where the file ends.
    fn borders(&self) -> [usize; 4] {
        let source = self.executable.len();
        let manifest = source + self.source.len();
        let trailer = manifest + self.manifest.len();
        [source, manifest, trailer, trailer + 64]
    }

    /// The file taken apart again; `None` if its trailer does not fit.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let (body, trailer) = bytes.split_at_checked(bytes.len().checked_sub(64)?)?;
        let length = |at: usize| {
            usize::try_from(u32::from_le_bytes(*trailer[at..].first_chunk().unwrap())).unwrap()
        };
        let (body, manifest) = body.split_at_checked(body.len().checked_sub(length(4))?)?;
        let (executable, source) = body.split_at_checked(body.len().checked_sub(length(0))?)?;
        let parts = Self {
            executable: executable.to_vec(),
            source: source.to_vec(),
            manifest: manifest.to_vec(),
        };
        (parts.trailer() == trailer).then_some(parts)
    }
}

type Make = fn(&Parts, &mut Random) -> Vec<u8>;

/// The kinds of mutants that this module makes.
pub const KINDS: &[(&str, Make)] = &[
    ("trailer: a bit", trailer_bit),
    ("trailer: lengths", trailer_lengths),
    ("trailer: version", trailer_version),
    ("trailer: digest", trailer_digest),
    ("trailer: reserved", trailer_reserved),
    ("trailer: magic", trailer_magic),
    ("a byte of a region", region_byte),
    ("truncated", truncated),
    ("bytes missing", missing),
    ("bytes added", added),
    ("regions", regions),
];

fn trailer_bit(parts: &Parts, random: &mut Random) -> Vec<u8> {
    let mut bytes = parts.whole();
    let at = bytes.len() - 64 + random.below(64);
    bytes[at] ^= 1 << random.below(8);
    bytes
}

/// Both lengths at their borders: of 32 bits, signed and not, of the file, of what leaves one byte, or none, to the executable.
fn trailer_lengths(parts: &Parts, random: &mut Random) -> Vec<u8> {
    let mut bytes = parts.whole();
    let end = bytes.len() - 64;
    let total = u32::try_from(bytes.len()).unwrap();
    let [source, manifest] =
        [&parts.source, &parts.manifest].map(|part| u32::try_from(part.len()).unwrap());
    let near = |value: u32, random: &mut Random| {
        value.wrapping_add(any(
            random,
            &[0, 1, 2, 63, 64, 65, u32::MAX, u32::MAX - 1, u32::MAX - 63],
        ))
    };
    let choices = [
        0,
        total,
        total - 64,
        total - 64 - source,
        total - 64 - manifest,
        source,
        manifest,
        source + manifest,
        1 << 31,
        u32::MAX,
        0_u32.wrapping_sub(total),
        u32::from(byte(random)) << (8 * random.below(4)),
        manifest.swap_bytes(),
    ];
    match random.below(4) {
        0 => {
            let value = any(random, &choices);
            bytes[end..end + 4].copy_from_slice(&near(value, random).to_le_bytes());
        }
        1 => {
            let value = any(random, &choices);
            bytes[end + 4..end + 8].copy_from_slice(&near(value, random).to_le_bytes());
        }
        // A border moves: what one region loses, the other gets.
        2 => {
            let shift = any(random, &[1, 2, 63, 64, source, manifest, u32::MAX]);
            bytes[end..end + 4].copy_from_slice(&source.wrapping_add(shift).to_le_bytes());
            bytes[end + 4..end + 8].copy_from_slice(&manifest.wrapping_sub(shift).to_le_bytes());
        }
        // Their sum leaves so much to the executable, whose digest is right.
        _ => {
            let left = any(random, &[0, 1, 2, 64, parts.executable.len()]).min(end);
            let rest = u32::try_from(end - left).unwrap();
            let first = any(
                random,
                &[0, 1, rest, rest / 2, rest.saturating_sub(manifest)],
            )
            .min(rest);
            bytes[end..end + 4].copy_from_slice(&first.to_le_bytes());
            bytes[end + 4..end + 8].copy_from_slice(&(rest - first).to_le_bytes());
            let digest = Sha256::digest(&bytes[..left]);
            bytes[end + 12..end + 44].copy_from_slice(&digest);
        }
    }
    bytes
}

fn trailer_version(parts: &Parts, random: &mut Random) -> Vec<u8> {
    let mut bytes = parts.whole();
    let at = bytes.len() - 56;
    let version = any(
        random,
        &[
            0,
            1,
            2,
            3,
            255,
            256,
            257,
            1 << 16,
            1 << 24,
            1 << 31,
            u32::MAX,
        ],
    );
    bytes[at..at + 4].copy_from_slice(&version.to_le_bytes());
    bytes
}

fn trailer_digest(parts: &Parts, random: &mut Random) -> Vec<u8> {
    let mut bytes = parts.whole();
    let end = bytes.len() - 64;
    let digest: [u8; 32] = match random.below(6) {
        0 => [0; 32],
        1 => [0xff; 32],
        2 => Sha256::digest(&bytes[..end]).into(),
        3 => Sha256::digest(&bytes[..end - parts.manifest.len()]).into(),
        4 => Sha256::digest(&parts.manifest).into(),
        _ => {
            let mut digest: [u8; 32] = Sha256::digest(&parts.executable).into();
            digest[random.below(32)] ^= 1 << random.below(8);
            digest
        }
    };
    bytes[end + 12..end + 44].copy_from_slice(&digest);
    bytes
}

fn trailer_reserved(parts: &Parts, random: &mut Random) -> Vec<u8> {
    let mut bytes = parts.whole();
    let start = bytes.len() - 20;
    for _ in 0..=random.below(3) {
        bytes[start + random.below(12)] = any(random, &[0, 1, 0x80, 0xff, b' ']);
    }
    bytes
}

fn trailer_magic(parts: &Parts, random: &mut Random) -> Vec<u8> {
    let mut bytes = parts.whole();
    let start = bytes.len() - 8;
    let magic = random.pick(&[
        "AFBNDL01",
        "AFBNDL00",
        "AFBNDL02",
        "AFBNDL10",
        "afbndl01",
        "10LDNBFA",
        "AFMETA01",
        "AFBNDL1\0",
        "AFBNDL 1",
    ]);
    bytes[start..].copy_from_slice(magic.as_bytes());
    bytes
}

fn region_byte(parts: &Parts, random: &mut Random) -> Vec<u8> {
    let mut parts = parts.clone();
    let sealed = random.one_in(2).then(|| parts.trailer());
    let region = match random.below(3) {
        0 => &mut parts.executable,
        1 => &mut parts.source,
        _ => &mut parts.manifest,
    };
    let at = random.below(region.len());
    match random.below(3) {
        _ if region.is_empty() => {}
        0 => region[at] ^= 1 << random.below(8),
        1 => region[at] = any(random, &[0, 0xff, 0x80, b'\n', b' ', b'"', b':']),
        _ => region[at] = byte(random),
    }
    // Half of them with the trailer from before: a digest that no longer fits, if it is the executable.
    match sealed {
        Some(trailer) => [&*parts.executable, &parts.source, &parts.manifest, &trailer].concat(),
        None => parts.whole(),
    }
}

/// A place in the file: at a border of a region or of the trailer's fields, beside one, or anywhere.
fn spot(parts: &Parts, random: &mut Random) -> usize {
    let [source, manifest, trailer, end] = parts.borders();
    let field = trailer + any(random, &[4, 8, 12, 44, 56]);
    let border = any(
        random,
        &[
            0,
            1,
            63,
            64,
            65,
            source,
            manifest,
            trailer,
            field,
            end,
            end - 1,
        ],
    );
    match random.below(4) {
        0 => random.below(end),
        1 => border.saturating_sub(1),
        2 => (border + 1).min(end),
        _ => border.min(end),
    }
}

fn truncated(parts: &Parts, random: &mut Random) -> Vec<u8> {
    let mut bytes = parts.whole();
    bytes.truncate(spot(parts, random));
    bytes
}

fn missing(parts: &Parts, random: &mut Random) -> Vec<u8> {
    let mut bytes = parts.whole();
    let (from, to) = (spot(parts, random), spot(parts, random));
    match random.below(3) {
        0 => drop(bytes.drain(..from)),
        1 => drop(bytes.drain(from.min(to)..from.max(to))),
        _ => drop(bytes.drain(from..(from + 1 + random.below(8)).min(bytes.len()).max(from))),
    }
    bytes
}

fn added(parts: &Parts, random: &mut Random) -> Vec<u8> {
    let mut bytes = parts.whole();
    let trailer = parts.trailer();
    let more: &[&[u8]] = &[
        b"\0",
        b"\n",
        b"AFBNDL01",
        &[0; 64],
        &trailer,
        &bytes.clone(),
        b"\x7fELF",
        &parts.manifest,
    ];
    let more = random.pick(more).to_vec();
    let at = match random.below(3) {
        0 => bytes.len(),
        1 => 0,
        _ => spot(parts, random),
    };
    bytes.splice(at..at, more);
    bytes
}

/// Other regions, with a trailer that fits.
fn regions(parts: &Parts, random: &mut Random) -> Vec<u8> {
    let mut parts = parts.clone();
    match random.below(9) {
        0 => parts.source = Vec::new(),
        1 => parts.source = any(random, &[&b"\xff\xfe"[..], b"AFBNDL01", b"\0", b"\n"]).to_vec(),
        2 => parts.source = parts.trailer(),
        3 => {
            let executables = &[&b""[..], b"#!/bin/sh\n", b"x", b"\x7fELF", b"MZ"];
            parts.executable = any(random, executables).to_vec();
        }
        4 => parts.executable = parts.whole(),
        5 => parts.manifest = Vec::new(),
        6 => std::mem::swap(&mut parts.source, &mut parts.manifest),
        7 => std::mem::swap(&mut parts.executable, &mut parts.manifest),
        _ => parts.executable = vec![byte(random); any(random, &[1, 63, 64, 65, 4096])],
    }
    parts.whole()
}
