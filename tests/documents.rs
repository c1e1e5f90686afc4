//! The documents for users: their tables are whole, and they find each other.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed unwrap fails the test"
)]

use std::fs;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The rows of Airflow's guide for new language SDKs, with how much it wants each: all states, then all capabilities, in its order.
///
/// Source: `contributing-docs/30_new_language_sdk.rst` of Airflow's main branch, commit 01545aeaf3de. No release holds it.
const GUIDE: [(&str, &str); 31] = [
    ("success", "MUST"),
    ("failed", "MUST"),
    ("up_for_retry", "MUST"),
    ("skipped", "SHOULD"),
    ("deferred", "MAY"),
    ("up_for_reschedule", "MAY"),
    ("awaiting_input", "MAY"),
    ("removed", "MAY"),
    ("mixed-lang-stub-target", "MUST"),
    ("taskflow-binding", "MUST"),
    ("task-logging", "MUST"),
    ("xcom-read-write", "MUST"),
    ("connection-read", "MUST"),
    ("variable-read-write", "MUST"),
    ("self-contained-bundle", "MUST"),
    ("retry-policy", "MAY"),
    ("task-state-store", "MAY"),
    ("asset-state-store", "MAY"),
    ("asset-event-emit", "MAY"),
    ("asset-event-read", "MAY"),
    ("native-dag-authoring", "SHOULD"),
    ("task-args", "MUST †"),
    ("dag-params", "MUST †"),
    ("taskflow-dependencies", "MUST †"),
    ("branching", "SHOULD †"),
    ("dag-test", "SHOULD †"),
    ("task-group", "MAY †"),
    ("dynamic-task-mapping", "MAY †"),
    ("asset-inlets-outlets", "MAY †"),
    ("asset-scheduling", "MAY †"),
    ("object-store", "MAY †"),
];

/// The cells of a line of a table.
fn cells(line: &str) -> Option<Vec<&str>> {
    let inner = line.strip_prefix("| ")?.strip_suffix('|')?;
    Some(inner.split('|').map(str::trim).collect())
}

/// The cells of the tables in a text, row by row, without the lines below headings.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let rows = text.lines().filter_map(cells);
    rows.filter(|row| row.iter().any(|cell| !cell.starts_with("--")))
        .collect()
}

/// Each capability says of each release how it is shown, or why it is not. Each row of Airflow's guide has its line.
#[test]
fn capabilities_are_told_for_each_release() {
    let text = text("sdk/README.md");
    let (_, section) = text.split_once("\n## What it can do\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let rows = rows(section);
    let mut releases = 0..0;
    let (mut of_guide, mut more) = (Vec::new(), 0);
    for row in rows {
        let width = row.len();
        if let ["Row of the guide" | "Capability", ..] = row[..] {
            releases = width - 3..width - 1;
            assert_eq!(row[releases.clone()], ["3.3", "3.4"], "{row:?}");
            continue;
        }
        assert_eq!(width, releases.end + 1, "{row:?}");
        for cell in &row[releases.clone()] {
            let reason = cell.strip_prefix("no: ").unwrap_or("shown");
            let shown = ["live", "test", "no: "]
                .iter()
                .any(|word| cell.starts_with(word));
            assert!(shown && !reason.is_empty(), "{row:?}");
        }
        if releases.start == 3 {
            of_guide.push((row[0].trim_matches('`'), row[1]));
        } else {
            more += 1;
        }
    }
    assert_eq!(of_guide, GUIDE);
    assert!(more > 30, "only {more} other capabilities were found");
}

/// The documents for users.
fn documents() -> Vec<String> {
    let mut found = vec![
        "README.md".to_owned(),
        "ARCHITECTURE.md".to_owned(),
        "sdk/README.md".to_owned(),
    ];
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|found| found == "md") {
            let name = path.file_name().unwrap().to_str().unwrap();
            found.push(format!("docs/{name}"));
        }
    }
    found
}

/// The anchors of a text's headings, as GitHub makes them.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| -> String {
        let words = heading
            .trim_start_matches('#')
            .trim()
            .to_lowercase()
            .replace(' ', "-");
        words
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
            .collect()
    };
    headings.map(anchor).collect()
}

/// Each link between files leads to a file and a heading that are there.
#[test]
fn links_lead_somewhere() {
    let mut count = 0;
    for document in documents() {
        let content = text(&document);
        let folder = Path::new(&document).parent().unwrap();
        for link in content.split("](").skip(1) {
            let (link, _) = link.split_once(')').unwrap();
            if link.contains("://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let path = if file.is_empty() {
                document.clone().into()
            } else {
                folder.join(file)
            };
            assert!(root().join(&path).exists(), "{document}: {link}");
            if !anchor.is_empty() {
                let there = anchors(&text(path)).iter().any(|there| there == anchor);
                assert!(there, "{document}: {link}");
            }
            count += 1;
        }
    }
    assert!(count > 15, "only {count} links were found");
}

/// Who reads the README finds every other document.
#[test]
fn the_readme_links_all_documents() {
    let readme = text("README.md");
    for document in documents() {
        let of_developers = matches!(document.as_str(), "README.md" | "ARCHITECTURE.md");
        assert!(
            of_developers || readme.contains(&format!("]({document}")),
            "{document}"
        );
    }
}
