//! Where a bundle is written, how, and what is never overwritten.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::packer::{BUNDLE, Bench, MANIFEST, SOURCE, mode, packer, run, scrub};

#[test]
fn places() {
    let bench = Bench::new();
    let printed = bench.pack(MANIFEST, &[]).ok();
    assert_eq!(Path::new(printed.text().trim_end()), bench.path(BUNDLE));
    for (args, place) in [
        (&["-o", "named"][..], "named"),
        (&["--output", "a/b/c/named"], "a/b/c/named"),
        (&["-o", "./d/../named too"], "named too"),
        (&["--out-dir", "folder"], "folder/etl"),
        (&["--out-dir", "e/f/"], "e/f/etl"),
    ] {
        // A parent that `..` leaves again need not be there.
        fs::create_dir_all(bench.path("d")).unwrap();
        let printed = bench.pack(MANIFEST, args).ok();
        let path = Path::new(printed.text().trim_end()).to_owned();
        assert!(path.is_absolute(), "{path:?}");
        assert_eq!(
            path.canonicalize().unwrap(),
            bench.path(place).canonicalize().unwrap()
        );
        assert_eq!(mode(&path), 0o755);
        assert!(
            fs::read(&path)
                .unwrap()
                .eq(&fs::read(bench.path(BUNDLE)).unwrap())
        );
    }
    // The environment names a folder; a flag comes first.
    let with_variable = |args: &[&str]| {
        let mut command = bench.packer();
        command
            .env("CARGO_AIRFLOW_BUNDLE_OUT_DIR", bench.path("variable"))
            .args(args);
        run(&mut command).ok();
    };
    with_variable(&["-o", "flag"]);
    assert!(bench.path("flag").is_file() && !bench.path("variable").exists());
    with_variable(&[]);
    assert!(bench.path("variable/etl").is_file());
}

/// Airflow 3.4 does not ask a file with a suffix for its Dags, which matters only to a bundle that declares some.
#[test]
fn a_dot_in_the_name_of_a_bundle_that_declares_dags() {
    let bench = Bench::new();
    let said = |manifest: &str, name: &str| bench.pack(manifest, &["-o", name]).ok().stderr;
    let declares = MANIFEST.replacen('{', r#"{"dag_source_paths": {"own": "main.rs"},"#, 1);
    let words = "/etl-1.2`: Airflow 3.4's Dag processor does not start a file with a suffix in its name (`.2`)";
    let note = said(&declares, "etl-1.2");
    assert!(note.contains("note: `") && note.contains(words), "{note}");
    for (manifest, name) in [
        (&*declares, "etl-1"),
        (MANIFEST, "etl-1.2"),
        (MANIFEST, "etl-1"),
    ] {
        let quiet = said(manifest, name);
        assert!(!quiet.contains("suffix"), "{quiet}");
    }
}

#[test]
fn the_mode_does_not_depend_on_the_umask() {
    for umask in ["077", "777", "000"] {
        let bench = Bench::new();
        bench.write("captured.json", MANIFEST);
        // A folder made under 777 could not be written to.
        fs::create_dir(bench.path("out")).unwrap();
        let packer = bench.packer();
        let mut shell = Command::new("sh");
        scrub(&mut shell);
        shell.current_dir(bench.root());
        shell.args(["-c", &format!("umask {umask}; exec \"$@\""), "sh"]);
        shell.arg(packer.get_program()).args(packer.get_args());
        run(shell.args(["--airflow-metadata", "captured.json", "-o", "out/etl"])).ok();
        assert_eq!(mode(&bench.path("out/etl")), 0o755, "umask {umask}");
    }
}

#[test]
fn outputs_that_are_refused() {
    let bench = Bench::new();
    bench.write("captured.json", MANIFEST);
    bench.write("file", "somebody's");
    fs::create_dir(bench.path("folder")).unwrap();
    fs::create_dir_all(bench.path("occupied/etl")).unwrap();
    assert!(
        Command::new("mkfifo")
            .arg(bench.path("pipe"))
            .status()
            .unwrap()
            .success()
    );
    symlink("nowhere", bench.path("dangling")).unwrap();
    symlink("circle", bench.path("circle")).unwrap();
    symlink("folder", bench.path("to-folder")).unwrap();
    symlink("pipe", bench.path("to-pipe")).unwrap();
    for input in ["etl", "main.rs", "captured.json"] {
        symlink(input, bench.path(format!("link-{input}"))).unwrap();
        fs::hard_link(bench.path(input), bench.path(format!("hard-{input}"))).unwrap();
    }
    let before = bench.listing();
    let refused = |args: &[&str], words: &[&str]| {
        let mut command = bench.packer();
        command
            .args(["--airflow-metadata", "captured.json"])
            .args(args);
        run(&mut command)
            .fails(1, words)
            .says(&["cannot write the bundle to `"]);
        assert_eq!(bench.listing(), before, "{args:?}");
    };
    refused(&["-o", "folder"], &["it is a folder", "--out-dir"]);
    refused(&["-o", "to-folder"], &["it is a folder"]);
    refused(&["-o", "folder/"], &["it is a folder"]);
    refused(&["-o", "missing/"], &["no file name"]);
    refused(&["-o", "."], &["folder"]);
    refused(&["-o", ".."], &["folder"]);
    refused(&["-o", "/"], &["folder"]);
    refused(&["-o", "folder/.."], &["folder"]);
    refused(&["--out-dir", "occupied"], &["it is a folder"]);
    refused(&["-o", "pipe"], &["not a regular file"]);
    refused(&["-o", "to-pipe"], &["not a regular file"]);
    refused(&["-o", "/dev/null"], &["not a regular file"]);
    refused(
        &["-o", "dangling"],
        &["a symbolic link to a file that does not exist"],
    );
    refused(&["-o", "circle"], &["symbolic link"]);
    refused(&["-o", "file/etl"], &["file` is a file, not a folder"]);
    refused(&["-o", "file/a/b/etl"], &["file` is a file, not a folder"]);
    refused(&["--out-dir", "file"], &["file` is a file, not a folder"]);
    for input in ["etl", "main.rs", "captured.json"] {
        for path in [
            input.to_owned(),
            format!("./{input}"),
            format!("folder/../{input}"),
            format!("link-{input}"),
            format!("hard-{input}"),
        ] {
            refused(
                &["-o", &path],
                &["it is the same file as the input `", "never overwritten"],
            );
        }
    }
    refused(&["--out-dir", "."], &["the same file as the input `etl`"]);
    assert_eq!(fs::read(bench.path("main.rs")).unwrap(), SOURCE.as_bytes());
    assert_eq!(fs::read(bench.path("file")).unwrap(), b"somebody's");
}

/// Known before the executable is run.
#[test]
fn outputs_are_refused_early() {
    let bench = Bench::new();
    fs::create_dir(bench.path("folder")).unwrap();
    run(bench.packer().args(["-o", "folder"])).fails(1, &["it is a folder"]);
    assert_eq!(bench.processes(), [] as [u32; 0]);
}

#[test]
fn an_output_through_a_link_stays_a_link() {
    let bench = Bench::new();
    fs::create_dir(bench.path("real")).unwrap();
    bench.write("real/old", "an old version");
    symlink("real/old", bench.path("link")).unwrap();
    let printed = bench.pack(MANIFEST, &["-o", "link"]).ok();
    assert!(bench.path("link").is_symlink());
    assert_eq!(
        Path::new(printed.text().trim_end()),
        bench.path("real/old").canonicalize().unwrap()
    );
    assert_eq!(fs::read_dir(bench.path("real")).unwrap().count(), 1);
    assert_eq!(mode(&bench.path("real/old")), 0o755);
    // A linked folder is a folder.
    symlink("real", bench.path("linked")).unwrap();
    bench.pack(MANIFEST, &["--out-dir", "linked"]).ok();
    assert!(bench.path("real/etl").is_file());
}

#[test]
fn a_failed_pack_leaves_no_trace_and_the_old_bundle() {
    let bench = Bench::new();
    let bundle = bench.bundle(MANIFEST);
    let before = (
        fs::read(&bundle).unwrap(),
        fs::metadata(&bundle).unwrap().ino(),
    );
    let listing = bench.listing();
    let survived = |what: &str| {
        assert!(
            before
                == (
                    fs::read(&bundle).unwrap(),
                    fs::metadata(&bundle).unwrap().ino()
                ),
            "{what}"
        );
        assert_eq!(bench.listing(), listing, "{what}");
    };
    bench.pack("dags: {", &[]).fails(1, &["YAML"]);
    survived("an unreadable manifest");
    run(bench.packer().args(["--airflow-metadata", "missing"])).fails(1, &["missing"]);
    survived("a missing manifest");

    let source = [SOURCE.as_bytes(), b"// gr\xf6\xdfe\n"].concat();
    bench.write("main.rs", &source);
    let words = ["main.rs` is not UTF-8 (line 4)", "--source"];
    bench.pack(MANIFEST, &[]).fails(1, &words);
    survived("a source that is not UTF-8");
    bench
        .pack(MANIFEST, &["-o", "new/folders/etl"])
        .fails(1, &words);
    survived("new folders");
    fs::create_dir(bench.path("new")).unwrap();
    bench
        .pack(MANIFEST, &["-o", "new/folders/etl"])
        .fails(1, &words);
    assert!(bench.path("new").is_dir() && !bench.path("new/folders").exists());
    fs::remove_dir(bench.path("new")).unwrap();
    // Cut in the middle of a character, at the end of the file and at the end of a buffer.
    for length in [0, (256 << 10) - 1, (1 << 20) - 1, (4 << 20) - 2] {
        let source = [" ".repeat(length).as_bytes(), &"€".as_bytes()[..2]].concat();
        bench.write("main.rs", &source);
        bench.pack(MANIFEST, &[]).fails(1, &["not UTF-8 (line 1)"]);
        bench.write("main.rs", [source, "€".as_bytes()[2..].to_vec()].concat());
        bench.pack(MANIFEST, &["-o", "other"]).ok();
        fs::remove_file(bench.path("other")).unwrap();
    }
    survived("characters in two buffers");
}

/// A sparse file: reading it would take minutes.
#[test]
fn a_source_that_is_too_long_is_not_read() {
    let bench = Bench::new();
    File::create(bench.path("main.rs"))
        .unwrap()
        .set_len(1 << 32)
        .unwrap();
    let words = ["the source has 4294967296 bytes", "at most 4294967295"];
    let outcome = bench.pack(MANIFEST, &["-o", "new/etl"]).fails(1, &words);
    assert!(
        outcome.elapsed < Duration::from_secs(2),
        "{:?}",
        outcome.elapsed
    );
    assert!(!bench.path("new").exists());
    assert_eq!(
        bench.processes(),
        [] as [u32; 0],
        "known before the executable is run"
    );
}

#[test]
fn a_bundle_with_the_same_bytes_is_fresh() {
    let bench = Bench::new();
    let bundle = bench.bundle(MANIFEST);
    let stamp = || {
        let metadata = fs::metadata(&bundle).unwrap();
        (
            metadata.ino(),
            metadata.mtime(),
            metadata.mtime_nsec(),
            metadata.mode() & 0o7777,
        )
    };
    let before = stamp();
    let line = |manifest: &str| {
        let outcome = bench.pack(manifest, &["--message-format", "json"]);
        assert!(matches!(outcome.code, 0 | 2), "{outcome:?}");
        if outcome.code == 2 {
            // The flag is cargo's; without a build there is nothing to format.
            let outcome = bench.pack(manifest, &[]).ok();
            return outcome.stderr.contains("Fresh");
        }
        outcome.json().pop().unwrap()["fresh"] == true
    };
    assert!(line(MANIFEST));
    assert_eq!(stamp(), before);
    // The order of keys and the notation make no difference to the bundle.
    let same: serde_json::Value = serde_json::from_str(MANIFEST).unwrap();
    assert!(line(&same.to_string()));
    assert_eq!(stamp(), before);
    // A copy may have lost its mode; that is mended in place.
    fs::set_permissions(&bundle, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(line(MANIFEST));
    assert_eq!(stamp(), before);

    let good = fs::read(&bundle).unwrap();
    for at in [
        0,
        good.len() / 2,
        good.len() - 100,
        good.len() - 40,
        good.len() - 1,
    ] {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        fs::write(&bundle, &bytes).unwrap();
        assert!(!line(MANIFEST), "byte {at} was wrong");
        assert!(fs::read(&bundle).unwrap().eq(&good));
    }
    bench.write("main.rs", format!("{SOURCE}\n"));
    assert!(!line(MANIFEST));
}

/// "Text file busy" would be the answer to writing into it.
#[test]
fn a_bundle_that_runs_is_replaced() {
    let bench = Bench::with_program("hangs");
    bench.write("captured.json", MANIFEST);
    let pack = || run(bench.packer().args(["--airflow-metadata", "captured.json"])).ok();
    pack();
    let mut running = Command::new(bench.path(BUNDLE))
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let old = fs::metadata(bench.path(BUNDLE)).unwrap().ino();
    bench.write("main.rs", "fn other() {}\n");
    pack();
    assert_ne!(fs::metadata(bench.path(BUNDLE)).unwrap().ino(), old);
    assert!(running.try_wait().unwrap().is_none(), "the old one goes on");
    running.kill().unwrap();
    running.wait().unwrap();
}

#[test]
fn several_packs_at_once_leave_one_whole_bundle() {
    let bench = Bench::new();
    let sources: Vec<_> = (0..6)
        .map(|number| bench.write(&format!("{number}.rs"), format!("// {number}\n")))
        .collect();
    let children: Vec<_> = sources
        .iter()
        .map(|source| {
            let mut command = packer();
            command
                .current_dir(bench.root())
                .args(["--executable", "etl", "-o", "new/out", "--source"])
                .arg(source);
            command
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let out = bench.path("new/out");
    assert_eq!(fs::read_dir(bench.path("new")).unwrap().count(), 1);
    run(packer().arg("verify").arg(&out)).ok();
}

#[test]
fn an_empty_source_and_names_in_other_encodings() {
    use std::os::unix::ffi::OsStrExt as _;
    let bench = Bench::new();
    bench.write("main.rs", "");
    let bundle = bench.bundle(MANIFEST);
    run(packer().arg("verify").arg(&bundle)).ok();
    // The path on stdout is what the system calls the file, not what UTF-8 makes of it.
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9");
    let outcome = run(bench.packer().arg("-o").arg(name)).ok();
    assert!(outcome.stdout.ends_with(b"/caf\xe9\n"));
    assert!(bench.path(name).is_file());
}
