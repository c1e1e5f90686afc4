//! What the fuzz targets in `fuzz/` run. Each function takes untrusted bytes, and panics where something is wrong with our
//! answer, not with the bytes.
//!
//! Plain tests run them on the committed corpus, so that what was found once is looked for on every machine.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a panic is a finding"
)]

use std::cell::RefCell;
use std::io::{Cursor, Read, Seek as _, Write as _};

use airflow_protocol::Release;
use tempfile::NamedTempFile;

use crate::bundle::digest::{RegionDigests, Sha256Digest};
use crate::bundle::displaced::find_displaced_trailer;
use crate::bundle::packable::examine;
use crate::bundle::reader::Bundle;
use crate::executable::{GlibcVersion, glibc_symbols, link_record};
use crate::introspect;
use crate::manifest::{Manifest, SourceName};
use crate::text::is_unsafe;
use crate::worker::manifest::{self as worker_manifest_module, WorkerManifest};
use crate::worker::sources::source_files;
use crate::worker::verdict::{Candidate, judge, judge_for};
use crate::worker::walk::MayExecute;

thread_local! {
    static FILE: RefCell<NamedTempFile> = RefCell::new(NamedTempFile::new().expect("a temporary file"));
}

/// A file as a bundle: the trailer, the regions, the verdict.
pub fn reader(bytes: &[u8]) {
    FILE.with_borrow_mut(|temporary| {
        let file = temporary.as_file_mut();
        file.set_len(0).unwrap();
        file.rewind().unwrap();
        file.write_all(bytes).unwrap();
        let path = temporary.path();

        let verdicts = judge_for(path, MayExecute::Yes, &Release::ALL);
        for one in &verdicts.by_release {
            assert_eq!(one.usable, one.problems.is_empty());
            assert!(!one.usable || !verdicts.dag_ids.is_empty());
            assert!(!(one.usable && one.raises));
            for finding in one.problems.iter().chain(&one.warnings) {
                assert!(!finding.message.contains('\n'), "{finding:?}");
            }
            let alone = judge(path, MayExecute::Yes, one.release);
            assert_eq!(
                (&alone.problems, &alone.warnings),
                (&one.problems, &one.warnings)
            );
        }
        let opened = Bundle::open(path);
        if opened.is_ok() {
            assert!(Candidate::open(path).claims());
        }
        if let Ok(bundle) = opened {
            regions(&bundle, bytes);
        }
    });
}

fn regions(bundle: &Bundle, bytes: &[u8]) {
    let mut found = Vec::new();
    bundle.executable().read_to_end(&mut found).unwrap();
    assert_ne!(found, [0; 0], "an executable is never empty");
    bundle.source().read_to_end(&mut found).unwrap();
    let manifest = bundle.manifest().unwrap();
    found.extend(&manifest);
    found.extend(bundle.trailer().encode());
    assert_eq!(found, bytes, "the regions are the file");
    if let Ok(manifest) = worker_manifest_module::read(&manifest) {
        for file in source_files(&manifest, bundle) {
            let range = file.offset..file.offset.saturating_add(file.length);
            let Some(mut stream) = bundle.source_range(range) else {
                continue;
            };
            let mut source = Vec::new();
            stream.read_to_end(&mut source).unwrap();
            assert_eq!(source.len() as u64, file.length);
        }
    }
}

/// A manifest in a bundle, as the worker reads it.
pub fn worker_manifest(bytes: &[u8]) {
    match worker_manifest_module::read(bytes) {
        Ok(manifest) => look_through(&manifest),
        Err(fault) => {
            for release in Release::ALL {
                let finding = fault.on(release);
                assert!(!finding.message.contains('\n'), "{finding:?}");
            }
        }
    }
}

fn look_through(manifest: &WorkerManifest) {
    let ids = manifest.dag_ids();
    if manifest.check_dags().is_ok() {
        assert_ne!(ids, [""; 0]);
    }
    drop(manifest.task_ids());
    for release in Release::ALL {
        drop(manifest.check_schema_version(release));
    }
}

/// A manifest as an executable prints it. One that is accepted must be read back by the worker with the same ids.
pub fn manifest(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match Manifest::parse(text) {
        Ok(manifest) => {
            // As in a bundle, where one of the program's schema versions has been chosen.
            let version = manifest.schema_versions().first().cloned();
            canonical(&match version {
                Some(version) => manifest.pinned(&version),
                None => manifest,
            });
        }
        Err(error) => drop(error.to_string()),
    }
}

fn canonical(manifest: &Manifest) {
    let source = SourceName {
        file_name: "main.rs".to_owned(),
        entrypoint_path: "src/main.rs".to_owned(),
    };
    let regions = RegionDigests {
        executable: Sha256Digest::of(b"executable"),
        source: Sha256Digest::of(b"source"),
        source_len: 6,
    };
    let rendered = manifest.render(&source, &regions);
    let read = worker_manifest_module::read(rendered.as_bytes())
        .unwrap_or_else(|finding| panic!("the worker cannot read our manifest: {finding:?}"));
    let mut ours: Vec<&str> = manifest.dag_ids().collect();
    ours.sort_unstable();
    let mut theirs = read.dag_ids();
    theirs.sort_unstable();
    assert_eq!(ours, theirs, "dag ids, {rendered}");
    assert_eq!(manifest.task_count(), read.task_ids().len(), "{rendered}");

    // Our own reader of YAML takes a number beyond floats for a string, so the first form need not come back.
    let parse = |text: &str| {
        Manifest::parse(text)
            .unwrap_or_else(|error| panic!("we cannot read our manifest: {error}\n{text}"))
    };
    let again = parse(&rendered);
    let mut ids: Vec<&str> = again.dag_ids().collect();
    ids.sort_unstable();
    assert_eq!(ids, ours);
    let canonical = again.render(&source, &regions);
    assert_eq!(parse(&canonical).render(&source, &regions), canonical);
    for warning in manifest.warnings(&Release::ALL) {
        assert!(!warning.to_string().contains('\n'));
    }
}

/// An executable's link section.
pub fn section(bytes: &[u8]) {
    let len = bytes.len() as u64;
    let found = link_record(Cursor::new(bytes), 0, len);
    match &found {
        Ok(Some(record)) => assert!(record.json.len() < bytes.len()),
        Ok(None) => {}
        Err(error) => drop(error.to_string()),
    }
    // Inside of a larger file, the answer is the same.
    let wrapped = [b"start", bytes, b"\x7fELF behind it"].concat();
    let inside = link_record(Cursor::new(&wrapped), 5, len);
    assert_eq!(format!("{found:?}"), format!("{inside:?}"));
}

/// An executable: its headers, what it needs, a trailer in its midst.
pub fn executable(bytes: &[u8]) {
    let len = bytes.len() as u64;
    let any = GlibcVersion {
        major: 2,
        minor: 34,
        patch: 0,
    };
    let version = match examine(Cursor::new(bytes), 0, len) {
        Ok(found) => {
            assert_ne!(found.architectures, []);
            assert!(!found.to_string().contains('\n'));
            found.glibc.unwrap_or(any)
        }
        Err(refusal) => {
            drop(refusal.to_string());
            any
        }
    };
    match glibc_symbols(Cursor::new(bytes), 0, len, version) {
        Ok(names) => assert!(names.len() <= 4),
        Err(refusal) => drop(refusal.to_string()),
    }
    if let Some(found) = find_displaced_trailer(Cursor::new(bytes), 0, len).unwrap() {
        assert!(found.trailing > 0);
        assert_eq!(found.offset + 64 + found.trailing, len);
    }
}

/// What an executable printed, and the message where that is no manifest.
pub fn introspection(bytes: &[u8]) {
    if let Err(message) = introspect::read_printed(bytes) {
        let shown = |c| c == '\n' || !is_unsafe(c);
        assert!(message.chars().all(shown), "{message:?}");
    }
}

/// What an executable sends to the supervisor of its trial: frames one after the other, and the message where they end in none.
pub fn answer(bytes: &[u8]) {
    let mut inbox = bytes;
    loop {
        let before = inbox.len();
        match introspect::take_frame(&mut inbox) {
            Ok(true) => assert!(inbox.len() < before),
            Ok(false) => break assert_eq!(inbox.len(), before),
            Err(message) => break assert!(!message.is_empty()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::print_stderr, reason = "names the input of a failing test")]

    #[test]
    fn the_corpus_holds() {
        type Target = fn(&[u8]);
        let targets: [(&str, Target); 7] = [
            ("reader", super::reader),
            ("worker_manifest", super::worker_manifest),
            ("manifest", super::manifest),
            ("section", super::section),
            ("executable", super::executable),
            ("introspection", super::introspection),
            ("answer", super::answer),
        ];
        for (name, target) in targets {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/");
            let mut count = 0;
            for entry in std::fs::read_dir(format!("{folder}{name}")).unwrap() {
                let path = entry.unwrap().path();
                let bytes = std::fs::read(&path).unwrap();
                eprintln!("{}", path.display());
                target(&bytes);
                count += 1;
            }
            assert!(count > 5, "{count} inputs for {name}");
        }
    }
}
