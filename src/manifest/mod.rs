//! The manifest, `airflow-metadata.yaml`: what an executable says of itself, and what the packer
//! adds.

mod error;
mod json;
mod offer;
mod parse;
mod render;
mod schema;
mod seed;
mod value;
mod yaml;

pub use error::ManifestError;
pub use offer::HandlerWithParameters;
pub(crate) use offer::listed;
pub use value::{Number, Value};

use std::fmt;
use std::path::Path;

use airflow_protocol::Release;
use airflow_protocol::ids::{self, IdFault};
use airflow_protocol::record::SCHEMA_VERSION_KEY;
use airflow_protocol::release::brings_arguments;

use crate::bundle::digest::{RegionDigests, Sha256Digest, cache_digest};
use crate::text::one_line;

/// A valid manifest, as an executable printed it, without the keys that the packer writes.
///
/// ```
/// use cargo_airflow_bundle::manifest::Manifest;
///
/// let manifest = Manifest::parse(
///     r#"{"airflow_bundle_metadata_version": "1.0",
///         "dags": {"sales": {"tasks": ["extract", "load"]}},
///         "sdk": {"language": "rust", "version": "0.1.0",
///                 "supervisor_schema_version": "2026-06-16"}}"#,
/// )?;
/// assert_eq!(manifest.dag_ids().collect::<Vec<_>>(), ["sales"]);
/// assert_eq!(manifest.task_count(), 2);
/// # Ok::<(), cargo_airflow_bundle::manifest::ManifestError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    root: Value,
    offer: offer::Offer,
}

/// The source file, as the manifest names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceName {
    /// File name, for display.
    pub file_name: String,
    /// Path as the author knows it, relative to the package, with `/` between its parts.
    pub entrypoint_path: String,
}

impl SourceName {
    /// The names of the file at `source`: its path below the package's folder `root`, or, outside of
    /// it, its file name.
    pub fn of_file(source: &Path, root: Option<&Path>) -> Self {
        let file_name = source.file_name().unwrap_or(source.as_os_str());
        let file_name = file_name.to_string_lossy().into_owned();
        let below = root.and_then(|root| {
            let source = source.canonicalize().ok()?;
            let below = source.strip_prefix(root.canonicalize().ok()?).ok()?;
            let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
            Some(parts.join("/"))
        });
        Self {
            entrypoint_path: below.unwrap_or_else(|| file_name.clone()),
            file_name,
        }
    }
}

/// Something that works, but hardly as the author means it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// A dag without tasks.
    NoTasks(String),
    /// An id that Airflow's server refuses: what kind, the id, why.
    RefusedId(&'static str, String, IdFault),
    /// A `supervisor_schema_version`, and the releases that do not know it; there is at least one.
    UnknownSchema(String, Vec<Release>),
    /// A `supervisor_schema_version` that brings a task no arguments, and the handlers that take some; there is at least one.
    NoArguments(String, Vec<HandlerWithParameters>),
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTasks(dag) => write!(f, "the dag `{}` has no tasks", one_line(dag)),
            Self::RefusedId(kind, id, fault) => write!(
                f,
                "Airflow's server refuses the {kind} `{}`: it {fault}",
                one_line(id)
            ),
            Self::UnknownSchema(version, releases) => {
                for (index, release) in releases.iter().enumerate() {
                    let versions = release.schema_versions;
                    let what = match (index, versions.len()) {
                        (0, 1) => " knows only the supervisor schema version ",
                        (0, _) => " knows only the supervisor schema versions ",
                        _ => " only ",
                    };
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{release}{what}{}", versions.join(" and "))?;
                }
                write!(f, "; workers will refuse a bundle with {version}")
            }
            Self::NoArguments(version, handlers) => write!(
                f,
                "the supervisor schema version {} brings tasks no arguments, and these handlers take some, so that their tasks will \
                 fail: {}",
                one_line(version),
                listed(handlers)
            ),
        }
    }
}

impl Manifest {
    /// Reads what an executable printed: JSON or YAML.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let mut root = parse::parse(text)?;
        if let Value::Mapping(entries) = &mut root {
            entries.retain(|(key, _)| {
                !key.as_str()
                    .is_some_and(|key| schema::PACKER_KEYS.contains(&key))
            });
        }
        let offer = offer::take(&mut root)?;
        Ok(Self { root, offer })
    }

    /// The dag ids, in the author's order.
    pub fn dag_ids(&self) -> impl Iterator<Item = &str> {
        self.dags().iter().filter_map(|(id, _)| id.as_str())
    }

    /// The task ids of one dag, in the author's order. Empty if there is no such dag.
    pub fn tasks<'a>(&'a self, dag_id: &str) -> impl Iterator<Item = &'a str> {
        let dag = self
            .dags()
            .iter()
            .find(|(id, _)| id.as_str() == Some(dag_id));
        dag.into_iter().flat_map(|(_, dag)| tasks(dag))
    }

    /// All dag ids with their task ids, in the author's order.
    pub fn tasks_by_dag(&self) -> impl Iterator<Item = (&str, impl Iterator<Item = &str>)> {
        let dags = self.dags().iter();
        dags.filter_map(|(id, dag)| Some((id.as_str()?, tasks(dag))))
    }

    /// Number of tasks of all dags.
    pub fn task_count(&self) -> usize {
        self.dags().iter().map(|(_, dag)| tasks(dag).count()).sum()
    }

    /// `sdk.supervisor_schema_version`. `None` for the record of a program that leaves the choice to the packer, among
    /// [`Self::schema_versions`].
    pub fn schema_version(&self) -> Option<&str> {
        let sdk = self.root.get("sdk")?;
        sdk.get(SCHEMA_VERSION_KEY).and_then(Value::as_str)
    }

    /// The schema versions that the program's SDK knows. Empty for a manifest that has its own [`Self::schema_version`].
    pub fn schema_versions(&self) -> &[String] {
        &self.offer.versions
    }

    /// The handlers that take arguments, as far as the program tells.
    pub fn handlers_with_parameters(&self) -> &[HandlerWithParameters] {
        &self.offer.handlers
    }

    /// The manifest with this schema version, as a bundle has it.
    pub(crate) fn pinned(mut self, version: &str) -> Self {
        if let Some(Value::Mapping(sdk)) = self.root.get_mut("sdk") {
            sdk.retain(|(key, _)| key.as_str() != Some(SCHEMA_VERSION_KEY));
            sdk.push((Value::from(SCHEMA_VERSION_KEY), Value::from(version)));
        }
        self.offer.versions.clear();
        self
    }

    /// All values, for other tools.
    pub fn root(&self) -> &Value {
        &self.root
    }

    /// What is wrong with it, or hardly meant, where it goes to workers of these releases.
    pub fn warnings(&self, releases: &[Release]) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if let Some(version) = self.schema_version() {
            let releases = releases.iter().copied();
            let without: Vec<_> = releases
                .filter(|release| !release.knows_schema(version))
                .collect();
            if !without.is_empty() {
                warnings.push(Warning::UnknownSchema(version.to_owned(), without));
            }
            if !self.offer.handlers.is_empty() && !brings_arguments(version) {
                let handlers = self.offer.handlers.clone();
                warnings.push(Warning::NoArguments(version.to_owned(), handlers));
            }
        }
        let mut check = |kind, id: &str| {
            if let Err(fault) = ids::check(id) {
                warnings.push(Warning::RefusedId(kind, id.to_owned(), fault));
            }
        };
        for (id, dag) in self.dags() {
            check("dag_id", id.as_str().unwrap_or_default());
            tasks(dag).for_each(|task| check("task_id", task));
        }
        let empty = self
            .dags()
            .iter()
            .filter(|(_, dag)| tasks(dag).next().is_none());
        warnings
            .extend(empty.filter_map(|(id, _)| Some(Warning::NoTasks(id.as_str()?.to_owned()))));
        warnings
    }

    /// The manifest as it stands in a bundle, with the packer's keys, in canonical form. A worker wants a
    /// [`Self::schema_version`] in it.
    pub fn render(&self, source: &SourceName, regions: &RegionDigests) -> String {
        let text = |text: &str| Value::from(text);
        let file = mapping([
            ("path", text(&source.entrypoint_path)),
            ("offset", Value::from(0)),
            ("length", Value::from(regions.source_len)),
            ("sha256", text(&regions.source.to_string())),
        ]);
        let mut root = self.root.clone();
        let Value::Mapping(entries) = &mut root else {
            return render::render(&root);
        };
        let mut add = |key: &str, value| entries.push((Value::from(key), value));
        add("source", text(&source.file_name));
        add("entrypoint_path", text(&source.entrypoint_path));
        add("sources", Value::Sequence(vec![file]));
        let without_digests = Sha256Digest::of(render::render(&root).as_bytes());
        let cache = cache_digest(regions.executable, regions.source, without_digests);
        let digests = mapping([
            ("integrity", text(&regions.executable.to_string())),
            ("cache", text(&cache.to_string())),
        ]);
        if let Value::Mapping(entries) = &mut root {
            entries.push((Value::from("digests"), digests));
        }
        render::render(&root)
    }

    fn dags(&self) -> &[(Value, Value)] {
        match self.root.get("dags") {
            Some(Value::Mapping(dags)) => dags,
            _ => &[],
        }
    }
}

fn tasks(dag: &Value) -> impl Iterator<Item = &str> {
    let items = match dag.get("tasks") {
        Some(Value::Sequence(items)) => items.as_slice(),
        _ => &[],
    };
    items.iter().filter_map(Value::as_str)
}

fn mapping<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Mapping(entries.map(|(key, value)| (Value::from(key), value)).into())
}
