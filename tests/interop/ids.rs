//! Every id that is legal for Airflow comes back as the same string.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::json;

use crate::Airflow;
use crate::packer::{Bench, MANIFEST, replaced};
use crate::releases::RELEASES;
use crate::texts::Texts;

/// Ids that a YAML 1.1 reader takes for something else unless they are quoted, or that look like
/// syntax.
const TRAPS: &[&str] = &[
    "on",
    "off",
    "yes",
    "no",
    "y",
    "n",
    "true",
    "false",
    "null",
    "On",
    "OFF",
    "Yes",
    "NO",
    "Y",
    "N",
    "True",
    "FALSE",
    "Null",
    "NULL",
    "nan",
    ".nan",
    ".NaN",
    ".inf",
    "-.inf",
    ".Inf",
    "inf",
    "0",
    "1",
    "-1",
    "00",
    "007",
    "0o17",
    "0b101",
    "0x1F",
    "0x_",
    "0b_",
    "0_",
    "1_000",
    "1__0",
    "-0x1F",
    "1.0",
    "1.",
    ".5",
    "1e3",
    "1.0e3",
    "1.0e-3",
    "1e-3",
    "-.5",
    "1_0.5",
    "190.20.30",
    "2026-06-16",
    "2026-6-1",
    "2026-13-45",
    "0001-01-01",
    "-",
    "--",
    "---",
    "----",
    "-a",
    "_",
    "__",
    ".",
    "._",
    "_.",
    "-_-",
    "a-",
    "a.",
    "source",
    "sources",
    "dags",
    "tasks",
    "sdk",
    "digests",
    "entrypoint_path",
    "airflow_bundle_metadata_version",
    "None",
    "undefined",
];

/// All letters and digits that Python's `\\w` knows, in ids of some characters each, with the
/// other legal characters around them.
fn unicode_ids() -> Vec<String> {
    let legal: Vec<char> = ('\u{80}'..=char::MAX)
        .filter(|&c| c.is_alphanumeric())
        .collect();
    // Blocks are alike inside; every 97th character is of all kinds.
    let chosen: Vec<char> = legal.iter().copied().step_by(97).collect();
    chosen
        .chunks(7)
        .enumerate()
        .map(|(index, chunk)| {
            let mut id: String = chunk.iter().collect();
            let _ = write!(id, "{}{index}", ["-", "_", ".", ""][index % 4]);
            id
        })
        .collect()
}

fn generated_ids() -> Vec<String> {
    // A small alphabet of what YAML gives a meaning to finds traps that nobody wrote down.
    let alphabet = ['0', '1', '7', 'e', 'x', 'o', '_', '.', '-', 'n'];
    let mut ids = Vec::new();
    for number in 0..10_000_usize {
        // Every third combination of four characters, and all shorter ones.
        let text: String = number
            .to_string()
            .bytes()
            .map(|digit| alphabet[usize::from(digit - b'0')])
            .collect();
        if number < 1000 || number % 3 == 0 {
            ids.push(text);
        }
    }
    ids
}

fn legal_ids() -> Vec<String> {
    let mut ids: BTreeSet<String> = TRAPS.iter().map(|id| (*id).to_owned()).collect();
    ids.extend(unicode_ids());
    ids.extend(generated_ids());
    ids.insert("x".repeat(250));
    ids.insert("ö".repeat(250));
    ids.insert("\u{20000}".repeat(250));
    let ids: Vec<String> = ids.into_iter().collect();
    let verdicts = Texts::of(RELEASES[0].0).legal(&ids);
    let legal: Vec<String> = ids
        .into_iter()
        .zip(verdicts)
        .filter(|(_, legal)| *legal == Some(true))
        .map(|(id, _)| id)
        .collect();
    assert!(legal.len() > 3000, "{} ids are left", legal.len());
    legal
}

/// A manifest with these dags, each with some of the ids as tasks.
fn manifest(ids: &[String]) -> String {
    let dags: serde_json::Map<_, _> = ids
        .iter()
        .enumerate()
        .map(|(index, id)| {
            let tasks: Vec<_> = ids
                .iter()
                .cycle()
                .skip(index)
                .take(3.min(ids.len()))
                .collect();
            (id.clone(), json!({ "tasks": tasks }))
        })
        .collect();
    let start = MANIFEST.find("\"dags\": {").unwrap();
    let end = MANIFEST.find(",\n  \"sdk\"").unwrap();
    replaced(
        MANIFEST,
        &MANIFEST[start..end],
        &format!("\"dags\": {}", json!(dags)),
    )
}

#[test]
fn legal_ids_come_back_as_they_were() {
    let mut airflow = Airflow::start();
    let ids = legal_ids();
    let bench = Bench::new();
    for chunk in ids.chunks(700) {
        let manifest = manifest(chunk);
        // `-D`: what Airflow accepts gets no warning.
        let outcome = bench.pack(&manifest, &["-D", "-o", "bundle"]).ok();
        let bundle = bench.path("bundle");
        assert_eq!(airflow.difference(&bundle, &manifest), None, "{outcome:?}");
    }
}

/// By the coordinator's own look-up too.
#[test]
fn legal_ids_are_found() {
    let mut airflow = Airflow::start();
    let bench = Bench::new();
    let ids: Vec<String> = TRAPS
        .iter()
        .map(|id| (*id).to_owned())
        .chain(unicode_ids().into_iter().step_by(20))
        .collect();
    for chunk in ids.chunks(12) {
        bench.pack(manifest(chunk), &["-o", "bundle"]).ok();
        let bundle = bench.path("bundle").canonicalize().unwrap();
        let served = airflow.judge(&bundle)["served"].clone();
        let expected: serde_json::Map<_, _> =
            chunk.iter().map(|id| (id.clone(), json!(bundle))).collect();
        assert_eq!(served, json!(expected));
    }
}

/// The rule of ids refuses an id exactly if Airflow's server does: each character of Unicode, and more.
#[test]
fn ids_are_judged_by_one_rule() {
    let mut ids: Vec<String> = ('\0'..=char::MAX).map(|c| format!("a{c}")).collect();
    ids.extend(["", "a..b", "..", "a b", "a\nb", "\n", "x/y", "-", ".", "_"].map(str::to_owned));
    ids.extend(["x", "ö", "\u{20000}"].map(|c| c.repeat(250)));
    ids.extend(["x", "ö", "\u{20000}"].map(|c| c.repeat(251)));
    for (requirements, _) in RELEASES {
        let mut airflow = Texts::of(requirements);
        let verdicts = ids.chunks(20_000).flat_map(|some| airflow.legal(some));
        let mut judged = 0;
        for (id, legal) in ids.iter().zip(verdicts) {
            let checked = airflow_protocol::ids::check(id);
            // `$` in Airflow's pattern lets a line break at the end pass, which nobody means.
            if let (Some(legal), false) = (legal, id.ends_with('\n')) {
                assert_eq!(
                    checked.is_ok(),
                    legal,
                    "{id:?}: {checked:?} ({requirements})"
                );
                judged += 1;
            }
        }
        // Python 3.10 knows 144 000 characters, and 137 000 for private use.
        assert!(judged > 280_000, "{judged} ids were judged");
    }
}
