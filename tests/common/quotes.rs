//! What the documents quote of Airflow, and whether it is so.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test binary uses a part of this; a failed unwrap fails the test"
)]

use std::fs;
use std::path::Path;

use airflow_protocol::Release;

/// What a section quotes of one place.
pub struct Quote<'t> {
    pub label: &'t str,
    pub sentences: Vec<&'t str>,
}

impl Quote<'_> {
    pub fn is_of(&self, release: Release) -> bool {
        let (_, rest) = self.label.split_once("**").unwrap();
        let (releases, _) = rest.split_once("**").unwrap();
        releases.contains(release.number)
    }

    /// The place that the label names.
    pub fn place<'p>(&self, places: impl Iterator<Item = &'p str>) -> &'p str {
        let (_, rest) = self.label.rsplit_once("**").unwrap();
        let (named, _) = rest.split_once(['(', ':']).unwrap_or((rest, ""));
        let named = places.filter(|place| named.contains(place));
        named
            .max_by_key(|place| place.len())
            .unwrap_or_else(|| panic!("no place: {}", self.label))
    }
}

/// The sections with quotes, by heading.
pub fn sections(text: &str) -> Vec<(&str, &str)> {
    let parts = text.split("\n### ").skip(1);
    let parts = parts.map(|part| part.split("\n## ").next().unwrap());
    parts.map(|part| part.split_once('\n').unwrap()).collect()
}

/// The quotes of a section: blocks of text, each behind its label.
pub fn quotes(section: &str) -> Vec<Quote<'_>> {
    let mut quotes = Vec::new();
    let mut label = "";
    let mut lines = section.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("**Airflow") {
            label = line;
        } else if line == "```text" {
            let sentences = lines.by_ref().take_while(|line| *line != "```").collect();
            quotes.push(Quote { label, sentences });
        }
    }
    quotes
}

/// Whether a line of the text holds the sentence, in which `…` stands for anything.
pub fn holds(text: &str, sentence: &str) -> bool {
    text.lines().any(|line| {
        let mut rest = line;
        sentence
            .split('…')
            .all(|piece| match rest.split_once(piece) {
                Some((_, behind)) => {
                    rest = behind;
                    true
                }
                None => false,
            })
    })
}

/// The cells of a table behind a heading, row by row, without its head.
pub fn table<'t>(text: &'t str, heading: &str) -> Vec<Vec<&'t str>> {
    let (_, section) = text.split_once(heading).unwrap();
    let lines = section.lines().skip_while(|line| !line.starts_with('|'));
    let rows = lines.take_while(|line| line.starts_with('|')).skip(2);
    rows.map(|row| {
        row.trim_matches('|')
            .split(" | ")
            .map(|cell| cell.trim().trim_matches('`'))
            .collect()
    })
    .collect()
}

/// A file of this repository.
pub fn text(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[test]
fn a_sentence_that_nobody_prints_is_not_held() {
    let printed = "worker\nError: process exited with 3 before connecting";
    assert!(holds(
        printed,
        "Error: process exited with … before connecting"
    ));
    for wrong in [
        "exited with … before starting",
        "connecting … exited",
        "worker Error",
        "exited with 4",
    ] {
        assert!(!holds(printed, wrong), "{wrong}");
    }
    let section = "\n**Airflow 3.4**, the task's log (now):\n\n```text\none\n```\n";
    let [quote] = quotes(section).try_into().unwrap_or_else(|_| panic!());
    assert_eq!(
        (
            quote.place(["log", "the task's log"].into_iter()),
            quote.sentences.as_slice()
        ),
        ("the task's log", &["one"][..])
    );
    assert!(quote.is_of(Release::AIRFLOW_3_4) && !quote.is_of(Release::AIRFLOW_3_3));
}
