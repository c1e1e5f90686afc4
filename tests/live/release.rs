//! The releases of Airflow that the suite runs, each in a virtual environment with pinned packages.

use std::fs;
use std::path::{Path, PathBuf};

use crate::python;
use crate::releases::RELEASES;

/// A release of Airflow.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// Airflow 3.3.2.
    V3_3,
    /// Airflow 3.4.0b2, which starts the bundles while it parses.
    V3_4,
}

impl Release {
    /// The release's name in the README, which is the name of its folder too.
    pub fn name(self) -> &'static str {
        self.pinned().1.number
    }

    /// The requirements file and the facts.
    fn pinned(self) -> (&'static str, airflow_protocol::Release) {
        let [older, newer] = RELEASES;
        match self {
            Self::V3_3 => older,
            Self::V3_4 => newer,
        }
    }

    /// The virtual environment's `bin`.
    pub fn bin(self) -> PathBuf {
        let python = python::environment(self.pinned().0);
        python.parent().unwrap().to_owned()
    }

    /// The part of `airflow.cfg` that the README tells users of this release to write.
    pub fn readme_lines(self) -> String {
        let read = |file: &str| fs::read_to_string(root().join(file)).unwrap();
        let [lines, of_sdk] = ["README.md", "sdk/README.md"]
            .map(|file| ini_block(&read(file), self.name()).unwrap_or_else(|| panic!("{file}")));
        assert_eq!(lines, of_sdk, "the two READMEs teach different settings");
        lines
    }
}

/// The `ini` block after the line that names the release in bold. Blocks in lists are indented.
fn ini_block(readme: &str, release: &str) -> Option<String> {
    let (_, rest) = readme.split_once(&format!("**Airflow {release}**"))?;
    let (before, rest) = rest.split_once("```ini\n")?;
    let indent = before.len() - before.trim_end_matches(' ').len();
    let (block, _) = rest.split_once("```")?;
    let lines = block
        .lines()
        .map(|line| line.get(indent..).unwrap_or_default());
    Some(lines.collect::<Vec<_>>().join("\n").trim_end().to_owned())
}

/// Puts lines with their section headings into a configuration file that Airflow has generated, as a person does it: below the
/// headings that are there, in place of the values that are there.
pub fn edit(generated: &str, lines: &str) -> String {
    let mut file: Vec<String> = generated.lines().map(str::to_owned).collect();
    let mut section = 0;
    for line in lines.lines() {
        if line.starts_with('[') {
            let heading = file.iter().position(|existing| existing == line);
            section = heading.unwrap_or_else(|| panic!("the generated file has no {line}")) + 1;
            continue;
        }
        if let Some((key, _)) = line.split_once(" = ") {
            let end = file[section..]
                .iter()
                .position(|existing| existing.starts_with('['))
                .map_or(file.len(), |length| section + length);
            let key = format!("{key} =");
            if let Some(old) = (section..end).find(|at| file[*at].starts_with(&key)) {
                let more = file[old + 1..end].iter();
                let length = 1 + more.take_while(|line| line.starts_with(' ')).count();
                file.drain(old..old + length);
            }
        }
        file.insert(section, line.to_owned());
        section += 1;
    }
    file.join("\n")
}

/// The package's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where the live suite keeps everything.
pub fn folder() -> PathBuf {
    let target = Path::new(env!("CARGO_BIN_EXE_cargo-airflow-bundle"))
        .ancestors()
        .nth(2)
        .unwrap();
    target.join("live")
}
