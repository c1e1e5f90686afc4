//! A thousand kills at random moments, while the released Airflows scan the folder without pause.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use cargo_airflow_bundle::bundle::trailer::MAGIC;
use rustix::process::{Pid, Signal, kill_process};

use crate::packer::Outcome;
use crate::scan::{ROOT, Scans};
use crate::site::{Content, Random, Site, with_signals};

const KILLS: usize = 1000;
/// Packs that end before their signal comes are not counted; there may be so many in all.
const PACKS: usize = 3000;
/// `FIRE_SEED` gives other moments.
const SEED: u64 = 5;

const SIGNALS: [(Signal, i32); 3] = [(Signal::KILL, 137), (Signal::TERM, 143), (Signal::INT, 130)];

/// When a pack is killed.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// At any time.
    Any,
    /// Around the end.
    End,
    /// Once there is a staged file.
    Staged,
    /// Once a staged file is whole, or the pack has ended.
    Whole,
}

const MOMENTS: [Moment; 4] = [Moment::Any, Moment::End, Moment::Staged, Moment::Whole];

/// How many staged files above the folder end in the magic.
fn whole(site: &Site) -> usize {
    // It may be gone, or too short.
    let ends_in_magic = |path: &Path| -> std::io::Result<bool> {
        let mut file = File::open(path)?;
        let mut end = MAGIC;
        end.fill(0);
        file.seek(SeekFrom::End(-8))?;
        file.read_exact(&mut end)?;
        Ok(end == MAGIC)
    };
    let files = |folder: PathBuf| {
        let entries = fs::read_dir(folder).into_iter().flatten();
        entries.filter_map(|entry| Some(entry.ok()?.path()))
    };
    let hidden = site.staged().into_iter().flat_map(files);
    hidden
        .filter(|path| ends_in_magic(path).unwrap_or(false))
        .count()
}

/// Waits for the moment to kill `pack`, which takes about `usual`. Returns false if it has ended before.
fn wait_for(
    moment: Moment,
    pack: &mut Child,
    site: &Site,
    usual: Duration,
    random: &mut Random,
) -> bool {
    let start = Instant::now();
    let mut ended = || pack.try_wait().unwrap().is_some();
    let before = (site.staged().len(), whole(site));
    let moment = match moment {
        Moment::Any => usual.mul_f64(random.fraction() * 1.05),
        Moment::End => usual.mul_f64(0.75 + 0.3 * random.fraction()),
        Moment::Staged => {
            while site.staged().len() == before.0 && !ended() {}
            start.elapsed() + usual.mul_f64(0.3 * random.fraction().powi(2))
        }
        Moment::Whole => {
            while whole(site) == before.1 && !ended() {}
            Duration::ZERO
        }
    };
    // Sleeping is too coarse for the end.
    let coarse = Duration::from_millis(1);
    while start.elapsed() < moment && !ended() {
        if moment.saturating_sub(start.elapsed()) > coarse {
            std::thread::sleep(coarse / 4);
        }
    }
    !ended()
}

#[derive(Debug, Default)]
struct Tally {
    kills: usize,
    /// Kills after which the new bundle was there.
    replaced: usize,
    /// Kills that left a file.
    left: usize,
    /// Kills that left a whole bundle.
    left_whole: usize,
}

/// Kills packs of the site until there were enough kills.
fn fire(site: &Site, seed: u64) -> Tally {
    let mut random = Random::new(seed);
    let mut tally = Tally::default();
    let mut usual = site.packed(site.content_at(&site.bundle()).other()).elapsed;
    for number in 0..PACKS {
        if tally.kills == KILLS {
            break;
        }
        let old = site.content_at(&site.bundle());
        let before = site.staged();
        let start = Instant::now();
        let mut pack = with_signals(&site.pack(old.other()))
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let (signal, code) = SIGNALS[number % SIGNALS.len()];
        let moment = MOMENTS[number / SIGNALS.len() % MOMENTS.len()];
        if wait_for(moment, &mut pack, site, usual, &mut random) {
            kill_process(Pid::from_child(&pack), signal).unwrap();
        }
        let outcome = Outcome::new(pack.wait_with_output().unwrap(), start.elapsed());
        let now = site.content_at(&site.bundle());
        let staged = site.staged();
        if outcome.code == 0 {
            assert_eq!(now, old.other());
            site.nothing_is_left(true);
            // A mean over the last packs, whatever else the machine does.
            usual = (usual * 3 + outcome.elapsed.min(2 * usual)) / 4;
            continue;
        }
        assert_eq!(outcome.code, code, "{number}, {moment:?}: {outcome:#?}");
        tally.kills += 1;
        tally.replaced += usize::from(now != old);
        let mut new = staged.iter().filter(|path| !before.contains(path));
        tally.left_whole += usize::from(whole(site) > 0);
        if let Some(left) = new.next() {
            assert_eq!(
                signal,
                Signal::KILL,
                "{moment:?} left {}: {outcome:#?}",
                left.display()
            );
            tally.left += 1;
            // An empty file that was about to step aside, and its new folder.
            for left in new.chain([left]) {
                let beside = left.parent() == Some(&*site.folder());
                assert!(!beside || fs::read(left).unwrap().is_empty(), "{moment:?}");
            }
        }
    }
    tally
}

#[test]
fn a_thousand_kills() {
    let seed = std::env::var("FIRE_SEED").map_or(SEED, |seed| seed.parse().unwrap());
    let site = Site::new();
    site.packed(Content::A);
    site.add_similar_files();
    let mut scans = Scans::load();
    scans.start(&site, &site.folder(), ROOT);
    let start = Instant::now();
    let tally = fire(&site, seed);
    println!("seed {seed}, {:?}: {tally:?}", start.elapsed());
    scans.found_nothing_wrong(1000);
    // The kills have hit: early, in the middle and late.
    assert_eq!(tally.kills, KILLS, "{tally:?}");
    assert!(tally.left >= 50 && tally.left_whole > 0, "{tally:?}");

    site.packed(site.content_at(&site.bundle()).other());
    site.nothing_is_left(true);
}
