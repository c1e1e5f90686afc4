//! For which releases of Airflow a bundle is packed, and the schema version that its manifest names for that: its pin.

use std::error::Error;
use std::fmt;

use airflow_protocol::Release;
use airflow_protocol::record::SCHEMA_VERSION_KEY;
use airflow_protocol::release::brings_arguments;

use crate::manifest::{HandlerWithParameters, Manifest, listed};
use crate::release::Airflow;
use crate::text::one_line;

/// What was chosen for a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pin {
    /// The manifest's `sdk.supervisor_schema_version`.
    pub(crate) version: String,
    /// The releases that the bundle is for, the oldest first. Empty if the version is the manifest's own and no release that is
    /// known here runs it.
    pub(crate) releases: Vec<Release>,
}

/// Why a bundle cannot be packed for the releases that were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PinError {
    /// These handlers take arguments, which not all of the releases pass.
    Arguments(Vec<HandlerWithParameters>),
    /// The manifest names this version itself, and only these releases run it.
    OwnVersion(String, Vec<Release>),
    /// The program's SDK knows only these versions, of which none fits.
    NoVersion(Vec<String>),
}

impl fmt::Display for PinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arguments(handlers) => {
                let passing = Release::ALL.into_iter().filter(passes);
                write!(
                    f,
                    "only {} passes arguments to tasks, and these handlers take some: {}",
                    named(&passing.collect::<Vec<_>>()),
                    listed(handlers)
                )
            }
            Self::OwnVersion(version, releases) => {
                write!(
                    f,
                    "its manifest names `sdk.{SCHEMA_VERSION_KEY}` {version} itself, which {}; the packer changes it only where \
                     the program's SDK says that it knows another one, as `airflow-sdk` does",
                    runs(releases)
                )
            }
            Self::NoVersion(versions) => {
                let versions: Vec<_> = versions.iter().map(|version| one_line(version)).collect();
                write!(
                    f,
                    "its SDK knows only the supervisor schema version{} {}",
                    if versions.len() == 1 { "" } else { "s" },
                    versions.join(" and ")
                )
            }
        }
    }
}

impl Error for PinError {}

/// Says which releases run a version.
fn runs(releases: &[Release]) -> String {
    match releases {
        [] => "no release of Airflow that is known here runs".to_owned(),
        releases => format!("only {} can run", named(releases)),
    }
}

/// The releases in a sentence, such as `Airflow 3.3 and 3.4`.
pub(crate) fn named(releases: &[Release]) -> String {
    let numbers: Vec<_> = releases.iter().map(|release| release.number).collect();
    format!("Airflow {}", numbers.join(" and "))
}

/// Chooses the pin of a bundle: for the releases that are `wanted`, or else for as many as can be. Handlers that take arguments get
/// a version that brings some, unless releases are wanted of which none passes any: what else those handlers' tasks are for is
/// the author's affair.
///
/// # Errors
/// If there is none.
pub(crate) fn choose(manifest: &Manifest, wanted: Option<Airflow>) -> Result<Pin, PinError> {
    if let Some(version) = manifest.schema_version() {
        let releases = releases_of(version);
        let releases = match wanted.map(Airflow::releases) {
            None => releases,
            Some(wanted) if wanted.iter().all(|release| releases.contains(release)) => {
                wanted.to_vec()
            }
            Some(_) => return Err(PinError::OwnVersion(version.to_owned(), releases)),
        };
        return Ok(Pin {
            version: version.to_owned(),
            releases,
        });
    }
    let serves = |version: &str| {
        let releases = releases_of(version);
        match wanted.map(Airflow::releases) {
            None => !releases.is_empty(),
            Some(wanted) => wanted.iter().all(|release| releases.contains(release)),
        }
    };
    let mut fitting: Vec<&str> = manifest
        .schema_versions()
        .iter()
        .map(String::as_str)
        .collect();
    fitting.retain(|version| serves(version));
    let handlers = manifest.handlers_with_parameters();
    if fitting.is_empty() {
        return Err(PinError::NoVersion(manifest.schema_versions().to_vec()));
    }
    let pointless = wanted.is_some_and(|wanted| !wanted.releases().iter().any(passes));
    if !handlers.is_empty() && !pointless {
        fitting.retain(|version| brings_arguments(version));
    }
    // Where releases are asked for, the newest version that they all know; else the one that most releases know.
    let reach = |version: &str| match wanted {
        Some(_) => 0,
        None => releases_of(version).len(),
    };
    let version = fitting
        .into_iter()
        .max_by_key(|version| (reach(version), *version))
        .ok_or_else(|| PinError::Arguments(handlers.to_vec()))?;
    Ok(Pin {
        version: version.to_owned(),
        releases: match wanted {
            Some(wanted) => wanted.releases().to_vec(),
            None => releases_of(version),
        },
    })
}

/// Whether a release passes arguments to tasks.
fn passes(release: &Release) -> bool {
    let mut versions = release.schema_versions.iter();
    versions.any(|version| brings_arguments(version))
}

/// The known releases that run bundles with this version, the oldest first.
fn releases_of(version: &str) -> Vec<Release> {
    let releases = Release::ALL.into_iter();
    releases
        .filter(|release| release.knows_schema(version))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::ManifestError;

    const OLD: &str = "2026-06-16";
    const NEW: &str = "2026-10-30";

    fn manifest(versions: &str, parameters: &str) -> Result<Manifest, ManifestError> {
        Manifest::parse(&format!(
            r#"{{"airflow_bundle_metadata_version": "1.0", "dags": {{"d": {{"tasks": ["a", "b"]{parameters}}}}},
                "sdk": {{"language": "rust", "version": "1", {versions}}}}}"#
        ))
    }

    /// The pin and the releases, or the error's text.
    fn chosen(manifest: &Manifest, wanted: Option<Airflow>) -> (String, String) {
        match choose(manifest, wanted) {
            Ok(pin) => (pin.version, named(&pin.releases)),
            Err(error) => ("error".to_owned(), error.to_string()),
        }
    }

    const BOTH: &str = r#""supervisor_schema_versions": ["2026-10-30", "2026-06-16"]"#;
    const TAKES: &str = r#", "parameters": {"b": 2}"#;

    #[test]
    fn the_widest_that_works_or_what_is_wanted() -> Result<(), ManifestError> {
        let refused = "only Airflow 3.4 passes arguments to tasks, and these handlers take some: `d.b` (2 parameters)";
        for (parameters, wanted, version, releases) in [
            ("", None, OLD, "Airflow 3.3 and 3.4"),
            ("", Some(Airflow::V3_3), OLD, "Airflow 3.3"),
            ("", Some(Airflow::V3_4), NEW, "Airflow 3.4"),
            ("", Some(Airflow::Both), OLD, "Airflow 3.3 and 3.4"),
            (TAKES, None, NEW, "Airflow 3.4"),
            (TAKES, Some(Airflow::V3_4), NEW, "Airflow 3.4"),
            (TAKES, Some(Airflow::V3_3), OLD, "Airflow 3.3"),
            (TAKES, Some(Airflow::Both), "error", refused),
        ] {
            let chosen = chosen(&manifest(BOTH, parameters)?, wanted);
            let expected = (version.to_owned(), releases.to_owned());
            assert_eq!(chosen, expected, "{parameters} {wanted:?}");
        }
        Ok(())
    }

    #[test]
    fn a_version_of_its_own_is_kept() -> Result<(), ManifestError> {
        let own =
            |version: &str| manifest(&format!(r#""supervisor_schema_version": "{version}""#), "");
        let (old, new, later) = (own(OLD)?, own(NEW)?, own("2027-01-31")?);
        assert_eq!(
            chosen(&old, None),
            (OLD.to_owned(), "Airflow 3.3 and 3.4".to_owned())
        );
        assert_eq!(
            chosen(&old, Some(Airflow::V3_4)),
            (OLD.to_owned(), "Airflow 3.4".to_owned())
        );
        assert_eq!(
            chosen(&new, None),
            (NEW.to_owned(), "Airflow 3.4".to_owned())
        );
        assert_eq!(choose(&later, None).map(|pin| pin.releases.len()), Ok(0));
        for (manifest, wanted, said) in [
            (
                &new,
                Airflow::V3_3,
                "2026-10-30 itself, which only Airflow 3.4 can run",
            ),
            (
                &new,
                Airflow::Both,
                "2026-10-30 itself, which only Airflow 3.4 can run",
            ),
            (
                &later,
                Airflow::V3_4,
                "2027-01-31 itself, which no release of Airflow that is known here runs",
            ),
        ] {
            let (_, text) = chosen(manifest, Some(wanted));
            assert!(text.contains(said), "{text}");
        }
        Ok(())
    }

    #[test]
    fn an_sdk_that_knows_one_version_only() -> Result<(), ManifestError> {
        let list = |version: &str| {
            manifest(
                &format!(r#""supervisor_schema_versions": ["{version}"]"#),
                "",
            )
        };
        assert_eq!(
            chosen(&list(OLD)?, Some(Airflow::V3_4)),
            (OLD.to_owned(), "Airflow 3.4".to_owned())
        );
        let unknown = "its SDK knows only the supervisor schema version ";
        for (version, wanted) in [(NEW, Some(Airflow::V3_3)), ("2027-01-31", None)] {
            let text = format!("{unknown}{version}");
            assert_eq!(chosen(&list(version)?, wanted), ("error".to_owned(), text));
        }
        Ok(())
    }
}
