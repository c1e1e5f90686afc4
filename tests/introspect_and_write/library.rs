//! Writing through the library, which shows what a run of the program hides: the moment before the
//! bundle is whole.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use cargo_airflow_bundle::bundle::input::Input;
use cargo_airflow_bundle::bundle::output::Output;
use cargo_airflow_bundle::bundle::writer::{
    Packed, Parts, RegionDigests, WriteError, write_bundle,
};

use crate::packer::{Bench, SOURCE, mode, replaced};

const RENDERED: &str = "dags: {}\n";

/// Writes the bench's files to `output`; `render` runs when all but the manifest is written.
fn write(
    bench: &Bench,
    output: &Path,
    stop: &AtomicBool,
    render: impl FnOnce(&RegionDigests) -> Result<Vec<u8>, String>,
) -> Result<Packed, WriteError> {
    let executable = Input::open(&bench.path("etl")).unwrap();
    let source = Input::open(&bench.path("main.rs")).unwrap();
    let output = Output::check(output).unwrap();
    let parts = Parts {
        executable: &executable,
        source: &source,
    };
    write_bundle(parts, &output, stop, render)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect()
}

#[test]
fn nobody_finds_the_file_before_it_is_whole() {
    let bench = Bench::new();
    let output = bench.path("new/folder/etl");
    let folder = output.parent().unwrap().to_owned();
    for before in [&[][..], std::slice::from_ref(&output)] {
        let packed = write(&bench, &output, &AtomicBool::new(false), |digests| {
            assert_eq!(files(&folder), before);
            let above = files(folder.parent().unwrap());
            let hidden: Vec<_> = above.iter().filter(|file| **file != folder).collect();
            let [hidden] = hidden[..] else {
                panic!("{hidden:?}")
            };
            assert_eq!(mode(hidden) & 0o777, 0o300, "{hidden:?}");
            assert_eq!(digests.source_len, SOURCE.len() as u64);
            Ok(RENDERED.into())
        })
        .unwrap();
        assert!(!packed.fresh);
        assert_eq!(packed.path, output);
        assert_eq!(packed.size, fs::metadata(&output).unwrap().len());
        assert_eq!(files(&folder), std::slice::from_ref(&output));
        assert_eq!(
            files(folder.parent().unwrap()),
            std::slice::from_ref(&folder)
        );
        assert_eq!(mode(&output), 0o755);
        // Another source, so that the second round writes too.
        bench.write("main.rs", SOURCE.replace("日本", "nihon "));
        assert_eq!(
            fs::metadata(bench.path("main.rs")).unwrap().len(),
            SOURCE.len() as u64
        );
    }
}

#[test]
fn equal_bytes_are_left_alone() {
    let bench = Bench::new();
    let output = bench.path("out/etl");
    let go = || Ok(RENDERED.into());
    write(&bench, &output, &AtomicBool::new(false), |_| go()).unwrap();
    let before = fs::metadata(&output).unwrap();
    let again = write(&bench, &output, &AtomicBool::new(false), |_| {
        assert_eq!(
            files(output.parent().unwrap()).len(),
            1,
            "nothing is written to find that out"
        );
        go()
    });
    assert!(again.unwrap().fresh);
    let after = fs::metadata(&output).unwrap();
    assert_eq!(
        (before.ino(), before.mtime_nsec()),
        (after.ino(), after.mtime_nsec())
    );

    // One byte more or less in the manifest, or behind the bundle.
    for manifest in ["dags: {}\n\n", "dags: {}", RENDERED] {
        let packed = write(&bench, &output, &AtomicBool::new(false), |_| {
            Ok(manifest.into())
        });
        assert!(!packed.unwrap().fresh, "{manifest:?}");
    }
    let mut bytes = fs::read(&output).unwrap();
    bytes.push(0);
    fs::write(&output, &bytes).unwrap();
    assert!(
        !write(&bench, &output, &AtomicBool::new(false), |_| go())
            .unwrap()
            .fresh
    );
    bytes.pop();
    assert!(fs::read(&output).unwrap().eq(&bytes));
}

/// Each change of an input that can happen while it is read.
#[test]
fn inputs_that_change_meanwhile() {
    type Change = fn(&Path);
    let changes: &[(&str, Change)] = &[
        ("grows", |path| {
            fs::write(path, [fs::read(path).unwrap(), vec![b'\n']].concat()).unwrap();
        }),
        ("shrinks", |path| {
            fs::write(path, &fs::read(path).unwrap()[1..]).unwrap();
        }),
        ("is written", |path| {
            fs::write(path, fs::read(path).unwrap()).unwrap();
        }),
        ("is replaced", |path| {
            let other = path.with_extension("other");
            fs::copy(path, &other).unwrap();
            fs::rename(other, path).unwrap();
        }),
    ];
    for input in ["etl", "main.rs"] {
        for (what, change) in changes {
            let bench = Bench::new();
            let output = bench.path("new/etl");
            let result = write(&bench, &output, &AtomicBool::new(false), |_| {
                std::thread::sleep(std::time::Duration::from_millis(20));
                change(&bench.path(input));
                Ok(RENDERED.into())
            });
            let error = result.expect_err(what);
            assert!(
                matches!(&error, WriteError::Changed(path) if path.ends_with(input)),
                "{what}: {error}"
            );
            assert!(
                error.to_string().contains("changed while it was packed"),
                "{error}"
            );
            assert!(!bench.path("new").exists(), "{what}");
        }
    }
    // Between opening and reading.
    let bench = Bench::new();
    let executable = Input::open(&bench.path("etl")).unwrap();
    let source = Input::open(&bench.path("main.rs")).unwrap();
    fs::write(bench.path("etl"), b"short").unwrap();
    let parts = Parts {
        executable: &executable,
        source: &source,
    };
    let output = Output::check(&bench.path("out")).unwrap();
    let result = write_bundle(parts, &output, &AtomicBool::new(false), |_| {
        Ok(RENDERED.into())
    });
    assert!(matches!(result, Err(WriteError::Changed(_))));
    assert!(!bench.path("out").exists());
}

#[test]
fn what_fails_leaves_nothing_and_the_old_bundle() {
    let bench = Bench::new();
    let output = bench.path("new/folder/etl");
    let stop = AtomicBool::new(false);
    let failed = write(&bench, &output, &stop, |_| {
        Err("no manifest today".to_owned())
    });
    assert_eq!(failed.unwrap_err().to_string(), "no manifest today");
    assert!(!bench.path("new").exists());

    let stopped = write(&bench, &output, &stop, |_| {
        stop.store(true, Ordering::Relaxed);
        Ok(RENDERED.into())
    });
    assert!(matches!(stopped, Err(WriteError::Interrupted)));
    assert!(!bench.path("new").exists());
    let stopped = write(&bench, &output, &stop, |_| panic!("it was stopped before"));
    assert!(matches!(stopped, Err(WriteError::Interrupted)));

    stop.store(false, Ordering::Relaxed);
    fs::create_dir(bench.path("new")).unwrap();
    write(&bench, &output, &stop, |_| Ok(RENDERED.into())).unwrap();
    let before = fs::read(&output).unwrap();
    bench.write("main.rs", replaced(SOURCE, "fn", "fm"));
    write(&bench, &output, &stop, |_| Err(String::new())).unwrap_err();
    assert!(fs::read(&output).unwrap().eq(&before));
    assert_eq!(files(output.parent().unwrap()).len(), 1);
}
