//! A manifest as the worker reads it: PyYAML's `safe_load`, then two look-ups.

use std::collections::HashSet;
use std::fmt;

use airflow_protocol::Release;
use airflow_protocol::record::SCHEMA_VERSION_KEY;
use pyyaml_safe_load::{Document, LoadError, Value, ValueRef, safe_load};

use super::{Code, Finding};
use crate::text::{beginning, one_line};
use crate::utf8;

/// A manifest that the worker can read.
#[derive(Debug)]
pub struct WorkerManifest {
    document: Document,
}

/// Why a manifest cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    code: Code,
    message: String,
    /// The exception of the reader that is no `YAMLError`, if it is one.
    exception: Option<&'static str>,
}

impl Unreadable {
    fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            exception: None,
        }
    }

    /// What a worker of `release` makes of it: why it passes over the file (`manifest-not-utf8`, `manifest-not-yaml`,
    /// `manifest-not-mapping`), or why its whole search ends in an exception (`manifest-raises`); or that the outcome depends on
    /// the worker (`too-deep`, `too-complex`).
    pub fn on(&self, release: Release) -> Finding {
        let message = &self.message;
        match self.exception {
            None => Finding::new(self.code, message),
            Some("ValueError") if release.passes_over_value_errors => {
                Finding::new(Code::ManifestNotYaml, message)
            }
            Some(_) => Finding::new(
                self.code,
                format!(
                    "{message}; the worker does not skip this file: every task whose search meets \
                     it fails"
                ),
            ),
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Unreadable {}

/// Reads a manifest's bytes as the worker does.
///
/// # Errors
/// Why it cannot be read; what that means depends on the release.
pub fn read(bytes: &[u8]) -> Result<WorkerManifest, Unreadable> {
    let text = utf8::text(bytes).map_err(|line| {
        Unreadable::new(
            Code::ManifestNotUtf8,
            format!("the manifest is not UTF-8 (line {line})"),
        )
    })?;
    let document = safe_load(text).map_err(|error| {
        let message = format!("the manifest cannot be read: {error}");
        let message = one_line(&message);
        match error {
            LoadError::Yaml { .. } => Unreadable::new(Code::ManifestNotYaml, message),
            LoadError::Raises { exception, .. } => Unreadable {
                exception: Some(exception),
                ..Unreadable::new(Code::ManifestRaises, message)
            },
            LoadError::TooDeep { .. } => Unreadable::new(Code::TooDeep, message),
            LoadError::TooComplex { .. } => Unreadable::new(Code::TooComplex, message),
        }
    })?;
    let manifest = WorkerManifest { document };
    if !manifest.root().is_map() {
        return Err(Unreadable::new(
            Code::ManifestNotMapping,
            format!("the manifest is {}, not a mapping", kind(manifest.root())),
        ));
    }
    Ok(manifest)
}

impl WorkerManifest {
    /// The whole manifest.
    pub fn root(&self) -> ValueRef<'_> {
        self.document.root()
    }

    /// The dag ids that the worker finds the bundle by: the keys of `dags` that are strings. Half
    /// surrogate pairs, which only an escape can make, are replaced.
    pub fn dag_ids(&self) -> Vec<String> {
        let dags = self.root().get("dags");
        let keys = dags.into_iter().flat_map(ValueRef::entries);
        keys.filter_map(|(key, _)| match key.value() {
            Value::Str(text) => Some(text.to_string_lossy().into_owned()),
            _ => None,
        })
        .collect()
    }

    /// The task ids of all dags that are strings. A list that several dags share by an alias is gone
    /// through once: a short text can share a long list thousands of times.
    pub fn task_ids(&self) -> Vec<&str> {
        let mut seen = HashSet::new();
        let mut is_new = |value: &ValueRef<'_>| seen.insert(value.id());
        let dags = self.root().get("dags");
        let mut ids = Vec::new();
        for (_, entry) in dags.into_iter().flat_map(ValueRef::str_entries) {
            let tasks = Some(entry).filter(&mut is_new);
            let tasks = tasks
                .and_then(|entry| entry.get("tasks"))
                .filter(&mut is_new);
            let tasks = tasks.into_iter().flat_map(ValueRef::items);
            ids.extend(tasks.filter_map(ValueRef::as_str));
        }
        ids
    }

    /// Whether the manifest names Dags that the executable itself declares, in `dag_source_paths`.
    pub(crate) fn declares_dags(&self) -> bool {
        let paths = self.root().get("dag_source_paths");
        paths.is_some_and(|paths| paths.entries().next().is_some())
    }

    /// Whether all that the executable serves are tasks of Python Dags. Of bundles in other languages that cannot be told: they
    /// may declare Dags whose files they do not name.
    pub(crate) fn serves_stubs_only(&self) -> bool {
        let language = self.root().get("sdk").and_then(|sdk| sdk.get("language"));
        language.and_then(ValueRef::as_str) == Some("rust") && !self.declares_dags()
    }

    /// Why the worker would find no dag here.
    pub(crate) fn check_dags(&self) -> Result<(), Finding> {
        let no_dags = |what: String| Err(Finding::new(Code::NoDags, what));
        match self.root().get("dags") {
            None => no_dags("the manifest has no `dags`".to_owned()),
            Some(dags) if !dags.is_map() => {
                no_dags(format!("`dags` is {}, not a mapping", kind(dags)))
            }
            Some(dags) if dags.entries().next().is_none() => no_dags("`dags` is empty".to_owned()),
            Some(dags) if self.dag_ids().is_empty() => {
                let line = dags.line();
                no_dags(format!(
                    "no key of `dags` is a string for YAML 1.1 (line {line}): quote the dag ids"
                ))
            }
            Some(_) => Ok(()),
        }
    }

    /// Why a worker of `release` would refuse the protocol version. The message is the same for every release that would.
    pub(crate) fn check_schema_version(&self, release: Release) -> Result<(), Finding> {
        let wrong = |what: String| Err(Finding::new(Code::SchemaVersion, what));
        let version = self
            .root()
            .get("sdk")
            .and_then(|sdk| sdk.get(SCHEMA_VERSION_KEY));
        let Some(version) = version else {
            return wrong(format!("the manifest has no `sdk.{SCHEMA_VERSION_KEY}`"));
        };
        match version.as_str() {
            Some(version) if release.knows_schema(version) => Ok(()),
            Some("") => wrong(format!("`sdk.{SCHEMA_VERSION_KEY}` is empty")),
            Some(other) => {
                let known = Release::ALL.map(|release| {
                    let versions = release.schema_versions.join("\" and \"");
                    format!("{release} knows only \"{versions}\"")
                });
                wrong(format!(
                    "`sdk.{SCHEMA_VERSION_KEY}` is \"{}\"; {}",
                    beginning(other.as_bytes(), 100),
                    known.join(", ")
                ))
            }
            None => wrong(format!(
                "`sdk.{SCHEMA_VERSION_KEY}` is {} for YAML 1.1, not a string (line {}): quote it",
                kind(version),
                version.line()
            )),
        }
    }
}

fn kind(value: ValueRef<'_>) -> String {
    match value.value() {
        Value::None => "nothing (null)".to_owned(),
        other => format!("a {}", other.type_name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str, release: Release) -> Result<(), Finding> {
        let manifest = read(text.as_bytes()).map_err(|fault| fault.on(release))?;
        manifest.check_dags()?;
        manifest.check_schema_version(release)
    }

    fn code(text: &str) -> &'static str {
        let checked = checked(text, Release::AIRFLOW_3_3);
        checked.map_or_else(|finding| finding.code.as_str(), |()| "usable")
    }

    #[test]
    fn shared_task_lists_are_read_once() {
        let text = "dags: {a: {tasks: &t [x, 1, y]}, b: {tasks: *t}, c: &e {tasks: [z]}, d: *e}";
        let ids = read(text.as_bytes()).map(|manifest| manifest.task_ids().join(" "));
        assert_eq!(ids, Ok("x y z".to_owned()));
    }

    #[test]
    fn the_two_look_ups_are_the_workers() {
        let with = |dags: &str, version: &str| {
            code(&format!(
                "dags: {dags}\nsdk: {{supervisor_schema_version: {version}}}\n"
            ))
        };
        assert_eq!(with("{a: {}}", "\"2026-06-16\""), "usable");
        assert_eq!(with("{1: {}, a: null}", "'2026-06-16'"), "usable");
        assert_eq!(with("{a: {}}", "2026-06-16"), "schema-version", "a date");
        assert_eq!(with("{a: {}}", "\"2026-10-30\""), "schema-version");
        assert_eq!(with("{on: {}, 1: {}}", "\"2026-06-16\""), "no-dags");
        assert_eq!(with("[a]", "\"2026-06-16\""), "no-dags");
        assert_eq!(code("sdk: {}"), "no-dags");
        assert_eq!(code("- a"), "manifest-not-mapping");
        assert_eq!(code(""), "manifest-not-mapping");
        assert_eq!(code("a: ["), "manifest-not-yaml");
        assert_eq!(code("a: 2026-13-45"), "manifest-raises");
        assert_eq!(
            read(b"a: \xff").map(drop).map_err(|f| f.code),
            Err(Code::ManifestNotUtf8)
        );
    }

    #[test]
    fn a_value_error_ends_the_search_of_one_release() {
        let on = |text: &str, release| checked(text, release).err().map(|finding| finding.code);
        for (text, newer) in [
            ("a: 2026-13-45", Code::ManifestNotYaml),
            ("a: !!bool x", Code::ManifestRaises),
            ("a: \"\\UFFFFFFFF\"", Code::ManifestRaises),
        ] {
            let codes = Release::ALL.map(|release| on(text, release));
            assert_eq!(codes, [Some(Code::ManifestRaises), Some(newer)], "{text}");
        }
    }

    #[test]
    fn each_release_knows_its_own_versions() {
        let with = |version: &str, release| {
            let text =
                format!("dags: {{a: {{}}}}\nsdk: {{supervisor_schema_version: '{version}'}}\n");
            checked(&text, release).map_err(|finding| finding.message)
        };
        assert_eq!(with("2026-06-16", Release::AIRFLOW_3_4), Ok(()));
        assert_eq!(with("2026-10-30", Release::AIRFLOW_3_4), Ok(()));
        let key = "`sdk.supervisor_schema_version`";
        let known = "Airflow 3.3 knows only \"2026-06-16\", Airflow 3.4 knows only \"2026-10-30\" and \"2026-06-16\"";
        assert_eq!(
            with("2026-10-30", Release::AIRFLOW_3_3),
            Err(format!("{key} is \"2026-10-30\"; {known}"))
        );
        for release in Release::ALL {
            assert_eq!(
                with("2026-07-01", release),
                Err(format!("{key} is \"2026-07-01\"; {known}"))
            );
        }
    }
}
