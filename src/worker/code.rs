//! The codes of problems and warnings.

use std::fmt;

use crate::executable::Caution;

/// Whether a finding keeps a worker from using a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The worker does not use the bundle, or cannot start it.
    Problem,
    /// The worker uses the bundle.
    Warning,
}

/// Makes the enum and all that is said of each code, so that no code can be missing from one of the lists.
macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $text:literal, $severity:ident;)+) => {
        /// What kind of finding a [`Finding`](super::Finding) is. The texts are stable; the README lists them.
        ///
        /// ```
        /// use cargo_airflow_bundle::worker::{Code, Severity};
        ///
        /// assert_eq!(Code::NoDags.to_string(), "no-dags");
        /// assert_eq!(Code::Mode.severity(), Severity::Warning);
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Code {
            /// All codes, in the order of the README.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The text in reports: lower-case words with hyphens between.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// Whether it keeps a worker from using a bundle.
            pub const fn severity(self) -> Severity {
                match self {
                    $(Self::$variant => Severity::$severity,)+
                }
            }
        }
    };
}

codes! {
    /// The file does not end in the magic.
    NotABundle = "not-a-bundle", Problem;
    /// An executable for Airflow without a footer: never packed, or stripped afterwards.
    FooterMissing = "footer-missing", Problem;
    /// Bytes stand behind the footer.
    FooterMoved = "footer-moved", Problem;
    /// The version of the footer is not known.
    FooterVersion = "footer-version", Problem;
    /// The footer's reserved bytes are not zero.
    FooterReserved = "footer-reserved", Problem;
    /// The footer's lengths reach beyond the start of the file.
    FooterLengths = "footer-lengths", Problem;
    /// The footer's lengths leave no room for the executable.
    NoExecutable = "no-executable", Problem;
    /// The executable is not the one that was packed.
    DigestMismatch = "digest-mismatch", Problem;
    /// The user may not execute the file. A release that sets the execute bit itself minds only if it may not do that either.
    NotExecutable = "not-executable", Problem;
    /// The operating system refuses to read the file.
    Unreadable = "unreadable", Problem;
    /// The manifest is not UTF-8.
    ManifestNotUtf8 = "manifest-not-utf8", Problem;
    /// The manifest is not YAML.
    ManifestNotYaml = "manifest-not-yaml", Problem;
    /// The manifest is not a mapping.
    ManifestNotMapping = "manifest-not-mapping", Problem;
    /// The manifest is longer than [`MANIFEST_LIMIT`](crate::bundle::reader::MANIFEST_LIMIT).
    ManifestTooLong = "manifest-too-long", Problem;
    /// The worker's reader fails on the manifest, and the search for every dag with it.
    ManifestRaises = "manifest-raises", Problem;
    /// The manifest is nested so deep that the outcome depends on the worker.
    TooDeep = "too-deep", Problem;
    /// The manifest merges so much that the outcome depends on the worker.
    TooComplex = "too-complex", Problem;
    /// The manifest has no dag id that is a string.
    NoDags = "no-dags", Problem;
    /// The release does not run bundles of the manifest's `sdk.supervisor_schema_version`.
    SchemaVersion = "schema-version", Problem;
    /// The executable needs a newer GNU C library than there is. The worker's reader does not ask.
    Glibc = "glibc", Problem;

    /// Not everybody may read and execute the file.
    Mode = "mode", Warning;
    /// This machine cannot run the executable.
    Architecture = "architecture", Warning;
    /// The executable region is no executable that is known.
    Executable = "executable", Warning;
    /// The executable needs libraries that workers do not have.
    Library = "library", Warning;
    /// The executable needs an interpreter that workers do not have.
    Interpreter = "interpreter", Warning;
    /// The executable's loader looks for libraries in folders that workers do not have.
    Rpath = "rpath", Warning;
    /// Bytes stand behind the executable's image.
    TrailingBytes = "trailing-bytes", Warning;
    /// Airflow's server refuses an id.
    RefusedId = "refused-id", Warning;
    /// `sources` does not fit the source region.
    SourceMismatch = "source-mismatch", Warning;
    /// The Dag processor of a release that parses bundles cannot read a source of theirs.
    SourceNotShown = "source-not-shown", Warning;
    /// `digests` does not fit the file.
    DigestsMismatch = "digests-mismatch", Warning;
    /// The bundle declares Dags, and the Dag processor passes over its name.
    Suffix = "suffix", Warning;
    /// The bundle declares Dags, and `.airflowignore` keeps the Dag processor from it.
    Ignored = "ignored", Warning;
}

impl Code {
    /// Whether the worker's search ends in an exception at a file with this problem, instead of passing over it.
    pub const fn raises(self) -> bool {
        matches!(self, Self::ManifestRaises)
    }

    /// Whether the Dag processor of a release that [parses bundles](airflow_protocol::Release::parses_bundles) shows an import
    /// error for a file with this problem that it lists. It asks for no `dags`, and hands a newer glibc's symbols to the loader.
    ///
    /// Source: `_build_bundle_command` in `airflow/sdk/coordinators/executable/coordinator.py` of `apache-airflow-task-sdk` 1.4.0b2.
    pub const fn is_import_error(self) -> bool {
        matches!(self.severity(), Severity::Problem) && !matches!(self, Self::NoDags | Self::Glibc)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl serde::Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl From<&Caution> for Code {
    fn from(caution: &Caution) -> Self {
        match caution {
            Caution::SharedRust { .. } | Caution::LibraryPath { .. } => Self::Library,
            Caution::LocalInterpreter { .. } | Caution::NoInterpreter { .. } => Self::Interpreter,
            Caution::LocalFolders { .. } => Self::Rpath,
            Caution::TrailingBytes { .. } => Self::TrailingBytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"));

    /// The codes in the first column of the README's table whose first heading is `heading`.
    fn documented(heading: &str) -> Vec<&'static str> {
        let rows = README
            .lines()
            .skip_while(|line| !line.starts_with(&format!("| {heading} |")))
            .skip(2)
            .take_while(|line| line.starts_with('|'));
        let cells = rows.filter_map(|row| row.split('|').nth(1));
        // Every second part stands between backticks.
        cells
            .flat_map(|cell| cell.split('`').skip(1).step_by(2))
            .collect()
    }

    #[test]
    fn the_readme_lists_every_code_and_no_other() {
        for (heading, severity) in [
            ("problem", Severity::Problem),
            ("warning", Severity::Warning),
        ] {
            let codes = Code::ALL.iter().filter(|code| code.severity() == severity);
            let codes: Vec<_> = codes.map(|code| code.as_str()).collect();
            assert_eq!(documented(heading), codes);
        }
    }

    #[test]
    fn a_code_is_written_as_its_text() {
        for code in Code::ALL {
            let json = serde_json::to_string(code).unwrap_or_default();
            assert_eq!(json, format!("\"{code}\""));
        }
        let raising = Code::ALL.iter().filter(|code| code.raises());
        assert_eq!(raising.collect::<Vec<_>>(), [&Code::ManifestRaises]);
    }
}
