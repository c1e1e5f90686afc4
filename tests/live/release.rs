//! The releases of Airflow that the suite runs, each in a virtual environment with pinned packages, and all in which the suite
//! expects them to differ.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::python;
use crate::releases::RELEASES;

/// What the suite expects of one release, where the releases do not agree. What is not here it expects of each.
pub struct Release {
    /// Its place in [`RELEASES`].
    place: usize,
    /// Test projects that only this release gets: their bundles are wrong, and it says so when it starts them to parse their Dags.
    pub refused: &'static [&'static str],
    /// Test projects whose handlers take the arguments of stubs' calls: only this release sends some, and only to bundles that are
    /// packed for it alone.
    pub with_arguments: &'static [&'static str],
    /// Whether a bundle may lie in the Dag bundle of its Dag, and runs at the version of the run.
    pub has_versions: bool,
    /// The number of the try that ends a task whose worker got SIGTERM meanwhile: 2 if the supervisor hands the signal on, 1 if it
    /// does not reach the task.
    pub tries_if_worker_gets_sigterm: u64,
    /// The state and the try in which a task ends whose worker was killed; `None` if the scheduler waits for the task's heartbeat
    /// (`[scheduler] task_instance_heartbeat_timeout`, five minutes), which the suite does not.
    pub after_kill_of_worker: Option<(&'static str, u64)>,
    /// Whether a task can set the note of its run, and a task that has failed for good shows its reason.
    pub has_notes_and_reasons: bool,
}

/// Airflow 3.3.2.
pub static V3_3: Release = Release {
    place: 0,
    refused: &[],
    with_arguments: &[],
    has_versions: false,
    // `_forward_signal` in `airflow/sdk/execution_time/supervisor.py`.
    tries_if_worker_gets_sigterm: 2,
    after_kill_of_worker: None,
    // `UpdateDagRunNote` and `TaskState.retry_reason` are not in its schema.
    has_notes_and_reasons: false,
};

/// Airflow 3.4.0b2.
pub static V3_4: Release = Release {
    place: 1,
    refused: &["sdk-refused"],
    with_arguments: &["sdk-arguments"],
    has_versions: true,
    // The supervisor sets no handler any more.
    tries_if_worker_gets_sigterm: 1,
    // `LocalExecutor._check_workers` in `airflow/executors/local_executor.py`.
    after_kill_of_worker: Some(("success", 2)),
    has_notes_and_reasons: true,
};

impl Release {
    /// The release's name in the README, which is the name of its folder too.
    pub fn name(&self) -> &'static str {
        RELEASES[self.place].1.number
    }

    /// The virtual environment's `bin`.
    pub fn bin(&self) -> PathBuf {
        let python = python::environment(RELEASES[self.place].0);
        python.parent().unwrap().to_owned()
    }

    /// The part of `airflow.cfg` that the README tells users of this release to write.
    pub fn readme_lines(&self) -> String {
        let heading = format!("**Airflow {}**", self.name());
        let [lines, of_sdk] = ["README.md", "sdk/README.md"].map(|file| ini_block(file, &heading));
        assert_eq!(lines, of_sdk, "the two READMEs teach different settings");
        lines
    }
}

/// The `ini` block of a file after a heading. Blocks in lists are indented.
pub fn ini_block(file: &str, heading: &str) -> String {
    let text = fs::read_to_string(root().join(file)).unwrap();
    let block = || {
        let (_, rest) = text.split_once(heading)?;
        let (before, rest) = rest.split_once("```ini\n")?;
        let indent = before.len() - before.trim_end_matches(' ').len();
        let (block, _) = rest.split_once("```")?;
        let lines = block
            .lines()
            .map(|line| line.get(indent..).unwrap_or_default());
        Some(lines.collect::<Vec<_>>().join("\n").trim_end().to_owned())
    };
    block().unwrap_or_else(|| panic!("{file} has no block after {heading}"))
}

/// Lines of `airflow.cfg` whose values are JSON: section, key, value.
pub type Settings = Vec<(String, String, Value)>;

/// Reads such lines. The further lines of a value are indented.
pub fn settings(lines: &str) -> Settings {
    let mut section = "";
    let mut texts: Vec<(&str, &str, String)> = Vec::new();
    for line in lines.lines() {
        if line.starts_with('[') {
            section = line;
        } else if let Some((key, value)) = line.split_once(" = ")
            && !line.starts_with(' ')
        {
            texts.push((section, key, value.to_owned()));
        } else if let Some((_, _, value)) = texts.last_mut() {
            value.push_str(line);
        }
    }
    let read = |(section, key, text): (&str, &str, String)| {
        let value = serde_json::from_str(&text).unwrap();
        (section.to_owned(), key.to_owned(), value)
    };
    texts.into_iter().map(read).collect()
}

/// The lines again.
pub fn lines(settings: &Settings) -> String {
    let lines = settings
        .iter()
        .map(|(section, key, value)| format!("{section}\n{key} = {value}"));
    lines.collect::<Vec<_>>().join("\n")
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
