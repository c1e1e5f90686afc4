//! Which calls of cargo build the executables of a plan.

use std::ffi::OsString;
use std::path::PathBuf;

use super::Destination;
use crate::cargo::build::{BuildTarget, names_are_shared};
use crate::cargo::metadata::ChosenPackages;
use crate::cargo::triple::Triple;
use crate::release::Airflow;
use crate::settings::{Builder, Setting};

/// An executable that cargo builds for one target triple, with its settings.
#[derive(Debug)]
pub struct Planned<'w> {
    /// The bin or example.
    pub build_target: BuildTarget<'w>,
    /// The target triple, if one was chosen.
    pub triple: Option<String>,
    /// The subcommand of cargo that builds.
    pub builder: Setting<Builder>,
    /// The source file that the bundle holds.
    pub source: Setting<PathBuf>,
    /// Where the bundle goes.
    pub destination: Setting<Destination>,
    /// The releases of Airflow that the bundle is for, if that is said.
    pub airflow: Option<Setting<Airflow>>,
    /// Whether the package reaches the SDK.
    pub reaches_sdk: bool,
    /// Whether neither a flag names the executable nor a table or the SDK marks its package.
    pub unmarked: bool,
}

/// The calls of cargo for one target triple.
#[derive(Debug)]
pub struct CallsForTriple<'w> {
    /// The triple.
    pub triple: Triple,
    /// The calls, in this order.
    pub calls: Vec<BuildCall<'w>>,
}

impl<'w> CallsForTriple<'w> {
    /// The number of executables.
    pub fn bundle_count(&self) -> usize {
        self.calls.iter().map(|call| call.planned.len()).sum()
    }

    /// The executables of all calls.
    pub fn planned(&self) -> impl Iterator<Item = &Planned<'w>> {
        self.calls.iter().flat_map(|call| &call.planned)
    }
}

/// One call of cargo.
#[derive(Debug)]
pub struct BuildCall<'w> {
    /// The subcommand of cargo.
    pub builder: Builder,
    /// The flags that choose the packages.
    pub package_args: Vec<OsString>,
    /// The executables that the call builds.
    pub planned: Vec<Planned<'w>>,
}

/// Divides the executables of one triple among calls: one call for all, but one for each package where a wanted name stands in
/// another package too, which must not be built, and one for each subcommand that builds.
pub(super) fn calls<'w>(
    planned: Vec<Planned<'w>>,
    packages: &ChosenPackages<'w>,
) -> Vec<BuildCall<'w>> {
    let wanted: Vec<_> = planned.iter().map(|one| one.build_target).collect();
    let apart = names_are_shared(&packages.packages, &wanted);
    let mut calls: Vec<BuildCall<'w>> = Vec::new();
    for one in planned {
        let id = &one.build_target.package.id;
        let fits = |call: &&mut BuildCall<'w>| {
            let same_package = |other: &Planned<'_>| other.build_target.package.id == *id;
            call.builder == one.builder.value && (!apart || call.planned.iter().all(same_package))
        };
        match calls.last_mut().filter(fits) {
            Some(call) => call.planned.push(one),
            None => calls.push(BuildCall {
                builder: one.builder.value.clone(),
                package_args: if apart {
                    ["--package", &id.repr].map(OsString::from).into()
                } else {
                    packages.args.clone()
                },
                planned: vec![one],
            }),
        }
    }
    calls
}
