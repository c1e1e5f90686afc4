//! `[package.metadata.airflow-bundle]` and `[workspace.metadata.airflow-bundle]`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use cargo_metadata::Package;
use serde_json::Value;

use crate::release::Airflow;
use crate::settings::{Builder, TABLE, TABLE_KEYS, package_table, parse_airflow, workspace_table};
use crate::text::{did_you_mean, listed};

/// The settings of one table. Paths are absolute.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// The `Cargo.toml` that the table is in.
    pub file: PathBuf,
    /// The releases of Airflow that bundles are for.
    pub airflow: Option<Airflow>,
    /// Names of the bins that are packed.
    pub bins: Option<Vec<String>>,
    /// The subcommand of cargo that builds.
    pub builder: Option<Builder>,
    /// The source file.
    pub source: Option<PathBuf>,
    /// The folder that bundles are written to.
    pub out_dir: Option<PathBuf>,
}

impl Table {
    /// The table of a package; an empty one if the package has none. Its paths are relative to the package.
    pub fn of_package(package: &Package) -> anyhow::Result<Self> {
        let file = package.manifest_path.as_std_path();
        read(&package.metadata, file)
            .with_context(|| format!("{} in `{}`", package_table(), file.display()))
    }

    /// The table of a workspace; an empty one if the workspace has none. Its paths are relative to the workspace root.
    pub fn of_workspace(metadata: &cargo_metadata::Metadata) -> anyhow::Result<Self> {
        let file = metadata.workspace_root.join("Cargo.toml");
        read(&metadata.workspace_metadata, file.as_std_path())
            .with_context(|| format!("{} in `{file}`", workspace_table()))
    }

    /// Whether a package has a table at all, valid or not.
    pub fn exists(package: &Package) -> bool {
        package.metadata.get(TABLE).is_some()
    }
}

fn read(metadata: &Value, file: &Path) -> anyhow::Result<Table> {
    let mut table = Table {
        file: file.to_owned(),
        ..Table::default()
    };
    let Some(value) = metadata.get(TABLE) else {
        return Ok(table);
    };
    let Value::Object(entries) = value else {
        bail!("it must be a table with the keys {}", listed(&TABLE_KEYS));
    };
    let root = file.parent().unwrap_or(Path::new(""));
    for (key, value) in entries {
        match key.as_str() {
            "airflow" => {
                let airflow = parse_airflow(string(key, value)?);
                table.airflow = Some(airflow.with_context(|| format!("`{key}`"))?);
            }
            "bins" => table.bins = Some(strings(key, value)?),
            "cargo-build" => {
                let builder = Builder::parse(string(key, value)?);
                table.builder = Some(builder.with_context(|| format!("`{key}`"))?);
            }
            "source" => table.source = Some(root.join(string(key, value)?)),
            "out-dir" => table.out_dir = Some(root.join(string(key, value)?)),
            _ => bail!(
                "unknown key `{key}`{}; the keys are {}",
                did_you_mean(key, &TABLE_KEYS),
                listed(&TABLE_KEYS)
            ),
        }
    }
    Ok(table)
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

    const FILE: &str = "/ws/Cargo.toml";

    fn table(json: &Value) -> anyhow::Result<Table> {
        read(&serde_json::json!({ TABLE: json }), Path::new(FILE))
    }

    /// Every key of a table is read, and no other.
    #[test]
    fn the_keys_are_those_of_the_settings() {
        for key in TABLE_KEYS {
            let value = match key {
                "bins" => serde_json::json!(["a"]),
                "airflow" => serde_json::json!("3.4"),
                _ => serde_json::json!("a"),
            };
            let read = table(&serde_json::json!({ key: value }));
            assert!(read.is_ok(), "{key}: {read:?}");
        }
    }

    #[test]
    fn paths_are_relative_to_the_manifest() -> anyhow::Result<()> {
        let read = table(
            &serde_json::json!({"bins": ["a"], "source": "src/x.rs", "out-dir": "/abs", "cargo-build": "zigbuild"}),
        )?;
        let expected = Table {
            file: FILE.into(),
            airflow: None,
            bins: Some(vec!["a".to_owned()]),
            builder: Some(Builder::parse("zigbuild")?),
            source: Some("/ws/src/x.rs".into()),
            out_dir: Some("/abs".into()),
        };
        assert_eq!(read, expected);
        let none = super::read(&Value::Null, Path::new(FILE))?;
        assert_eq!((none.bins, none.source), (None, None));
        Ok(())
    }

    #[test]
    fn mistakes_are_named() {
        for (json, word) in [
            (serde_json::json!({"outdir": "x"}), "did you mean `out-dir`"),
            (serde_json::json!({"bins": "a"}), "a list of strings"),
            (
                serde_json::json!({"airflow": "3.5"}),
                "`airflow`: `3.5` is none of `3.3`, `3.4`, `both`",
            ),
            (serde_json::json!({"airflow": 3.4}), "must be a string"),
            (serde_json::json!({"bins": []}), "is empty"),
            (serde_json::json!({"source": 1}), "must be a string"),
            (serde_json::json!({"cargo-build": "a 'b"}), "`cargo-build`"),
            (serde_json::json!(true), "must be a table"),
        ] {
            let error = table(&json).map_err(|error| format!("{error:#}"));
            assert!(
                matches!(&error, Err(text) if text.contains(word)),
                "{error:?}"
            );
        }
    }
}
