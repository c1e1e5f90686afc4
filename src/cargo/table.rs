//! `[package.metadata.airflow-bundle]` and `[workspace.metadata.airflow-bundle]`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use cargo_metadata::Package;
use serde_json::Value;

use super::builder::Builder;
use super::select::did_you_mean;

/// Name of the table.
pub const TABLE: &str = "airflow-bundle";

const KEYS: [&str; 4] = ["bins", "cargo-build", "out-dir", "source"];

/// The settings of one table. Paths are absolute.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Names of the bins that are packed.
    pub bins: Option<Vec<String>>,
    /// What is run instead of `cargo build`.
    pub builder: Option<Builder>,
    /// The source file.
    pub source: Option<PathBuf>,
    /// The folder that bundles are written to.
    pub out_dir: Option<PathBuf>,
}

impl Table {
    /// The table of a package, if it has one. Its paths are relative to the package.
    pub fn of_package(package: &Package) -> anyhow::Result<Option<Self>> {
        let root = package
            .manifest_path
            .parent()
            .map(cargo_metadata::camino::Utf8Path::as_std_path);
        read(&package.metadata, root.unwrap_or(Path::new("")))
            .with_context(|| format!("[package.metadata.{TABLE}] in `{}`", package.manifest_path))
    }

    /// The table of a workspace. Its paths are relative to the workspace root.
    pub fn of_workspace(metadata: &cargo_metadata::Metadata) -> anyhow::Result<Self> {
        let root = &metadata.workspace_root;
        let table = read(&metadata.workspace_metadata, root.as_std_path()).with_context(|| {
            format!(
                "[workspace.metadata.{TABLE}] in `{}`",
                root.join("Cargo.toml")
            )
        })?;
        Ok(table.unwrap_or_default())
    }

    /// Whether a package has a table at all, valid or not.
    pub fn exists(package: &Package) -> bool {
        package.metadata.get(TABLE).is_some()
    }
}

fn read(metadata: &Value, root: &Path) -> anyhow::Result<Option<Table>> {
    let Some(value) = metadata.get(TABLE) else {
        return Ok(None);
    };
    let Value::Object(entries) = value else {
        bail!(
            "it must be a table with the keys {}",
            super::select::listed(&KEYS)
        );
    };
    let mut table = Table::default();
    for (key, value) in entries {
        match key.as_str() {
            "bins" => table.bins = Some(strings(key, value)?),
            "cargo-build" => {
                let builder = Builder::parse(string(key, value)?);
                table.builder = Some(builder.with_context(|| format!("`{key}`"))?);
            }
            "source" => table.source = Some(root.join(string(key, value)?)),
            "out-dir" => table.out_dir = Some(root.join(string(key, value)?)),
            _ => bail!(
                "unknown key `{key}`{}; the keys are {}",
                did_you_mean(key, &KEYS),
                super::select::listed(&KEYS)
            ),
        }
    }
    Ok(Some(table))
}

fn string<'a>(key: &str, value: &'a Value) -> anyhow::Result<&'a str> {
    match value.as_str() {
        Some("") => bail!("`{key}` is empty"),
        Some(text) => Ok(text),
        None => bail!("`{key}` must be a string"),
    }
}

fn strings(key: &str, value: &Value) -> anyhow::Result<Vec<String>> {
    let items = value
        .as_array()
        .with_context(|| format!("`{key}` must be a list of strings"))?;
    if items.is_empty() {
        bail!("`{key}` is empty; name a bin, or remove the key");
    }
    items
        .iter()
        .map(|item| Ok(string(key, item)?.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(json: &Value) -> anyhow::Result<Option<Table>> {
        read(&serde_json::json!({ TABLE: json }), Path::new("/ws"))
    }

    #[test]
    fn paths_are_relative_to_the_manifest() -> anyhow::Result<()> {
        let read = table(
            &serde_json::json!({"bins": ["a"], "source": "src/x.rs", "out-dir": "/abs", "cargo-build": "zigbuild"}),
        )?;
        let expected = Table {
            bins: Some(vec!["a".to_owned()]),
            builder: Some(Builder::parse("zigbuild")?),
            source: Some("/ws/src/x.rs".into()),
            out_dir: Some("/abs".into()),
        };
        assert_eq!(read, Some(expected));
        assert_eq!(super::read(&Value::Null, Path::new("/ws"))?, None);
        Ok(())
    }

    #[test]
    fn mistakes_are_named() {
        for (json, word) in [
            (serde_json::json!({"outdir": "x"}), "did you mean `out-dir`"),
            (serde_json::json!({"bins": "a"}), "a list of strings"),
            (serde_json::json!({"bins": []}), "is empty"),
            (serde_json::json!({"source": 1}), "must be a string"),
            (serde_json::json!({"cargo-build": "a 'b"}), "`cargo-build`"),
            (serde_json::json!(true), "must be a table"),
        ] {
            let error = table(&json).map_err(|error| error.to_string());
            assert!(
                matches!(&error, Err(text) if text.contains(word)),
                "{error:?}"
            );
        }
    }
}
