//! `cargo xtask schema`: writes what a message may hold, from the released Airflows.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use airflow_protocol::Release;
use airflow_protocol::schema::Schema;
use anyhow::{Context as _, Result, bail};

/// Writes `crates/airflow-protocol/schema/<version>.json` for each Airflow whose `site-packages` are named, or that the tests have
/// installed.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folders = if args.is_empty() {
        installed(&root.join("target/python"))?
    } else {
        args.iter().map(PathBuf::from).collect()
    };
    let mut found = BTreeMap::new();
    for folder in folders {
        let schema = Schema::extract(&folder)?;
        let text = schema.to_text()?;
        let version = schema.version().to_owned();
        if found
            .insert(version.clone(), text.clone())
            .is_some_and(|other| other != text)
        {
            bail!(
                "two Airflows have different schemas of the version {version}, one of them in {}: name the one to take",
                folder.display()
            );
        }
    }
    for (version, text) in &found {
        let path = root
            .join("crates/airflow-protocol/schema")
            .join(format!("{version}.json"));
        fs::write(&path, text).with_context(|| format!("{} can't be written", path.display()))?;
    }
    let known = Release::ALL
        .iter()
        .flat_map(|release| release.schema_versions);
    if let Some(version) = known.into_iter().find(|known| !found.contains_key(**known)) {
        bail!(
            "no Airflow with the schema {version} is in target/python: `cargo test --test interop schemas` installs the Airflows \
             of the tests; or name the folder site-packages of one"
        );
    }
    Ok(())
}

/// The folders `site-packages` of the tests' environments that have an Airflow.
fn installed(environments: &Path) -> Result<Vec<PathBuf>> {
    let folders = |folder: &Path| -> Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        if folder.is_dir() {
            let failed = || format!("{} can't be read", folder.display());
            for entry in fs::read_dir(folder).with_context(failed)? {
                found.push(entry.with_context(failed)?.path());
            }
        }
        Ok(found)
    };
    let mut found = Vec::new();
    for environment in folders(environments)? {
        let mut libraries = folders(&environment.join("lib"))?;
        // Windows has no folder of Python's version in between.
        libraries.push(environment.join("Lib"));
        found.extend(
            libraries
                .into_iter()
                .map(|library| library.join("site-packages"))
                .filter(|packages| packages.join("airflow/sdk/execution_time/schema").is_dir()),
        );
    }
    Ok(found)
}
