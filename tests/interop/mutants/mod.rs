//! Mutants of bundles, judged by `verify`'s library and by the reader of each release: the same files in the same order, each
//! usable for the one exactly if it is for the other, the same dag ids, the same exceptions, and for each dag the same file. Where
//! the Dag processor lists bundles: the same files, the same import errors, and the same words in the place of sources.
//!
//! A part runs as an unprivileged user, for tests that root runs.
//!
//! - `BUNDLE_MUTANTS`: how many (default 1000)
//! - `BUNDLE_SEED`: the seed of the first (default 1)
#![allow(clippy::print_stdout, reason = "the table of kinds")]

mod bytes;
mod judge;
mod manifests;
mod places;
mod shrink;
mod structure;
/// The YAML texts on which the reader is compared with `PyYAML`.
#[path = "../../../crates/pyyaml-safe-load/tests/differential/texts/mod.rs"]
mod texts;
mod values;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};

use bytes::Parts;
use judge::{Readers, Verdicts};
use places::Place;
pub use texts::Random;

use crate::packer::{Bench, MANIFEST, packer, run};

fn any<T: Clone>(random: &mut Random, items: &[T]) -> T {
    items[random.below(items.len())].clone()
}

fn byte(random: &mut Random) -> u8 {
    random.next().to_le_bytes()[0]
}

/// A text of the other differential test, which is about YAML alone.
fn yaml_text(random: &mut Random) -> String {
    static CORPUS: OnceLock<Vec<String>> = OnceLock::new();
    texts::text(CORPUS.get_or_init(texts::corpus), random.next())
}

/// The bundles that are mutated.
struct Bases {
    /// A program in C, linked and packed here: small, so that mutants hit every part of it.
    small: Parts,
    /// A program in Rust, packed here.
    large: Parts,
    /// The same with a part of its executable.
    cut: Parts,
}

impl Bases {
    fn pack() -> Self {
        let bench = Bench::new();
        let large = Parts::of(&fs::read(bench.bundle(MANIFEST)).unwrap()).unwrap();
        let source = bench.write("program.c", "int main(void) { return 0; }\n");
        let program = bench.path("program");
        let mut cc = Command::new("cc");
        cc.args(["-Os", "-s", "-Wl,-z,noseparate-code", "-o"])
            .arg(&program)
            .arg(&source);
        let made = cc
            .status()
            .expect("these tests need a C compiler (Debian: build-essential)");
        assert!(made.success(), "{cc:?}");
        let mut pack = packer();
        pack.current_dir(bench.root());
        pack.args([
            "--executable",
            "program",
            "--source",
            "program.c",
            "-o",
            "small",
            "--airflow-metadata",
        ]);
        run(pack.arg(bench.write("manifest.json", MANIFEST))).ok();
        let small = Parts::of(&fs::read(bench.path("small")).unwrap()).unwrap();
        let cut = Parts {
            executable: large.executable[..500].to_vec(),
            ..large.clone()
        };
        Self { small, large, cut }
    }
}

/// A mutant: its kind and its bytes.
fn mutant(bases: &Bases, random: &mut Random) -> (&'static str, Vec<u8>) {
    let parts = match random.below(64) {
        0 => &bases.large,
        1..32 => &bases.small,
        _ => &bases.cut,
    };
    let count = bytes::KINDS.len();
    match random.below(count + manifests::KINDS.len() + 1) {
        0 => ("as it was packed", parts.whole()),
        kind if kind <= count => {
            let (name, make) = bytes::KINDS[kind - 1];
            (name, make(parts, random))
        }
        kind => {
            let (name, make) = manifests::KINDS[kind - count - 1];
            (name, manifests::with(parts, make, random))
        }
    }
}

/// How many mutants of one kind there were, and what became of them.
#[derive(Default, Clone, Copy)]
struct Count {
    all: usize,
    usable: usize,
    raises: usize,
}

#[derive(Default)]
struct Tally {
    kinds: BTreeMap<&'static str, Count>,
    files: usize,
    limited: usize,
    /// Roots that a Dag processor has listed.
    listed: usize,
    wrong: Vec<String>,
}

/// Mutants that are judged in one go.
const BATCH: u64 = 200;

/// Judges the mutants of the seeds that `next` deals out, until `end`.
fn work(bases: &Bases, privileged: bool, next: &AtomicU64, end: u64, tally: &Mutex<Tally>) {
    let mut everybody = Readers::start(false);
    let mut nobody = privileged.then(|| Readers::start(true));
    let good = bases.small.whole();
    loop {
        let first = next.fetch_add(BATCH, Ordering::Relaxed);
        if first >= end {
            return;
        }
        let seeds = first..(first + BATCH).min(end);
        let folder = tempfile::tempdir().unwrap();
        // Others must be able to get in.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let mut batches = [Vec::new(), Vec::new()];
        for seed in seeds {
            let mut random = Random::seeded(seed);
            let (kind, bytes) = mutant(bases, &mut random);
            let unprivileged = privileged && random.one_in(6);
            // One deeper, so that a link to what is above the root leads to no other mutant.
            let root = folder.path().join(seed.to_string()).join("root");
            let place = Place::make(&root, &bytes, &good, privileged, &mut random);
            batches[usize::from(unprivileged)].push((seed, kind, bytes, root, place));
        }
        for (readers, batch) in [Some(&mut everybody), nobody.as_mut()]
            .into_iter()
            .zip(&batches)
        {
            let Some(readers) = readers else { continue };
            let roots: Vec<&Path> = batch.iter().map(|(.., root, _)| root.as_path()).collect();
            for ((seed, kind, bytes, root, place), verdicts) in
                batch.iter().zip(readers.judge(&roots))
            {
                let difference = verdicts.iter().find_map(Verdicts::difference);
                let report = difference.map(|difference| {
                    let shorter = shortest(readers, bytes, &folder.path().join("shrink"));
                    let root = root.display().to_string();
                    format!(
                        "{seed}: {kind}\n{difference}\n{shorter}\n{}",
                        place.listing()
                    )
                    .replace(&root, "")
                });
                count(&mut tally.lock().unwrap(), kind, &verdicts, report);
            }
        }
    }
}

fn count(tally: &mut Tally, kind: &'static str, verdicts: &[Verdicts], report: Option<String>) {
    let any = |is: fn(&Verdicts) -> bool| usize::from(verdicts.iter().any(is));
    tally.wrong.extend(report);
    tally.files += verdicts
        .iter()
        .map(|one| one.ours.files.len())
        .sum::<usize>();
    tally.limited += any(Verdicts::limited);
    tally.listed += any(Verdicts::is_listed);
    let count = tally.kinds.entry(kind).or_default();
    count.all += 1;
    count.usable += any(|one| one.ours.files.iter().any(|file| !file.ids.is_empty()));
    count.raises += any(|one| one.ours.files.iter().any(|file| file.raises));
}

/// The shortest manifest on which the verdicts still differ, in a plain place; else what the mutant is.
fn shortest(readers: &mut Readers, bytes: &[u8], folder: &Path) -> String {
    let mut number = 0;
    let mut differs = |bytes: &[u8]| {
        number += 1;
        fs::create_dir_all(folder).unwrap();
        let path = folder.join(number.to_string());
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let [verdicts] = readers.judge(&[&path]).try_into().ok().unwrap();
        verdicts.iter().any(|one| one.difference().is_some())
    };
    let Some(parts) = Parts::of(bytes) else {
        let end = &bytes[bytes.len().saturating_sub(64)..];
        return format!("{} bytes, ending in {end:02x?}", bytes.len());
    };
    let with = |manifest: &[u8]| {
        Parts {
            manifest: manifest.to_vec(),
            ..parts.clone()
        }
        .whole()
    };
    if !differs(bytes) {
        return "only in its place:".to_owned();
    }
    let manifest = shrink::shrink(&parts.manifest, |manifest| differs(&with(manifest)));
    format!(
        "the shortest manifest: {:?}",
        String::from_utf8_lossy(&manifest)
    )
}

pub fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn verdicts_agree_with_the_released_readers() {
    let (seed, many) = (number("BUNDLE_SEED", 1), number("BUNDLE_MUTANTS", 1000));
    let bases = Bases::pack();
    let privileged = judge::is_root();
    let next = AtomicU64::new(seed);
    let tally = Mutex::new(Tally::default());
    let workers = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(4);
    std::thread::scope(|scope| {
        // Each starts each Airflow twice.
        for _ in 0..if many > 10 * BATCH { workers } else { 1 } {
            scope.spawn(|| work(&bases, privileged, &next, seed + many, &tally));
        }
    });
    let tally = tally.into_inner().unwrap();
    // Shown where it fails, and with `--nocapture`.
    for (
        kind,
        Count {
            all,
            usable,
            raises,
        },
    ) in &tally.kinds
    {
        println!("{all:7} {usable:7} usable {raises:7} raise  {kind}");
    }
    println!(
        "{} verdicts on files, {} mutants at a limit of ours, {} listed by a Dag processor",
        tally.files, tally.limited, tally.listed
    );
    assert!(
        tally.wrong.is_empty(),
        "{} of {many} differ:\n{}",
        tally.wrong.len(),
        tally
            .wrong
            .iter()
            .take(20)
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join("\n")
    );
    if many < 1000 {
        return;
    }
    // Else the mutants would be all of one kind, and the test would say little.
    let sum = |of: fn(&Count) -> usize| tally.kinds.values().map(of).sum::<usize>();
    let (all, usable, raises) = (
        sum(|count| count.all),
        sum(|count| count.usable),
        sum(|count| count.raises),
    );
    assert_eq!(u64::try_from(all).unwrap(), many);
    assert!(
        (all / 8..all * 7 / 8).contains(&usable),
        "{usable} of {all} are usable"
    );
    assert!(
        tally.listed > all / 2,
        "a Dag processor has listed {} of {all}",
        tally.listed
    );
    assert!(raises > all / 100, "{raises} of {all} raise");
    assert!(
        tally.limited < all / 25,
        "{} of {all} end at a limit of ours",
        tally.limited
    );
    let kinds: std::collections::HashSet<_> = bytes::KINDS
        .iter()
        .map(|(name, _)| name)
        .chain(manifests::KINDS.iter().map(|(name, _)| name))
        .collect();
    assert_eq!(tally.kinds.len(), kinds.len() + 1);
}
