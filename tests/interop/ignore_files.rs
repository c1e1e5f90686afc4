//! `.airflowignore` under the Dag processor of the released Airflow: what `verify` takes from it, and the lines that it offers.

use std::fs;
use std::path::Path;

use airflow_protocol::Release;
use serde_json::{Value, json};

use crate::Airflow;
use crate::mutants::Random;
use crate::packer::{Bench, MANIFEST, assemble, packer, run, set_mode};
use crate::releases::RELEASES;

/// Releases whose Dag processor lists bundles.
fn processors() -> Vec<(Airflow, Release)> {
    let parsing = RELEASES
        .into_iter()
        .filter(|(_, release)| release.parses_bundles);
    let started: Vec<_> = parsing
        .map(|(requirements, release)| (Airflow::of(requirements), release))
        .collect();
    assert!(!started.is_empty());
    started
}

/// Names that a pattern may mean, or nearly.
const NAMES: &[&str] = &[
    "etl", "etl2", "sales", "a b", "[x]", "we*rd", "!etl", ".etl", "größe", "b\\c", "e",
];

/// What a line may be made of. A class of all but some characters never stands last: there Airflow's reader takes it for the slash
/// behind a folder's name, which `verify` does not follow.
const PIECES: &[&str] = &[
    "etl", "etl2", "sales", "a b", "e", "l", "*", "**", "?", "/", "/", "!", "[a-f]", "[!x]l",
    "[^e]t", "[]x]", "[x", "\\e", "\\*", "#", " ", "\\ ", ".", "größe", "team", "deep", "**/",
    "/**", "/**/", "*/", "\t", "\r", "\\[x\\]",
];

fn lines(random: &mut Random) -> String {
    let line = |random: &mut Random| {
        let start = random.pick(&["", "", "", "!", "/", "**/", "# "]);
        let pieces = 1 + random.below(4);
        let rest: String = (0..pieces).map(|_| random.pick(PIECES)).collect();
        format!("{start}{rest}\n")
    };
    (0..=random.below(4)).map(|_| line(random)).collect()
}

/// The names of the files below a folder that `verify` says are listed.
fn listed(folder: &Path, release: Release) -> Vec<String> {
    let mut verify = packer();
    verify
        .args(["verify", "--message-format", "json"])
        .arg(folder);
    let mut listed: Vec<_> = run(&mut verify)
        .json()
        .iter()
        .filter(|line| line["airflow"][release.number]["dag_processor"] == "starts")
        .map(|line| {
            let path = Path::new(line["path"].as_str().unwrap());
            path.strip_prefix(folder)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    listed.sort();
    listed
}

/// A folder with a bundle under each name, at three depths.
fn fill(folder: &Path, bundle: &[u8]) {
    for below in ["", "team", "team/deep"] {
        fs::create_dir_all(folder.join(below)).unwrap();
        for name in NAMES {
            let path = folder.join(below).join(name);
            fs::write(&path, bundle).unwrap();
            set_mode(&path, 0o755);
        }
    }
}

#[test]
fn the_dag_processor_ignores_what_verify_says() {
    const ROUNDS: u64 = 150;
    let bundle = assemble(
        b"x",
        b"",
        b"dags: {a: }\nsdk: {supervisor_schema_version: '2026-06-16'}\n",
    );
    let mut processors = processors();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let (mut ignored, mut ended) = (0, 0);
    for seed in 0..ROUNDS {
        let mut random = Random::seeded(seed);
        let round = folder.join(seed.to_string());
        fill(&round, &bundle);
        let mut texts = Vec::new();
        for below in ["", "team"] {
            let text = lines(&mut random);
            fs::write(round.join(below).join(".airflowignore"), &text).unwrap();
            texts.push(text);
        }
        for (airflow, release) in &mut processors {
            let answer = airflow.0.ask(&json!({ "listed": [round] }));
            let Some(theirs) = answer[0].as_array() else {
                // A pattern that its reader cannot take ends the whole walk.
                ended += 1;
                continue;
            };
            let theirs: Vec<_> = theirs.iter().map(|path| path.as_str().unwrap()).collect();
            assert_eq!(
                listed(&round, *release),
                theirs,
                "{release}, {seed}: {texts:?}"
            );
            ignored += usize::from(theirs.len() < 3 * NAMES.len());
        }
        fs::remove_dir_all(round).unwrap();
    }
    assert!(
        ignored > 30 && ended < 75,
        "{ignored} ignore something, {ended} end"
    );
}

/// A link to a folder that is met without it ends the Dag processor's listing, and `verify` warns.
#[test]
fn a_folder_that_is_met_twice_ends_the_listing() {
    let outside = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let bundle = assemble(
        b"x",
        b"",
        b"dags: {a: }\nsdk: {supervisor_schema_version: '2026-06-16'}\n",
    );
    let mut processors = processors();
    for (name, links, ignored, ends) in [
        ("none", &[][..], "", false),
        ("sibling", &[("again", "team")], "", true),
        ("ignored", &[("again", "team")], "again\n", false),
        ("first one ignored", &[("again", "team")], "team\n", false),
        ("itself", &[("team/up", "..")], "", true),
        (
            "outside",
            &[("out", outside.path().to_str().unwrap())],
            "",
            false,
        ),
        (
            "outside, twice",
            &[
                ("out", outside.path().to_str().unwrap()),
                ("team/out", outside.path().to_str().unwrap()),
            ],
            "",
            true,
        ),
        ("a file", &[("again", "team/etl")], "", false),
    ] {
        let root = folder.join(name);
        fs::create_dir_all(root.join("team")).unwrap();
        for file in ["etl", "team/etl"] {
            fs::write(root.join(file), &bundle).unwrap();
        }
        for (link, to) in links {
            std::os::unix::fs::symlink(to, root.join(link)).unwrap();
        }
        fs::write(root.join(".airflowignore"), ignored).unwrap();
        for (airflow, release) in &mut processors {
            let answer = airflow.0.ask(&json!({ "listed": [root] }));
            let loops = answer[0]
                .as_str()
                .is_some_and(|error| error.contains("Detected recursive loop"));
            assert_eq!(loops, ends, "{release}, {name}: {answer}");
        }
        let said = run(packer().arg("verify").arg(&root)).stderr;
        let warned = said.contains("leads to a folder that it meets twice");
        assert_eq!(warned, ends, "{name}: {said}");
        // Which of the two ways to the folder comes second is the file system's choice.
        let sentence = |link: &str| {
            let root = root.display();
            format!(
                "the Dag processor of Airflow 3.4 lists no file of `{root}`: `{root}/{link}` leads to a folder that it meets twice, and \
                 its listing ends there; remove the link, or name it in `.airflowignore`"
            )
        };
        let ways = [
            "again",
            "team",
            "team/up",
            "team/up/team",
            "out",
            "team/out",
        ];
        let whole = ways.iter().any(|link| said.contains(&sentence(link)));
        assert_eq!(whole, ends, "{name}: {said}");
    }
}

#[test]
fn the_offered_lines_hold_for_the_bundles_alone() {
    let bench = Bench::new();
    let stubs = fs::read(bench.bundle(MANIFEST)).unwrap();
    let folder = bench.path("bundles");
    fill(&folder, &stubs);
    let declares = MANIFEST.replacen('{', r#"{"dag_source_paths": {"own": "main.rs"},"#, 1);
    bench.pack(declares, &["-o", "bundles/own"]).ok();
    let mut verify = packer();
    verify.args(["verify", "--airflowignore"]).arg(&folder);
    let lines = run(&mut verify).ok();
    assert_eq!(lines.text().lines().count(), 3 * NAMES.len());
    for (airflow, release) in &mut processors() {
        let mut theirs = || -> Vec<Value> {
            let answer = airflow.0.ask(&json!({ "listed": [folder] }));
            answer[0].as_array().unwrap().clone()
        };
        let _ = fs::remove_file(folder.join(".airflowignore"));
        assert_eq!(theirs().len(), 3 * NAMES.len() + 1, "{release}");
        fs::write(folder.join(".airflowignore"), lines.text()).unwrap();
        assert_eq!(theirs(), ["own"], "{release}");
    }
}
