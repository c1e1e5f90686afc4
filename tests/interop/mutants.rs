//! Mutants of a bundle, judged by `verify` and by the released reader: usable for the one exactly if
//! it is for the other.
//!
//! - `BUNDLE_MUTANTS`: how many (default 400)
//! - `BUNDLE_SEED`: the seed of the first (default 1)

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use cargo_airflow_bundle::worker::verdict::judge;
use cargo_airflow_bundle::worker::walk::walk;
use sha2::{Digest as _, Sha256};

use crate::Airflow;
use crate::packer::{Bench, MANIFEST, set_mode};

/// A small generator: the same mutants on every machine (`SplitMix64`).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// The parts of a bundle, so that a mutant can be wrong in one and right in all others.
#[derive(Clone)]
struct Parts {
    executable: Vec<u8>,
    source: Vec<u8>,
    manifest: Vec<u8>,
}

impl Parts {
    fn trailer(&self) -> Vec<u8> {
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

    fn whole(&self) -> Vec<u8> {
        [
            &*self.executable,
            &self.source,
            &self.manifest,
            &self.trailer(),
        ]
        .concat()
    }
}

/// Texts that stand in the place of a value of the manifest.
const VALUES: &[&str] = &[
    "2026-06-16",
    "\"2026-06-16\"",
    "'2026-06-16'",
    "2026-10-30",
    "\"2026-10-30\"",
    "2026-13-45",
    "\"\"",
    "null",
    "~",
    "",
    "on",
    "1",
    "{}",
    "[]",
    "{a: {}}",
    "{1: {}}",
    "{on: {}}",
    "{1: {}, b: {}}",
    "{? [a] : {}}",
    "{? {a: b} : {}}",
    "{\"\\ud800\": {}}",
    "[a]",
    "a",
    "!!str 1",
    "!!int x",
    "!!float x",
    "!!bool x",
    "!!timestamp x",
    "!!null x",
    "!!set {a, b}",
    "!!omap [a: {}]",
    "!!python/name:os.system",
    "!x y",
    "&a [*a]",
    "*nothing",
    "<<",
    "=",
    "0x_",
    "1:60",
    "12:30:45",
    "0b_",
    ".inf",
    "1e3",
    "1_000",
    "2026-06-16 12:00:00 +99:00",
    "\"\\UFFFFFFFF\"",
    "\"\\x\"",
    "@",
    "`",
    "%",
    "|\n  2026-06-16",
    ">-\n  2026-06-16",
    "- a",
    "? a",
    "\u{7f}",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "\t",
    "#",
    "--- a",
    "...",
    "{<<: {a: {}}}",
    "{<<: [1]}",
    "!!binary aGk=",
    "!!binary ö",
];

fn mutate(parts: &Parts, random: &mut Random) -> (String, Vec<u8>) {
    match random.below(14) {
        kind @ 0..7 => mutate_whole(parts, kind, random),
        kind => mutate_part(parts.clone(), kind, random),
    }
}

/// A mutant whose parts may not fit together.
fn mutate_whole(parts: &Parts, kind: usize, random: &mut Random) -> (String, Vec<u8>) {
    let trailer_start = parts.whole().len() - 64;
    match kind {
        0 => {
            let mut bytes = parts.whole();
            let at = trailer_start + random.below(64);
            bytes[at] ^= 1 << random.below(8);
            (
                format!("bit in byte {} of the trailer", at - trailer_start),
                bytes,
            )
        }
        1 => {
            let mut bytes = parts.whole();
            let at = trailer_start + random.below(3) * 4;
            let length = u32::try_from(bytes.len()).unwrap();
            let values = [
                0,
                1,
                2,
                64,
                u32::MAX,
                u32::MAX - 63,
                length,
                length - 64,
                u32::from(random.byte()) << 20,
            ];
            bytes[at..at + 4].copy_from_slice(&random.pick(&values).to_le_bytes());
            (
                format!("number at {} of the trailer", at - trailer_start),
                bytes,
            )
        }
        2 => {
            let mut bytes = parts.whole();
            let at = random.below(bytes.len());
            bytes[at] = bytes[at].wrapping_add(1 + random.byte() % 255);
            (format!("byte {at}"), bytes)
        }
        3 => {
            let bytes = parts.whole();
            let any = random.below(bytes.len());
            let keep = *random.pick(&[0, 1, 63, 64, 65, bytes.len() - 1, bytes.len() - 64, any]);
            (format!("first {keep} bytes"), bytes[..keep].to_vec())
        }
        4 => {
            let bytes = parts.whole();
            let any = random.below(bytes.len());
            let drop = *random.pick(&[1, 64, parts.executable.len(), any]);
            (
                format!("without the first {drop} bytes"),
                bytes[drop..].to_vec(),
            )
        }
        5 => {
            let mut bytes = parts.whole();
            let tail = random
                .pick(&[&b"\0"[..], b"\n", b"AFBNDL01", &[0; 64]])
                .to_vec();
            bytes.extend(&tail);
            (format!("appended {tail:?}"), bytes)
        }
        _ => {
            let bytes = parts.whole();
            (
                "packed twice".to_owned(),
                [&*bytes, &bytes[parts.executable.len()..]].concat(),
            )
        }
    }
}

/// A mutant with another part and a trailer that fits.
fn mutate_part(mut parts: Parts, kind: usize, random: &mut Random) -> (String, Vec<u8>) {
    match kind {
        7 => {
            parts.source = random.pick(&[&b""[..], b"\xff\xfe", b"AFBNDL01"]).to_vec();
            ("another source".to_owned(), parts.whole())
        }
        8 => {
            parts.executable = random.pick(&[&b""[..], b"#!/bin/sh\n", b"x"]).to_vec();
            ("another executable".to_owned(), parts.whole())
        }
        9 => {
            let at = random.below(parts.manifest.len());
            parts.manifest[at] = random.byte();
            (format!("byte {at} of the manifest"), parts.whole())
        }
        10 => {
            let at = random.below(parts.manifest.len());
            let end = (at + random.below(20)).min(parts.manifest.len());
            parts.manifest.drain(at..end);
            (format!("manifest without {at}..{end}"), parts.whole())
        }
        kind => {
            // A value behind its key, whatever the key; half of the time, that of a key that counts.
            let text = String::from_utf8(parts.manifest).unwrap();
            let keys: Vec<usize> = text.match_indices(": ").map(|(at, _)| at + 2).collect();
            let value = *random.pick(VALUES);
            let (from, to) = match kind {
                11 => (
                    text.find("dags:").unwrap() + 5,
                    text.find("digests:").unwrap() - 1,
                ),
                12 => {
                    let from = text.find("schema_version: ").unwrap() + 16;
                    (from, from + text[from..].find('\n').unwrap())
                }
                _ => {
                    let from = *random.pick(&keys);
                    (from, from + text[from..].find('\n').unwrap())
                }
            };
            let text = format!("{} {value}{}", &text[..from], &text[to..]);
            parts.manifest = text.into_bytes();
            (
                format!("{value:?} at {from} of the manifest"),
                parts.whole(),
            )
        }
    }
}

/// Puts a mutant into its place: mode bits, links, folders.
fn place(folder: &Path, bytes: &[u8], random: &mut Random) -> PathBuf {
    let file = folder.join("mutant");
    fs::write(&file, bytes).unwrap();
    let mode = match random.below(12) {
        0 => *random.pick(&[
            0o644, 0o000, 0o111, 0o100, 0o010, 0o001, 0o4755, 0o400, 0o555,
        ]),
        _ => 0o755,
    };
    set_mode(&file, mode);
    match random.below(12) {
        0 => {
            symlink("mutant", folder.join("link")).unwrap();
            folder.join("link")
        }
        1 => {
            symlink(".", folder.join("again")).unwrap();
            folder.join("again").join("again").join("mutant")
        }
        _ => file,
    }
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn verdicts_agree_with_the_released_reader() {
    let bench = Bench::new();
    let bundle = fs::read(bench.bundle(MANIFEST)).unwrap();
    let opened =
        cargo_airflow_bundle::bundle::reader::Bundle::open(&bench.path("airflow-bundle/etl"))
            .unwrap();
    let layout = opened.layout();
    let part = |from: u64, to: u64| {
        bundle[usize::try_from(from).unwrap()..usize::try_from(to).unwrap()].to_vec()
    };
    let parts = Parts {
        // A short one, so that mutants hit the other parts as well.
        executable: part(0, 4096),
        source: part(layout.source_start, layout.metadata_start),
        manifest: part(layout.metadata_start, layout.trailer_start),
    };

    let mut airflow = Airflow::start();
    let (mut usable, mut wrong) = (0, Vec::new());
    let count = number("BUNDLE_MUTANTS", 400);
    let seed = number("BUNDLE_SEED", 1);
    for seed in seed..seed + count {
        let mut random = Random(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
        let (what, bytes) = mutate(&parts, &mut random);
        let folder = tempfile::tempdir().unwrap();
        let path = place(folder.path(), &bytes, &mut random);

        let found = walk([path.clone()]).next().unwrap();
        let ours = judge(&path, found.is_executable());
        let theirs = airflow.judge(&path);
        let codes: Vec<_> = ours.problems.iter().map(|problem| problem.code).collect();
        let mut ids: Vec<_> = if ours.usable {
            ours.dag_ids.clone()
        } else {
            Vec::new()
        };
        ids.sort();
        let served: Vec<_> = theirs["served"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        // Deep or endless manifests depend on the worker; they are refused here.
        let limited = codes
            .iter()
            .any(|code| matches!(*code, "too-deep" | "too-complex"));
        let same = ids == served && ours.raises != theirs["raises"].is_null();
        if !same && !limited {
            wrong.push(format!(
                "{seed}: {what}\n  ours   {ids:?} {codes:?}\n  theirs {theirs}"
            ));
        }
        usable += u64::from(ours.usable);
    }
    assert!(
        wrong.is_empty(),
        "{} of {count} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    // Else the mutants would be all of one kind.
    assert!(
        count < 100 || (count / 10..count * 9 / 10).contains(&usable),
        "{usable} of {count} are usable"
    );
}
