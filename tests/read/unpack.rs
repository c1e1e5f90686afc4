//! `unpack`: bit for bit, nothing outside of the folder, nothing overwritten unless asked.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::packer::{Bench, EXECUTABLE, MANIFEST, Outcome, SOURCE, mode, packer, run};
use crate::{SHORT, by_hand};

fn unpack(bench: &Bench, bundle: &Path, args: &[&str]) -> Outcome {
    run(packer()
        .current_dir(bench.root())
        .arg("unpack")
        .arg(bundle)
        .args(args))
}

#[test]
fn parts_come_back_bit_for_bit() {
    let bench = Bench::new();
    let bundle = bench.bundle(MANIFEST);
    let outcome = unpack(&bench, &bundle, &["--out-dir", "new/parts"]).ok();
    let parts = bench.path("new/parts");
    let read = |name: &str| fs::read(parts.join(name)).unwrap();
    assert!(read("etl").eq(&fs::read(bench.path(EXECUTABLE)).unwrap()));
    assert_eq!(read("source/main.rs"), SOURCE.as_bytes());
    assert_eq!(
        read("airflow-metadata.yaml"),
        run(packer().arg("inspect").arg(&bundle)).stdout
    );
    assert_eq!(mode(&parts.join("etl")), 0o755);
    assert_eq!(mode(&parts.join("source/main.rs")), 0o644);
    let printed: Vec<_> = outcome.text().lines().map(PathBuf::from).collect();
    let expected = ["etl", "airflow-metadata.yaml", "source/main.rs"].map(|name| parts.join(name));
    assert_eq!(printed, expected.map(|path| path.canonicalize().unwrap()));
    assert_eq!(bench.processes().len(), 1, "nothing is run");

    // Packed again from its parts, it is the same bundle but for nothing.
    let mut again = packer();
    again
        .current_dir(&parts)
        .args(["--executable", "etl", "--source", "source/main.rs"]);
    again.args(["--airflow-metadata", "airflow-metadata.yaml", "-o", "again"]);
    run(&mut again).ok();
    assert!(read("again").eq(&fs::read(&bundle).unwrap()));
}

#[test]
fn nothing_is_overwritten_unless_asked() {
    let bench = Bench::new();
    let bundle = bench.bundle(MANIFEST);
    for taken in ["etl", "airflow-metadata.yaml", "source/main.rs"] {
        let parts = bench.path("parts");
        fs::create_dir_all(parts.join("source")).unwrap();
        fs::write(parts.join(taken), "mine").unwrap();
        let before = bench.listing();
        unpack(&bench, &bundle, &["--out-dir", "parts"])
            .fails(1, &[taken, "exists already; pass `--force`"]);
        assert_eq!(bench.listing(), before);
        assert_eq!(fs::read(parts.join(taken)).unwrap(), b"mine");
        unpack(&bench, &bundle, &["--out-dir", "parts", "--force"]).ok();
        assert_ne!(fs::read(parts.join(taken)).unwrap(), b"mine");
        fs::remove_dir_all(parts).unwrap();
    }
    // A dangling link is something too.
    fs::create_dir(bench.path("parts")).unwrap();
    symlink(bench.path("outside"), bench.path("parts/etl")).unwrap();
    unpack(&bench, &bundle, &["--out-dir", "parts"]).fails(1, &["exists already"]);
    unpack(&bench, &bundle, &["--out-dir", "parts", "--force"]).ok();
    assert!(!bench.path("outside").exists(), "written through a link");
    assert!(!bench.path("parts/etl").is_symlink());
    // Not even the bundle itself.
    unpack(&bench, &bundle, &["--out-dir", "airflow-bundle"]).fails(1, &["exists already"]);
    // A folder in the place of a file is not removed.
    fs::create_dir_all(bench.path("other/etl/full")).unwrap();
    let outcome = unpack(&bench, &bundle, &["--out-dir", "other", "--force"]);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    assert!(bench.path("other/etl/full").is_dir());
}

#[test]
fn paths_that_lead_out_of_the_folder() {
    let bench = Bench::new();
    bench.write("victim", "mine");
    let outside = bench.path("victim").to_str().unwrap().to_owned();
    for path in [
        "../victim",
        "../../victim",
        "a/../../victim",
        &outside,
        "/etc/passwd",
        "..",
        ".",
        "",
        "a/",
        "a//b",
        "./a",
        "a/./b",
        "a/..",
        "\\..\\victim",
        "C:\\x",
        "C:x",
        "NUL",
        "com1.txt",
        "x.",
        "x ",
        "a\\0b",
        "a\\nb",
        "\\e[31m",
        "a:b",
    ] {
        let manifest = format!(
            "{SHORT}source: a\nsources:\n- {{path: \"{}\", offset: 0, length: 3}}\n",
            path.replace("\\..\\", "\\\\..\\\\")
                .replace(":\\x", ":\\\\x")
        );
        let bundle = by_hand(&bench, "hand", b"abc", &manifest);
        for args in [
            &["--out-dir", "parts"][..],
            &["--out-dir", "parts", "--force"],
        ] {
            let before = bench.listing();
            let outcome = unpack(&bench, &bundle, args)
                .fails(1, &["cannot be written safely", "inspect --source"]);
            assert!(!outcome.stderr.contains('\x1b'));
            assert_eq!(bench.listing(), before, "{path:?}");
        }
        // `source`, in bundles without `sources`, is as little to be trusted.
        let bundle = by_hand(
            &bench,
            "hand",
            b"abc",
            manifest
                .replace("sources:\n- {path:", "x: {")
                .replace(
                    "source: a",
                    &format!("source: \"{}\"", path.replace('\\', "\\\\")),
                )
                .split("\nx:")
                .next()
                .unwrap(),
        );
        let before = bench.listing();
        unpack(&bench, &bundle, &["--out-dir", "parts"]).fails(1, &["cannot be written safely"]);
        assert_eq!(bench.listing(), before, "{path:?}");
    }
    assert_eq!(fs::read(bench.path("victim")).unwrap(), b"mine");
}

#[test]
fn sources_that_cannot_be() {
    let bench = Bench::new();
    let long = "x".repeat(300);
    let deep = format!(
        "[{{path: a, offset: 0, length: 1}}, {{path: d/b, offset: 0, length: 1}}, {{path: d/e/f/{long}/c, offset: 0, length: 1}}]"
    );
    for (sources, words) in [
        (
            "[{path: a, offset: 0, length: 4}]".to_owned(),
            "reaches out of the source region",
        ),
        (
            "[{path: a, offset: 18446744073709551615, length: 2}]".to_owned(),
            "reaches out of the source region",
        ),
        (
            "[{path: a, offset: 0, length: 1}, {path: a, offset: 1, length: 2}]".to_owned(),
            "stands twice",
        ),
        (
            "[{path: a, offset: 0, length: 1}, {path: a/b, offset: 1, length: 2}]".to_owned(),
            "source/a",
        ),
        (
            "[{path: a/b, offset: 0, length: 1}, {path: a, offset: 1, length: 2}]".to_owned(),
            "source/a",
        ),
        (
            format!("[{{path: {long}, offset: 0, length: 3}}]"),
            "failed to write",
        ),
        (deep, "failed to write"),
    ] {
        let bundle = by_hand(
            &bench,
            "hand",
            b"abc",
            format!("{SHORT}sources: {sources}\n"),
        );
        let before = bench.listing();
        let outcome = unpack(&bench, &bundle, &["--out-dir", "parts"]).says(&[words]);
        assert_eq!(outcome.code, 1, "{outcome:?}");
        assert_eq!(bench.listing(), before, "{sources}");
    }
}

#[test]
fn several_sources_and_none() {
    let bench = Bench::new();
    let manifest = format!(
        "{SHORT}sources: [{{path: src/main.go, offset: 0, length: 2}}, {{path: größe/日本.go, offset: 2, length: 0}}, {{path: etl, offset: 2, length: 1}}]\n"
    );
    let bundle = by_hand(&bench, "etl2", b"abc", manifest);
    unpack(&bench, &bundle, &["--out-dir", "parts"]).ok();
    let read = |name: &str| fs::read(bench.path("parts").join(name)).unwrap();
    assert_eq!(read("source/src/main.go"), b"ab");
    assert_eq!(read("source/größe/日本.go"), b"");
    assert_eq!(read("source/etl"), b"c");

    // Without names, or without a manifest that can be read.
    for (name, manifest) in [("unnamed", SHORT), ("unreadable", "a: [")] {
        let bundle = by_hand(&bench, name, b"abc", manifest);
        unpack(&bench, &bundle, &["--out-dir", &format!("{name}-parts")]).ok();
        let parts = bench.path(format!("{name}-parts"));
        assert_eq!(fs::read(parts.join("source/source")).unwrap(), b"abc");
        assert_eq!(
            fs::read_to_string(parts.join("airflow-metadata.yaml")).unwrap(),
            manifest
        );
    }
    let bundle = by_hand(&bench, "empty", b"", SHORT);
    unpack(&bench, &bundle, &["--out-dir", "empty-parts"]).ok();
    assert!(!bench.path("empty-parts/source").exists());
    // A bundle that is named like another part.
    for name in ["source", "airflow-metadata.yaml"] {
        let bundle = by_hand(&bench, name, b"abc", SHORT);
        let folder = format!("{name}-parts");
        unpack(&bench, &bundle, &["--out-dir", &folder]).ok();
        assert!(bench.path(folder).join("executable").is_file());
    }
}

#[test]
fn folders_that_are_links() {
    let bench = Bench::new();
    let bundle = bench.bundle(MANIFEST);
    fs::create_dir_all(bench.path("elsewhere")).unwrap();
    fs::create_dir_all(bench.path("parts")).unwrap();
    symlink(bench.path("elsewhere"), bench.path("parts/source")).unwrap();
    for args in [
        &["--out-dir", "parts"][..],
        &["--out-dir", "parts", "--force"],
    ] {
        let before = bench.listing();
        unpack(&bench, &bundle, args)
            .fails(1, &["is a symbolic link; nothing is written through it"]);
        assert_eq!(bench.listing(), before);
    }
    assert_eq!(fs::read_dir(bench.path("elsewhere")).unwrap().count(), 0);
    // The folder that the user names may be a link: that is the user's own.
    symlink(bench.path("elsewhere"), bench.path("mine")).unwrap();
    unpack(&bench, &bundle, &["--out-dir", "mine"]).ok();
    assert!(bench.path("elsewhere/source/main.rs").is_file());
}

#[test]
fn bundles_that_are_damaged() {
    let bench = Bench::new();
    let bundle = bench.bundle(MANIFEST);
    let mut bytes = fs::read(&bundle).unwrap();
    bytes[200] ^= 1;
    let damaged = bench.write("damaged", bytes);
    let before = bench.listing();
    unpack(&bench, &damaged, &["--out-dir", "parts"]).fails(1, &["SHA-256 differs", "verify"]);
    unpack(&bench, &bench.path(EXECUTABLE), &["--out-dir", "parts"]).fails(1, &["as a bundle"]);
    let outcome = unpack(&bench, &bundle, &["--out-dir", "main.rs"])
        .fails(1, &["main.rs", "Not a directory"]);
    // The name of a temporary file helps nobody.
    assert!(!outcome.stderr.contains(".tmp"), "{}", outcome.stderr);
    let folder = bench.path("airflow-bundle");
    unpack(&bench, &folder, &["--out-dir", "parts"]).fails(1, &["is a folder; name a bundle"]);
    let outcome = unpack(&bench, &bench.path("missing"), &["--out-dir", "parts"]);
    assert!(
        !outcome
            .fails(1, &["No such file"])
            .stderr
            .contains("verify")
    );
    unpack(&bench, &bundle, &["--out-dir", "main.rs/x"]).fails(1, &["main.rs"]);
    unpack(&bench, &bundle, &[]).fails(2, &["--out-dir"]);
    assert_eq!(bench.listing(), before);
}
