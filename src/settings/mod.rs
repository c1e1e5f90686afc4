//! The settings of packing that a flag, a variable of the environment or a table of a `Cargo.toml` can have: their names, and
//! which of the values counts.

mod airflow;
mod builder;
mod variables;

pub use airflow::parse_airflow;
pub use builder::Builder;
pub use variables::Variables;

use std::fmt;
use std::path::{Path, PathBuf};

/// Name of the tables `[package.metadata.airflow-bundle]` and `[workspace.metadata.airflow-bundle]`.
pub const TABLE: &str = "airflow-bundle";

/// The names of one setting.
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    /// The flag.
    pub flag: &'static str,
    /// The variable of the environment.
    pub variable: &'static str,
    /// The key in a table.
    pub table: &'static str,
}

/// The bins that are packed.
pub const BINS: Key = Key {
    flag: "--bin",
    variable: "CARGO_AIRFLOW_BUNDLE_BINS",
    table: "bins",
};

/// The words that stand in the place of `build` in `cargo build`.
pub const BUILDER: Key = Key {
    flag: "--cargo-build",
    variable: "CARGO_AIRFLOW_BUNDLE_CARGO_BUILD",
    table: "cargo-build",
};

/// The releases of Airflow that a bundle is for.
pub const AIRFLOW: Key = Key {
    flag: "--airflow",
    variable: "CARGO_AIRFLOW_BUNDLE_AIRFLOW",
    table: "airflow",
};

/// The folder that bundles are written to.
pub const OUT_DIR: Key = Key {
    flag: "--out-dir",
    variable: "CARGO_AIRFLOW_BUNDLE_OUT_DIR",
    table: "out-dir",
};

/// The source file that a bundle holds.
pub const SOURCE: Key = Key {
    flag: "--source",
    variable: "CARGO_AIRFLOW_BUNDLE_SOURCE",
    table: "source",
};

/// All settings.
pub const KEYS: [Key; 5] = [AIRFLOW, BINS, BUILDER, OUT_DIR, SOURCE];

/// The keys of a table.
pub const TABLE_KEYS: [&str; 5] = [
    AIRFLOW.table,
    BINS.table,
    BUILDER.table,
    OUT_DIR.table,
    SOURCE.table,
];

/// A value, and where the user wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where the value comes from.
    pub from: Origin,
}

impl<T> Setting<T> {
    /// A value that nobody has set.
    pub fn default(value: T) -> Self {
        Self {
            value,
            from: Origin::Default,
        }
    }

    /// The same origin with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Setting<U> {
        Setting {
            value: change(self.value),
            from: self.from,
        }
    }
}

/// Where a value comes from. As text, it names the place for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag of this name.
    Flag(&'static str),
    /// A variable of this name.
    Variable(&'static str),
    /// This key of the package's table in this `Cargo.toml`.
    Package(&'static str, PathBuf),
    /// This key of the workspace's table in this `Cargo.toml`.
    Workspace(&'static str, PathBuf),
    /// Nobody has set the value.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) | Self::Variable(name) => write!(f, "`{name}`"),
            Self::Package(key, file) => {
                write!(f, "`{key}` in {} in `{}`", package_table(), file.display())
            }
            Self::Workspace(key, file) => {
                write!(
                    f,
                    "`{key}` in {} in `{}`",
                    workspace_table(),
                    file.display()
                )
            }
            Self::Default => f.write_str("default"),
        }
    }
}

/// The header of a package's table.
pub fn package_table() -> String {
    format!("[package.metadata.{TABLE}]")
}

/// The header of a workspace's table.
pub fn workspace_table() -> String {
    format!("[workspace.metadata.{TABLE}]")
}

/// The values that one setting has in different places. A table's value stands with the `Cargo.toml` of the table.
#[derive(Debug)]
pub struct Given<'a, T> {
    /// The value of the flag.
    pub flag: Option<T>,
    /// The value of the variable.
    pub variable: Option<T>,
    /// The value in the package's table.
    pub package: Option<(T, &'a Path)>,
    /// The value in the workspace's table.
    pub workspace: Option<(T, &'a Path)>,
}

impl<T> Default for Given<'_, T> {
    fn default() -> Self {
        Self {
            flag: None,
            variable: None,
            package: None,
            workspace: None,
        }
    }
}

impl Key {
    /// The value that counts: the flag's before the variable's, that before the package's, that before the workspace's. Nothing
    /// where none of them has one, so that the default counts.
    pub fn resolve<T>(&self, given: Given<'_, T>) -> Option<Setting<T>> {
        let Given {
            flag,
            variable,
            package,
            workspace,
        } = given;
        let flag = flag.map(|value| (value, Origin::Flag(self.flag)));
        let variable = || variable.map(|value| (value, Origin::Variable(self.variable)));
        let package = || {
            let (value, file) = package?;
            Some((value, Origin::Package(self.table, file.to_owned())))
        };
        let workspace = || {
            let (value, file) = workspace?;
            Some((value, Origin::Workspace(self.table, file.to_owned())))
        };
        let (value, from) = flag.or_else(variable).or_else(package).or_else(workspace)?;
        Some(Setting { value, from })
    }
}
