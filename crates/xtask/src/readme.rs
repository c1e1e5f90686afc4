//! The commands of the documents: blocks marked `sh` run in the repository, blocks marked `sh project` in a copy of a test
//! project, which takes the SDK from here instead of from crates.io. What `cargo install` installs goes to `target/readme`. Blocks
//! marked `sh not run` do not run. `docs/ci.md` has tests of its own, `tests/recipes`, which run its commands and parse those of all documents.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use crate::process::{self, command, root};
use crate::tools;

/// Which commands of the README are tests; they are the group `test`.
const TESTS: &str = "cargo test ";

/// The documents, in the order in which their commands run. The commands of the later documents find what the README's have made.
const DOCUMENTS: [&str; 4] = [
    "README.md",
    "docs/deploy.md",
    "docs/from-3.3-to-3.4.md",
    "docs/when-a-task-fails.md",
];

fn text() -> Result<String> {
    read(DOCUMENTS[0])
}

fn read(document: &str) -> Result<String> {
    fs::read_to_string(root().join(document)).with_context(|| document.to_owned())
}

/// The words behind `cargo` of the README's commands that test.
pub fn tests() -> Result<Vec<String>> {
    let text = text()?;
    let lines = blocks(&text).into_iter().flat_map(|(_, lines)| lines);
    let tests: Vec<_> = lines
        .filter(|line| line.starts_with(TESTS))
        .filter_map(|line| line.strip_prefix("cargo ").map(str::to_owned))
        .collect();
    ensure!(!tests.is_empty(), "README.md has no `{TESTS}`");
    Ok(tests)
}

/// Runs all others.
pub fn run(_args: &[String]) -> Result<()> {
    let texts: Vec<_> = DOCUMENTS.into_iter().map(read).collect::<Result<_>>()?;
    let mut blocks_of_all = Vec::new();
    for (document, text) in DOCUMENTS.into_iter().zip(&texts) {
        let blocks = blocks(text);
        ensure!(!blocks.is_empty(), "{document} has no commands");
        blocks_of_all.extend(blocks);
    }
    let work = process::target().join("readme");
    let project = work.join("project");
    let _ = fs::remove_dir_all(&work);
    copy(&root().join("test-projects/one-bin"), &project)?;
    fs::create_dir_all(project.join(".cargo"))?;
    let sdk = root().join("sdk");
    fs::write(
        project.join(".cargo/config.toml"),
        format!(
            "[patch.crates-io]\nairflow-sdk.path = '{}'\n",
            sdk.display()
        ),
    )?;

    let mut script = "set -euxo pipefail\n".to_owned();
    for (in_project, lines) in blocks_of_all {
        let folder = if in_project { &project } else { root() };
        let _ = writeln!(script, "cd '{}'", folder.display());
        for line in lines.iter().filter(|line| !line.starts_with(TESTS)) {
            script += line;
            script.push('\n');
        }
    }
    let file = work.join("commands");
    fs::write(&file, script)?;
    let mut bash = command("bash");
    bash.arg(&file).env("CARGO_INSTALL_ROOT", &work);
    process::run(bash.env("PATH", tools::path_with(&work.join("bin"))?))
}

/// The shell blocks: whether they belong to a project, and their lines.
fn blocks(text: &str) -> Vec<(bool, Vec<&str>)> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let "```sh" | "```sh project" = line {
            let block = lines.by_ref().take_while(|line| *line != "```");
            found.push((line != "```sh", block.collect()));
        }
    }
    found
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if !entry.file_type()?.is_dir() {
            fs::copy(entry.path(), to)?;
        } else if entry.file_name() != "target" {
            copy(&entry.path(), &to)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use anyhow::Context as _;

    #[test]
    fn blocks_are_told_apart() {
        let text =
            "a\n```sh\ncargo test --workspace\n```\n```text\nno\n```\n```sh project\nls\nls\n```\n";
        let blocks = super::blocks(text);
        let expected = [
            (false, vec!["cargo test --workspace"]),
            (true, vec!["ls", "ls"]),
        ];
        assert_eq!(blocks, expected);
    }

    /// The documents of which nothing runs here: their commands want published crates and a deployed Airflow.
    const NOT_RUN: [(&str, usize); 1] = [("sdk/README.md", 2)];

    /// The document whose commands `tests/recipes` runs.
    const OF_TESTS: &str = "docs/ci.md";

    /// A block that is marked in another way would neither run nor say that it does not.
    #[test]
    fn each_block_of_commands_has_a_mark() -> anyhow::Result<()> {
        let mut documents = vec!["README.md".to_owned(), "sdk/README.md".to_owned()];
        for entry in fs::read_dir(super::root().join("docs"))? {
            let name = entry?.file_name().into_string().unwrap_or_default();
            if Path::new(&name).extension().is_some_and(|end| end == "md") {
                documents.push(format!("docs/{name}"));
            }
        }
        assert!(documents.len() >= super::DOCUMENTS.len() + 2);
        for document in &documents {
            let text = super::read(document)?;
            let marks = text
                .lines()
                .filter_map(|line| line.trim_start().strip_prefix("```sh"));
            let (not_run, run): (Vec<_>, Vec<_>) = marks.partition(|mark| *mark == " not run");
            let known = NOT_RUN.iter().find(|(name, _)| name == document);
            let expected = known.map_or(0, |(_, count)| *count);
            assert_eq!(
                not_run.len(),
                expected,
                "{document}: blocks that do not run"
            );
            let marks: &[&str] = match document.as_str() {
                OF_TESTS => &[""],
                name if super::DOCUMENTS.contains(&name) => &["", " project"],
                _ => &[],
            };
            for mark in run {
                assert!(marks.contains(&mark), "{document}: sh{mark} runs nowhere");
            }
            // The blocks that run begin at the margin.
            if super::DOCUMENTS.contains(&document.as_str()) {
                assert!(!text.contains(" ```sh"), "{document}: an indented block");
            }
            for kind in ["```bash", "```shell", "```console"] {
                assert!(!text.contains(kind), "{document}: {kind}");
            }
        }
        Ok(())
    }

    /// What the README says of `cargo xtask` is what there is.
    #[test]
    fn the_readme_names_the_tasks() -> anyhow::Result<()> {
        let text = super::text()?;
        let section = text.split_once("\n## Development\n");
        let (_, section) = section.context("a section for developers")?;
        let named: Vec<_> = section
            .split("`cargo xtask ")
            .skip(1)
            .filter_map(|rest| rest.split([' ', '`']).next())
            .collect();
        for name in &named {
            assert!(crate::find(name).is_some(), "{name}");
        }
        for task in ["quick", "test", "live", "foreign", "under-fire", "ci"] {
            assert!(named.contains(&task), "{task}");
        }
        Ok(())
    }
}
