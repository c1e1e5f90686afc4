//! `verify` of single files: the trailer, the mode, what changed after packing; the lines, the exit codes.

use std::path::Path;

use cargo_airflow_bundle::executable::examine;
use serde_json::{Value, json};

use crate::packer::{Bench, EXECUTABLE, MANIFEST, Outcome, assemble, packer, run, set_mode};
use crate::{SHORT, by_hand};

fn verify(args: &[&Path]) -> Outcome {
    run(packer()
        .args(["verify", "--message-format", "json"])
        .args(args))
}

fn codes(findings: &Value) -> Vec<&str> {
    findings
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["code"].as_str().unwrap())
        .collect()
}

/// The only line for `path`, which must have these problems and warnings.
#[track_caller]
pub fn judged(path: &Path, problems: &[&str], warnings: &[&str]) -> Value {
    let outcome = verify(&[path]);
    let [line] = outcome.json().try_into().unwrap();
    assert_eq!(codes(&line["problems"]), problems, "{line:#}");
    assert_eq!(codes(&line["warnings"]), warnings, "{line:#}");
    assert_eq!(line["usable"], problems.is_empty());
    assert_eq!(
        outcome.code,
        if problems.is_empty() { 0 } else { 100 },
        "{outcome:#?}"
    );
    let keys: Vec<_> = line
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "airflow",
            "dag_ids",
            "executable",
            "path",
            "problems",
            "reason",
            "usable",
            "warnings"
        ]
    );
    assert_eq!(line["reason"], "airflow-bundle-verify");
    assert_eq!(line["path"], json!(std::path::absolute(path).unwrap()));
    let findings = [&line["problems"], &line["warnings"]]
        .map(|list| list.as_array().unwrap().clone())
        .concat();
    let human = run(packer().arg("verify").arg(path));
    assert_eq!(human.code, outcome.code);
    for one in findings {
        let keys: Vec<_> = one.as_object().unwrap().keys().collect();
        assert!(
            keys == ["code", "message"] || keys == ["airflow", "code", "message"],
            "{keys:?}"
        );
        let message = one["message"].as_str().unwrap();
        assert!(
            message.len() > 10 && !message.contains(['\n', '\x1b']),
            "{message:?}"
        );
        assert!(
            human.text().contains(message),
            "the human form has the same content: {human:#?}"
        );
    }
    line
}

/// The line about the executable of a bench.
fn host_executable(bench: &Bench) -> String {
    let file = std::fs::File::open(bench.path(EXECUTABLE)).unwrap();
    let len = file.metadata().unwrap().len();
    let line = examine(file, 0, len).unwrap().to_string();
    assert!(line.starts_with("ELF executable for Linux on "), "{line}");
    line
}

#[test]
fn a_good_bundle() {
    let bench = Bench::new();
    let bundle = bench.bundle(MANIFEST);
    let line = judged(&bundle, &[], &[]);
    assert_eq!(line["dag_ids"], json!(["sales"]));
    let human = run(packer().arg("verify").arg(&bundle)).ok();
    assert_eq!(
        human.text(),
        format!(
            "usable: {}\n  dags: sales\n  airflow: 3.3, 3.4\n  {}\n",
            bundle.display(),
            host_executable(&bench)
        )
    );
    assert_eq!(human.stderr, "");
    assert!(bench.processes().len() == 1, "verify runs nothing");
    // A relative path is told as an absolute one.
    let relative = run(packer().current_dir(bench.root()).args([
        "verify",
        "--message-format",
        "json",
        "airflow-bundle/etl",
    ]));
    assert_eq!(
        relative.json()[0]["path"],
        json!(bundle.canonicalize().unwrap())
    );
}

#[test]
fn trailers_that_make_a_bundle_unusable() {
    let bench = Bench::new();
    let good = std::fs::read(bench.bundle(MANIFEST)).unwrap();
    let end = good.len() - 64;
    let changed = |at: usize, bytes: &[u8]| {
        let mut mutant = good.clone();
        mutant[at..at + bytes.len()].copy_from_slice(bytes);
        let path = bench.write("hand", mutant);
        set_mode(&path, 0o755);
        path
    };
    judged(&changed(end + 8, &[2]), &["footer-version"], &[]);
    judged(&changed(end + 8, &[0]), &["footer-version"], &[]);
    judged(&changed(end + 50, &[1]), &["footer-reserved"], &[]);
    judged(&changed(end, &[0xff; 4]), &["footer-lengths"], &[]);
    judged(&changed(end + 4, &[0xff; 4]), &["footer-lengths"], &[]);
    judged(
        &changed(end + 20, &[good[end + 20] ^ 1]),
        &["digest-mismatch"],
        &["digests-mismatch", "digests-mismatch"],
    );
    let line = judged(&changed(100, &[good[100] ^ 1]), &["digest-mismatch"], &[]);
    assert!(
        line["problems"][0]["message"]
            .as_str()
            .unwrap()
            .contains("changed after packing")
    );
    judged(&changed(end + 56, b"AFBNDL02"), &["not-a-bundle"], &[]);

    let path = bench.write("hand", assemble(b"", b"", SHORT.as_bytes()));
    set_mode(&path, 0o755);
    judged(&path, &["no-executable"], &[]);
}

#[test]
fn files_that_are_named_and_are_no_bundles() {
    let bench = Bench::new();
    judged(&bench.path(EXECUTABLE), &["not-a-bundle"], &[]);
    judged(&bench.path("main.rs"), &["not-a-bundle"], &[]);
    judged(&bench.write("empty", ""), &["not-a-bundle"], &[]);
    judged(
        &bench.write("63", &assemble(b"", b"", b"")[1..]),
        &["not-a-bundle"],
        &[],
    );
    judged(&bench.path("missing"), &["unreadable"], &[]);
}

/// What happens to bundles after packing is told from what they were.
#[test]
fn bundles_that_were_changed_after_packing() {
    let bench = Bench::with_program("link_section");
    let bundle = bench.bundle("");
    judged(&bundle, &[], &[]);
    let tool = |name: &str, args: &[&str], path: &Path| {
        std::fs::copy(&bundle, path).unwrap();
        let output = std::process::Command::new(name)
            .args(args)
            .arg(path)
            .output();
        let output =
            output.unwrap_or_else(|error| panic!("`{name}` (Debian: binutils, patchelf): {error}"));
        assert!(output.status.success(), "{output:?}");
        path.to_owned()
    };
    let stripped = tool("strip", &["--strip-all"], &bench.path("stripped"));
    let line = judged(&stripped, &["footer-missing"], &[]);
    assert!(
        line["problems"][0]["message"]
            .as_str()
            .unwrap()
            .contains("strip before packing"),
        "{line}"
    );
    judged(
        &tool("objcopy", &[], &bench.path("copied")),
        &["footer-missing"],
        &[],
    );
    // Never packed.
    judged(&bench.path(EXECUTABLE), &["footer-missing"], &[]);

    let good = std::fs::read(&bundle).unwrap();
    for (tail, words) in [
        (vec![b'\n'], "1 bytes stand behind"),
        (vec![0; 5000], "5000 bytes stand behind"),
    ] {
        let path = bench.write("appended", [good.clone(), tail].concat());
        set_mode(&path, 0o755);
        let line = judged(&path, &["footer-moved"], &[]);
        assert!(
            line["problems"][0]["message"]
                .as_str()
                .unwrap()
                .contains(words),
            "{line}"
        );
    }
    // A tool that writes a new table behind everything, and points the header there.
    let mut patched = good.clone();
    patched.extend([0; 4096]);
    patched[40..48].copy_from_slice(&u64::try_from(good.len()).unwrap().to_le_bytes());
    let path = bench.write("patched", patched);
    set_mode(&path, 0o755);
    judged(&path, &["footer-moved"], &[]);
    // A copy that broke off.
    let path = bench.write("half", &good[..good.len() - 10]);
    set_mode(&path, 0o755);
    judged(&path, &["footer-missing"], &[]);

    // In a folder they are passed over, as the worker does, but not in silence. What would need a look at the whole file
    // ("patched") is told only of a file that is named.
    let folder = bench.path("folder");
    std::fs::create_dir(&folder).unwrap();
    for name in ["stripped", "copied", "appended", "patched", "half"] {
        std::fs::rename(bench.path(name), folder.join(name)).unwrap();
    }
    std::fs::copy(&bundle, folder.join("good")).unwrap();
    std::fs::write(folder.join("text"), "It ends in the magic AFBNDL01\n").unwrap();
    set_mode(&folder.join("text"), 0o755);
    set_mode(&folder.join("copied"), 0o644);
    let mut verify = packer();
    verify
        .args(["verify", "--message-format", "json"])
        .arg(&folder);
    let outcome = run(&mut verify).ok();
    assert_eq!(outcome.json().len(), 1);
    for (name, code) in [
        ("stripped", "footer-missing"),
        ("appended", "footer-moved"),
        ("half", "footer-missing"),
    ] {
        let line = format!("/folder/{name}` is passed over: [{code}] ");
        assert!(outcome.stderr.contains(&line), "{line}: {}", outcome.stderr);
    }
    // Airflow 3.4 minds no mode.
    let passed_over = |outcome: &Outcome| outcome.stderr.matches(" is passed over: ").count();
    assert_eq!(passed_over(&outcome), 4, "{}", outcome.stderr);
    let outcome = run(verify.args(["--airflow", "3.3"])).ok();
    assert_eq!(passed_over(&outcome), 3, "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("/copied`"), "{}", outcome.stderr);
}

/// The verdicts of the releases are in one report, from which `--airflow` takes one out.
#[test]
fn each_release_has_its_verdict() {
    let bench = Bench::new();
    let bundle = bench.bundle(MANIFEST);
    let none: &[&str] = &[];
    let of_release = |line: &Value, release: &str| {
        let one = &line["airflow"][release];
        let codes = codes(&one["problems"]).join(" ");
        (
            one["usable"].as_bool().unwrap(),
            codes,
            one["dag_processor"].clone(),
        )
    };
    let narrowed = |release: &str| {
        let mut verify = packer();
        verify.args(["verify", "--message-format", "json", "--airflow", release]);
        let outcome = run(verify.arg(&bundle));
        (outcome.code, outcome.json().remove(0))
    };
    let line = judged(&bundle, none, none);
    let releases: Vec<_> = line["airflow"].as_object().unwrap().keys().collect();
    assert_eq!(releases, ["3.3", "3.4"]);
    assert_eq!(of_release(&line, "3.3"), (true, String::new(), Value::Null));
    assert_eq!(
        of_release(&line, "3.4"),
        (true, String::new(), json!("starts"))
    );

    // Airflow 3.4 sets the execute bit itself.
    set_mode(&bundle, 0o644);
    let line = judged(&bundle, &["not-executable"], &["mode"]);
    assert_eq!(line["problems"][0]["airflow"], json!(["3.3"]));
    assert_eq!(line["warnings"][0].get("airflow"), None);
    let human = run(packer().arg("verify").arg(&bundle));
    assert!(
        human.text().contains("  airflow: 3.4\n"),
        "{}",
        human.text()
    );
    assert!(
        human
            .text()
            .contains("  problem[not-executable] on Airflow 3.3: this user")
    );
    let (code, line) = narrowed("3.4");
    assert_eq!((code, &line["usable"]), (0, &json!(true)));
    assert_eq!(codes(&line["problems"]), none);
    assert_eq!(line["airflow"].as_object().unwrap().len(), 1);
    let (code, line) = narrowed("3.3");
    assert_eq!((code, &line["usable"]), (100, &json!(false)));
    assert_eq!(
        line["problems"][0].get("airflow"),
        None,
        "one release was asked for"
    );

    // A pin that the older release does not know is no fault of the file.
    let newer = SHORT.replace("2026-06-16", "2026-10-30");
    let bundle = by_hand(&bench, "newer", b"", newer);
    let line = judged(&bundle, none, none);
    assert_eq!(
        of_release(&line, "3.3"),
        (false, "schema-version".to_owned(), Value::Null)
    );
    assert!(of_release(&line, "3.4").0);
    let mut verify = packer();
    verify.args(["verify", "--airflow", "3.3"]).arg(&bundle);
    let outcome = run(&mut verify);
    assert_eq!(outcome.code, 100);
    assert!(
        outcome.text().starts_with("unusable: "),
        "{}",
        outcome.text()
    );
    assert!(
        outcome.text().contains("problem[schema-version]: "),
        "{}",
        outcome.text()
    );
}

/// What the Dag processor of Airflow 3.4 does with a file is read from its name and its end.
#[test]
fn what_the_dag_processor_does() {
    let bench = Bench::new();
    let good = std::fs::read(bench.bundle(MANIFEST)).unwrap();
    let of = |name: &str, bytes: &[u8]| {
        let path = bench.write(name, bytes);
        set_mode(&path, 0o755);
        let line = verify(&[&path]).json().remove(0);
        let human = run(packer().arg("verify").arg(&path));
        let shown = human
            .text()
            .contains("  Airflow 3.4 shows an import error for it");
        let does = line["airflow"]["3.4"].get("dag_processor").cloned();
        assert_eq!(shown, does == Some(json!("import-error")), "{name}");
        does
    };
    assert_eq!(of("etl-1", &good), Some(json!("starts")));
    assert_eq!(of(".etl", &good), Some(json!("starts")));
    assert_eq!(of("etl-1.2", &good), Some(json!("suffix")));
    assert_eq!(of("plain", b"text"), None);
    let mut damaged = good.clone();
    damaged[100] ^= 1;
    assert_eq!(of("damaged", &damaged), Some(json!("import-error")));
    assert_eq!(of("damaged.bundle", &damaged), Some(json!("suffix")));
    // It asks for no `dags`: a bundle may have Dags of its own.
    let bytes = assemble(b"x", b"", b"sdk: {supervisor_schema_version: '2026-06-16'}");
    assert_eq!(of("no-dags", &bytes), Some(json!("starts")));
    // The end of a bundle, shorter than its trailer.
    let line = judged(
        &bench.write("end", &good[good.len() - 20..]),
        &["not-a-bundle"],
        &[],
    );
    assert_eq!(line["airflow"]["3.4"]["dag_processor"], "import-error");
    assert!(
        line.to_string().contains("shorter than the 64 bytes"),
        "{line}"
    );

    // Only a bundle with Dags of its own suffers from a suffix.
    let declares = format!("{SHORT}dag_source_paths: {{own: main.rs}}\n");
    let path = by_hand(&bench, "own-1.2", b"", &declares);
    let line = judged(&path, &[], &["suffix"]);
    assert_eq!(line["warnings"][0]["airflow"], json!(["3.4"]));
    judged(&by_hand(&bench, "own", b"", &declares), &[], &[]);
}

#[test]
fn modes() {
    let bench = Bench::new();
    let bundle = bench.bundle(MANIFEST);
    for (mode, problems, warnings) in [
        (0o755, &[][..], &[][..]),
        (0o555, &[], &[]),
        (0o4755, &[], &[]),
        (0o700, &[], &["mode"]),
        (0o711, &[], &["mode"]),
        (0o754, &[], &["mode"]),
        (0o644, &["not-executable"], &["mode"]),
        (0o600, &["not-executable"], &["mode"]),
    ] {
        set_mode(&bundle, mode);
        let line = judged(&bundle, problems, warnings);
        let said = line.to_string();
        assert_eq!(
            said.contains("chmod 755"),
            mode & 0o555 != 0o555,
            "{mode:o}: {said}"
        );
    }
}

#[test]
fn warnings() {
    let bench = Bench::new();
    // ELF's machine number: AArch64 on x86-64 and the other way round.
    let mut other = std::fs::read(bench.path(EXECUTABLE)).unwrap();
    other[18] = if cfg!(target_arch = "aarch64") {
        0x3e
    } else {
        0xb7
    };
    let path = bench.write("other", assemble(&other, b"", SHORT.as_bytes()));
    set_mode(&path, 0o755);
    let line = judged(&path, &[], &["architecture"]);
    assert!(
        line["warnings"][0]["message"]
            .as_str()
            .unwrap()
            .contains("this host cannot run"),
        "{line}"
    );
    let path = bench.write("script", assemble(b"#!/bin/sh\n", b"", SHORT.as_bytes()));
    set_mode(&path, 0o755);
    judged(&path, &[], &["executable"]);

    let dags = "dags: {\"a b\": {tasks: [\"c d\", ok]}, ok: {tasks: [\"\\e\"]}}\nsdk: {supervisor_schema_version: '2026-06-16'}\n";
    let path = by_hand(&bench, "ids", b"", dags);
    let line = judged(&path, &[], &["refused-id"; 3]);
    assert_eq!(line["dag_ids"], json!(["a b", "ok"]));
}
