//! A thousand kills at random moments, while the released Airflow scans the folder without pause.

use std::fs;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::packer::{Outcome, set_mode};
use crate::python::{self, Script};
use crate::site::{Content, Random, Site, with_signals};

const KILLS: usize = 1000;
/// Packs that end before their signal comes are not counted; there may be so many in all.
const PACKS: usize = 3000;
/// `FIRE_SEED` gives other moments.
const SEED: u64 = 5;

const ROOT: u32 = 0;

const SIGNALS: [(Signal, i32); 3] = [(Signal::KILL, 137), (Signal::TERM, 143), (Signal::INT, 130)];

/// A loop of the released scan over the folder of a site.
pub struct Scan(Script);

impl Scan {
    /// Scans as `user`, a number.
    pub fn start(site: &Site, user: u32) -> Self {
        let python = python::environment("requirements.txt");
        let mut script = Script::start(&python, "scan_bundles.py");
        let started = script.ask(&json!({
            "root": site.folder(),
            "bundle": site.bundle(),
            "dag_id": "sales",
            "allowed": Content::BOTH.map(|content| site.digest(content)),
            "user": user,
        }));
        assert_eq!(started, json!({ "started": true }));
        Self(script)
    }

    /// What was found since the start.
    pub fn stop(mut self) -> Value {
        self.0.ask(&json!({}))
    }
}

/// When a pack is killed.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// At any time.
    Any,
    /// Around the end.
    End,
    /// Once there is a staged file.
    Staged,
    /// Once a staged file is above the folder, or the pack has ended.
    Above,
}

const MOMENTS: [Moment; 4] = [Moment::Any, Moment::End, Moment::Staged, Moment::Above];

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
    let staged_in = |folder: &Path| {
        site.staged()
            .iter()
            .any(|path| path.parent() == Some(folder))
    };
    let moment = match moment {
        Moment::Any => usual.mul_f64(random.fraction() * 1.05),
        Moment::End => usual.mul_f64(0.75 + 0.3 * random.fraction()),
        Moment::Staged => {
            while !staged_in(&site.folder()) && !ended() {}
            start.elapsed() + usual.mul_f64(0.3 * random.fraction().powi(2))
        }
        Moment::Above => {
            while !staged_in(&site.above()) && !ended() {}
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
    /// Kills that left a file in the folder.
    left_beside: usize,
    /// Kills that left a file in the folder above.
    left_above: usize,
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
        if let Some(left) = new.next() {
            assert_eq!(
                signal,
                Signal::KILL,
                "{moment:?} left {}: {outcome:#?}",
                left.display()
            );
            let beside = left.parent() == Some(&*site.folder());
            *(if beside {
                &mut tally.left_beside
            } else {
                &mut tally.left_above
            }) += 1;
        }
        assert_eq!(new.next(), None);
    }
    tally
}

#[test]
fn a_thousand_kills() {
    let seed = std::env::var("FIRE_SEED").map_or(SEED, |seed| seed.parse().unwrap());
    let site = Site::new();
    site.packed(Content::A);
    site.add_similar_files();
    let scan = Scan::start(&site, ROOT);
    let start = Instant::now();
    let tally = fire(&site, seed);
    println!("seed {seed}, {:?}: {tally:?}", start.elapsed());
    let report = scan.stop();
    println!("{report}");
    assert_eq!(report["problems"], json!({}));
    assert!(report["scans"].as_u64().unwrap() > 1000, "{report}");
    assert_eq!(report["seen"].as_object().unwrap().len(), 2, "{report}");
    // The kills have hit: early, in the middle and late.
    assert_eq!(tally.kills, KILLS, "{tally:?}");
    assert!(tally.left_beside >= 50, "{tally:?}");

    site.packed(site.content_at(&site.bundle()).other());
    site.nothing_is_left(true);
}

/// What the thousand kills must never lead to is reported if it is there.
#[test]
fn the_scan_reports_what_must_not_be() {
    let site = Site::new();
    site.packed(Content::A);
    let problems = || {
        let scan = Scan::start(&site, ROOT);
        scan.stop()["problems"].clone()
    };
    let must_say = |words: &str| {
        let problems = problems();
        assert!(problems.to_string().contains(words), "{words}: {problems}");
    };
    assert_eq!(problems(), json!({}));
    let second = site.folder().join(".airflow-bundle-abcDEF.tmp");
    fs::copy(site.bundle(), &second).unwrap();
    must_say(".airflow-bundle-abcDEF.tmp");
    set_mode(&second, 0o600);
    assert_eq!(problems(), json!({}), "not executable, not found");
    set_mode(&site.bundle(), 0o644);
    must_say("the scan finds []");
    must_say("the coordinator finds nothing");
    set_mode(&site.bundle(), 0o755);
    let whole = fs::read(site.bundle()).unwrap();
    fs::write(site.bundle(), &whole[..whole.len() - 1]).unwrap();
    must_say("neither the old nor the new one");
    must_say("the coordinator finds nothing");
    fs::remove_file(site.bundle()).unwrap();
    must_say("the bundle cannot be read");
}
