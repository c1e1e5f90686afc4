//! Which bundles a Dag processor starts, to ask each for its Dags.
//!
//! Follows `ExecutableDagImporter` in `airflow/sdk/coordinators/executable/_dag_importer.py` of `apache-airflow-task-sdk` 1.4.0b2:
//! a file that ends in the magic, has no suffix in its name, and is not ignored is started at every parse, whether it declares
//! Dags or has handlers for tasks of Python Dags only.

use std::path::Path;

use airflow_protocol::Release;

use super::verdicts::ReleaseVerdict;
use super::{Code, Finding};
use crate::text::one_line;

/// What the Dag processor of a release that [parses bundles](Release::parses_bundles) does with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Parsing {
    /// Starts it, and asks it for its Dags.
    Starts,
    /// Shows an import error, because it is not usable.
    ImportError,
    /// Passes over it, because its name has a suffix.
    Suffix,
    /// Passes over it, because of `.airflowignore`.
    Ignored,
}

impl Parsing {
    /// What the Dag processor does with the file of `verdict`, which ends in the magic, if nothing ignores it.
    pub(super) fn by_name(path: &Path, verdict: &ReleaseVerdict) -> Self {
        let error = |problem: &Finding| problem.code.is_import_error();
        if suffix(path).is_some() {
            Self::Suffix
        } else if verdict.problems.iter().any(error) {
            Self::ImportError
        } else {
            Self::Starts
        }
    }

    /// What is wrong with a bundle that declares Dags and is passed over.
    pub(super) fn warning(self, path: &Path, release: Release) -> Option<Finding> {
        match self {
            Self::Starts | Self::ImportError => None,
            Self::Suffix => name_warning(path, release).map(|why| Finding::new(Code::Suffix, why)),
            Self::Ignored => Some(Finding::new(
                Code::Ignored,
                format!(
                    "`.airflowignore` keeps {release}'s Dag processor from the file, so that none of the Dags appears that \
                     it declares: take it out there"
                ),
            )),
        }
    }
}

/// The suffix of a file's name, with its dot, as Python's `Path.suffix` has it: `.2` of `etl-1.2`, nothing of `.etl` and `etl.`.
pub(crate) fn suffix(path: &Path) -> Option<String> {
    let suffix = path.extension()?.to_string_lossy();
    (!suffix.is_empty()).then(|| format!(".{suffix}"))
}

/// Why a bundle that declares Dags must not have this name, if it must not.
pub(crate) fn name_warning(path: &Path, release: Release) -> Option<String> {
    let suffix = suffix(path)?;
    let suffix = one_line(&suffix);
    Some(format!(
        "{release}'s Dag processor does not start a file with a suffix in its name (`{suffix}`), so that none of the Dags \
         appears that it declares: give it a name without a dot"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suffix_is_pythons() {
        for (name, expected) in [
            ("etl", None),
            (".etl", None),
            ("etl.", None),
            ("..", None),
            ("etl.bundle", Some(".bundle")),
            ("etl-1.2", Some(".2")),
            (".etl.tmp", Some(".tmp")),
            ("..etl", Some(".etl")),
            ("folder.d/etl", None),
        ] {
            assert_eq!(suffix(Path::new(name)).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn only_a_suffix_is_warned_of() {
        let release = Release::AIRFLOW_3_4;
        assert_eq!(name_warning(Path::new("etl"), release), None);
        let warning = name_warning(Path::new("dist/etl-1.2"), release).unwrap_or_default();
        assert!(warning.contains("(`.2`)"), "{warning}");
        let value = serde_json::to_value([Parsing::Starts, Parsing::ImportError]);
        assert_eq!(
            value.ok(),
            Some(serde_json::json!(["starts", "import-error"]))
        );
    }
}
