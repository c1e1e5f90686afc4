//! Several at once: packs to one output, and packs of a bundle that runs.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::packer::{Outcome, run, wait_for};
use crate::site::{Content, Random, Site, names, with_signals};
use crate::strace::faulty;

fn spawn(command: &mut Command) -> Child {
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    piped.spawn().unwrap()
}

fn finished(child: Child) -> Outcome {
    Outcome::new(child.wait_with_output().unwrap(), Duration::ZERO)
}

#[test]
fn two_packs_to_one_output() {
    let site = Site::new();
    site.add_similar_files();
    for round in 0..40 {
        let packs = Content::BOTH.map(|content| spawn(&mut site.pack(content)));
        for pack in packs {
            finished(pack).ok();
        }
        site.content_at(&site.bundle());
        site.nothing_is_left(true);
        if round % 3 == 0 {
            fs::remove_file(site.bundle()).unwrap();
        }
    }
}

/// A pack that is stopped removes the folders that it has made; another one may need them at that moment.
#[test]
fn a_pack_is_stopped_while_another_one_needs_its_new_folder() {
    let site = Site::new();
    let new = site.above().join("new");
    let output = new.join("folders/etl");
    let usual = run(&mut site.pack_to(Content::A, &output)).ok().elapsed;
    let mut random = Random::new(1);
    for round in 0..30 {
        fs::remove_dir_all(&new).unwrap();
        let [stopped, other] =
            Content::BOTH.map(|content| spawn(&mut with_signals(&site.pack_to(content, &output))));
        std::thread::sleep(usual.mul_f64(2.0 * random.fraction()));
        kill_process(Pid::from_child(&stopped), Signal::TERM).unwrap();
        let code = finished(stopped).code;
        assert!(matches!(code, 0 | 143), "{round}: {code}");
        finished(other).ok();
        site.content_at(&output);
        assert_eq!(names(&new.join("folders")), ["etl"]);
        assert_eq!(names(&new), ["folders"]);
    }
}

/// The same at the two moments that matter: before there is a staged file, and while it is above the folder.
#[test]
fn a_new_folder_is_removed_by_the_pack_that_made_it() {
    for (call, delayed) in [
        ("getdents64", "the search for left files"),
        ("rename,renameat", "the end"),
    ] {
        let site = Site::new();
        let new = site.above().join("new");
        let output = new.join("folders/etl");
        let pack = |content| site.pack_to(content, &output);
        // It makes the folders, fails after a second, and removes them.
        let fails = faulty(&pack(Content::A), "fsync", "error=EIO:delay_enter=1000000");
        let fails = spawn(&mut { fails });
        wait_for("new folders", Duration::from_secs(20), || {
            output.parent().unwrap().exists()
        });
        let waits = faulty(&pack(Content::B), call, "delay_enter=2500000:when=1");
        let waits = spawn(&mut { waits });
        assert_eq!(finished(fails).code, 1);
        finished(waits).ok();
        assert_eq!(site.content_at(&output), Content::B, "{delayed}");
        assert_eq!(names(&new.join("folders")), ["etl"]);
        assert_eq!(names(&new), ["folders"]);
    }
}

/// A worker starts the bundle whenever it likes: never "Text file busy", never half a program.
#[test]
fn a_bundle_that_is_started_all_the_time() {
    let site = Site::new();
    site.packed(Content::A);
    let (done, starts) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let output = Command::new(site.bundle())
                    .env_remove("MANIFEST_FILE")
                    .output();
                let output = output.unwrap_or_else(|error| panic!("it does not start: {error}"));
                assert!(output.status.success(), "{output:?}");
                assert!(output.stdout.starts_with(b"{"), "{output:?}");
                starts.fetch_add(1, Ordering::Relaxed);
            }
        });
        let start = Instant::now();
        let mut content = Content::A;
        while start.elapsed() < Duration::from_secs(8) {
            content = content.other();
            // Not `ok`: the loop would go on for ever.
            let outcome = run(&mut site.pack(content));
            if outcome.code != 0 {
                done.store(true, Ordering::Relaxed);
                panic!("{outcome:#?}");
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    let starts = starts.into_inner();
    assert!(starts > 100, "{starts}");
    site.nothing_is_left(false);
}

/// The old program goes on in the old file, while the new one is already there.
#[test]
fn a_bundle_that_runs_is_replaced_and_goes_on() {
    let site = Site::with_program("reads_stdin");
    site.packed(Content::A);
    let mut running = Command::new(site.bundle())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    for content in [Content::B, Content::A, Content::B] {
        site.packed(content);
        assert_eq!(site.content_at(&site.bundle()), content);
    }
    assert!(
        running.try_wait().unwrap().is_none(),
        "the old one has ended"
    );
    drop(running.stdin.take());
    let output = running.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(output.stdout.starts_with(b"{"), "{output:?}");
    site.nothing_is_left(false);
}
