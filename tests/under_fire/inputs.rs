//! Inputs that change while they are read.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::packer::{Outcome, SOURCE, wait_for};
use crate::site::{Content, Site, not_written};

/// So long that reading takes a second or more, in bytes.
const LONG: u64 = 48 << 20;

/// Starts a pack of B and returns once its first bytes have been read.
fn started(site: &Site) -> Child {
    let child = site
        .pack(Content::B)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for("a staged file", Duration::from_secs(20), || {
        !site.staged().is_empty()
    });
    child
}

/// Changes `input` while a pack reads it.
#[track_caller]
fn refused(site: &Site, input: &Path, change: impl FnOnce(), message: &str) {
    let start = Instant::now();
    let child = started(site);
    change();
    let outcome = Outcome::new(child.wait_with_output().unwrap(), start.elapsed());
    let outcome = outcome.fails(1, &[]);
    let input = input.display().to_string();
    // An executable that was made long is warned of.
    let is_warning = |line: &&str| line.contains("bytes stand behind the image");
    let lines = outcome.stderr.split_inclusive('\n');
    assert_eq!(
        lines.filter(|line| !is_warning(line)).collect::<String>(),
        not_written(&site.bundle(), &message.replace('@', &input))
    );
    assert_eq!(site.content_at(&site.bundle()), Content::A);
    site.nothing_is_left(false);
}

const CHANGED: &str =
    "`@` changed while it was packed; wait for whatever writes it, then pack again";

#[test]
fn an_executable_that_changes_while_it_is_read() {
    let site = Site::new();
    site.packed(Content::A);
    let executable = site.executable(Content::B);
    let short = fs::read(&executable).unwrap();
    let lengthen = || {
        fs::write(&executable, &short).unwrap();
        let file = File::options().write(true).open(&executable).unwrap();
        file.set_len(LONG).unwrap();
    };
    let open = || File::options().write(true).open(&executable).unwrap();
    lengthen();
    refused(
        &site,
        &executable,
        || open().set_len(LONG + 1).unwrap(),
        CHANGED,
    );
    lengthen();
    refused(
        &site,
        &executable,
        || open().set_len(LONG / 2).unwrap(),
        CHANGED,
    );
    lengthen();
    refused(&site, &executable, || open().set_len(0).unwrap(), CHANGED);
    lengthen();
    refused(
        &site,
        &executable,
        || open().write_all(b"\x7fELF").unwrap(),
        CHANGED,
    );
    // As cargo and linkers do it: a new file under the name.
    lengthen();
    let new = site.bench.path("b/new");
    fs::copy(&executable, &new).unwrap();
    refused(
        &site,
        &executable,
        || fs::rename(&new, &executable).unwrap(),
        CHANGED,
    );
    lengthen();
    let gone = "failed to read `@`: No such file or directory (os error 2)";
    refused(
        &site,
        &executable,
        || fs::remove_file(&executable).unwrap(),
        gone,
    );
}

/// The executable was read before, and a change of it after that counts too.
#[test]
fn a_source_that_changes_while_it_is_read() {
    let site = Site::new();
    site.packed(Content::A);
    let source = site.bench.path("main.rs");
    let long = " ".repeat(usize::try_from(LONG).unwrap());
    fs::write(&source, &long).unwrap();
    let append = || {
        let mut file = File::options().append(true).open(&source).unwrap();
        file.write_all(b"// more\n").unwrap();
    };
    refused(&site, &source, append, CHANGED);
    fs::write(&source, SOURCE).unwrap();
    site.packed(Content::A);
}
