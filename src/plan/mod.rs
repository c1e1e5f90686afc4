//! The plan of a pack: every setting resolved, before anything is built.
//!
//! [`resolve`] makes it from the arguments, the environment and cargo's metadata. Checking, building and packing follow from
//! the plan and do not see the arguments.

mod arguments;
mod calls;
mod destination;
#[cfg(test)]
mod tests;

pub use arguments::check as check_arguments;
pub use calls::{BuildCall, CallsForTriple, Planned};
pub use destination::Destination;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::cargo::build::check_names;
use crate::cargo::config::CargoConfig;
use crate::cargo::metadata::{ChosenPackages, Workspace};
use crate::cargo::options::{CargoOptions, Common};
use crate::cargo::triple::{self, Triple};
use crate::cli::{Introspect, PackArgs};
use crate::exit::Failure;
use crate::project::{self, Named, Selected, Selection, Table};
use crate::release::Airflow;
use crate::settings::{
    AIRFLOW, BINS, BUILDER, Builder, Given, Key, OUT_DIR, Origin, SOURCE, Setting, TABLE,
    Variables, parse_airflow,
};

/// The executables that are packed, and how.
#[derive(Debug)]
pub struct Plan<'w> {
    /// The executables.
    pub executables: Executables<'w>,
    /// How manifests are learned and executables are tried.
    pub introspection: Introspection,
    /// Whether a warning keeps bundles from being written.
    pub deny_warnings: bool,
    /// Whether results are JSON lines.
    pub json: bool,
}

/// The executables of a plan.
#[derive(Debug)]
pub enum Executables<'w> {
    /// An executable that was built elsewhere.
    Prebuilt {
        /// The executable.
        executable: PathBuf,
        /// Its source file.
        source: Setting<PathBuf>,
        /// Where its bundle goes.
        destination: Setting<Destination>,
        /// The releases of Airflow that its bundle is for, if that is said.
        airflow: Option<Setting<Airflow>>,
    },
    /// Executables that cargo builds.
    Built(BuildPlan<'w>),
}

/// All that cargo builds for a plan.
#[derive(Debug)]
pub struct BuildPlan<'w> {
    /// The workspace.
    pub workspace: &'w Workspace,
    /// The calls of cargo for each target triple, in this order.
    pub triples: Vec<CallsForTriple<'w>>,
    /// The flags of cargo that the user gave.
    pub options: CargoOptions,
    /// The flags that the user gave for this program and cargo alike.
    pub common: Common,
    /// Arguments of the user for `cargo build` alone.
    pub extra: Vec<OsString>,
}

/// How manifests are learned and executables are tried.
#[derive(Debug)]
pub struct Introspection {
    /// The file that holds the manifest, if the executable is not asked.
    pub manifest_file: Option<PathBuf>,
    /// How the executable is asked.
    pub how: Introspect,
    /// How long the executable may take.
    pub limit: Duration,
}

impl Plan<'_> {
    /// The number of bundles.
    pub fn bundle_count(&self) -> usize {
        match &self.executables {
            Executables::Prebuilt { .. } => 1,
            Executables::Built(build_plan) => {
                let triples = build_plan.triples.iter();
                triples.map(CallsForTriple::bundle_count).sum()
            }
        }
    }
}

/// Makes the plan. `project` is the workspace with the packages that cargo would build in it; there is none with
/// `--executable`. `note` gets what the user should know of the choice of executables, also where no plan comes of it.
///
/// # Errors
/// If arguments, environment, tables and workspace do not fit together.
pub fn resolve<'w>(
    args: &PackArgs,
    common: Common,
    variables: &Variables,
    project: Option<(&'w Workspace, &ChosenPackages<'w>)>,
    config: &CargoConfig,
    note: &mut dyn FnMut(String),
) -> anyhow::Result<Plan<'w>> {
    let executables = match (&args.executable, project) {
        (Some(executable), _) => prebuilt(args, executable.clone(), variables)?,
        (None, Some((workspace, packages))) => {
            let resolver = Resolver {
                args,
                variables,
                workspace,
                packages,
            };
            Executables::Built(resolver.build_plan(common, config, note)?)
        }
        (None, None) => anyhow::bail!("there is no workspace to build in"),
    };
    Ok(Plan {
        executables,
        introspection: Introspection {
            manifest_file: args.airflow_metadata.clone(),
            how: args.introspect,
            limit: Duration::from_secs(args.introspect_timeout),
        },
        deny_warnings: args.deny_warnings,
        json: args.cargo.json(),
    })
}

fn prebuilt<'w>(
    args: &PackArgs,
    executable: PathBuf,
    variables: &Variables,
) -> anyhow::Result<Executables<'w>> {
    let Some(source) = resolve_source(args, variables, None) else {
        return Err(Failure::usage(
            "`--executable` needs `--source FILE`: the source file that Airflow shows",
        )
        .into());
    };
    Ok(Executables::Prebuilt {
        executable,
        source,
        destination: resolve_destination(args, variables, None),
        airflow: resolve_airflow(args, variables, None)?,
    })
}

/// The tables of a package and of its workspace.
type Tables<'t> = Option<(&'t Table, &'t Table)>;

/// The values of one setting in both tables, for [`Key::resolve`].
fn in_tables<'t, T>(tables: Tables<'t>, value: impl Fn(&Table) -> Option<T>) -> Given<'t, T> {
    let of = |table: &'t Table| Some((value(table)?, table.file.as_path()));
    Given {
        package: tables.and_then(|(package, _)| of(package)),
        workspace: tables.and_then(|(_, workspace)| of(workspace)),
        ..Given::default()
    }
}

fn resolve_source(
    args: &PackArgs,
    variables: &Variables,
    tables: Tables<'_>,
) -> Option<Setting<PathBuf>> {
    SOURCE.resolve(Given {
        flag: args.source.clone(),
        variable: variables.path(&SOURCE),
        ..in_tables(tables, |table| table.source.clone())
    })
}

/// `--output` names a file. Everything else names a folder.
fn resolve_destination(
    args: &PackArgs,
    variables: &Variables,
    tables: Tables<'_>,
) -> Setting<Destination> {
    if let Some(file) = &args.output {
        return Setting {
            value: Destination::File(file.clone()),
            from: Origin::Flag("--output"),
        };
    }
    let folder = OUT_DIR.resolve(Given {
        flag: args.out_dir.clone(),
        variable: variables.path(&OUT_DIR),
        ..in_tables(tables, |table| table.out_dir.clone())
    });
    folder.map_or(Setting::default(Destination::BesideExecutable), |folder| {
        folder.map(Destination::in_folder)
    })
}

fn resolve_airflow(
    args: &PackArgs,
    variables: &Variables,
    tables: Tables<'_>,
) -> anyhow::Result<Option<Setting<Airflow>>> {
    let by_variable = match args.airflow {
        None => text(variables, &AIRFLOW)?
            .map(parse_airflow)
            .transpose()
            .map_err(|error| Failure::usage(format!("`{}`: {error}", AIRFLOW.variable)))?,
        // A wrong value that does not count is no reason to fail.
        Some(_) => None,
    };
    Ok(AIRFLOW.resolve(Given {
        flag: args.airflow,
        variable: by_variable,
        ..in_tables(tables, |table| table.airflow)
    }))
}

fn resolve_builder(
    args: &PackArgs,
    variables: &Variables,
    tables: Tables<'_>,
) -> anyhow::Result<Setting<Builder>> {
    let parse = |name: &str, words: Option<&str>| {
        let builder = words.map(Builder::parse).transpose();
        builder.map_err(|error| Failure::usage(format!("`{name}`: {error}")))
    };
    let Key { flag, variable, .. } = BUILDER;
    let by_flag = parse(flag, args.cargo_build.as_deref())?;
    let by_variable = match &by_flag {
        None => parse(variable, text(variables, &BUILDER)?)?,
        // A wrong value that does not count is no reason to fail.
        Some(_) => None,
    };
    let builder = BUILDER.resolve(Given {
        flag: by_flag,
        variable: by_variable,
        ..in_tables(tables, |table| table.builder.clone())
    });
    Ok(builder.unwrap_or_else(|| Setting::default(Builder::default())))
}

fn text<'v>(variables: &'v Variables, key: &Key) -> Result<Option<&'v str>, Failure> {
    let text = variables.text(key);
    text.map_err(|error| Failure::usage(error.to_string()))
}

/// The executables that flags or a variable name.
fn resolve_named(args: &PackArgs, variables: &Variables) -> Result<Option<Named>, Failure> {
    let options = &args.cargo;
    let by_flag = !options.bin.is_empty() || !options.example.is_empty();
    let by_variable = if by_flag {
        None
    } else {
        let words = variables.words(&BINS);
        words.map_err(|error| Failure::usage(error.to_string()))?
    };
    let bins = BINS.resolve(Given {
        flag: by_flag.then(|| options.bin.clone()),
        variable: by_variable,
        // `project::select` knows to which packages the tables' bins apply.
        ..Given::default()
    });
    Ok(bins.map(|bins| Named {
        bins,
        examples: options.example.clone(),
    }))
}

/// Resolves the settings of all executables that cargo builds.
struct Resolver<'a, 'w> {
    args: &'a PackArgs,
    variables: &'a Variables,
    workspace: &'w Workspace,
    packages: &'a ChosenPackages<'w>,
}

impl<'w> Resolver<'_, 'w> {
    fn build_plan(
        &self,
        common: Common,
        config: &CargoConfig,
        note: &mut dyn FnMut(String),
    ) -> anyhow::Result<BuildPlan<'w>> {
        let options = &self.args.cargo;
        let named = resolve_named(self.args, self.variables)?;
        let packages = &self.packages.packages;
        let Selection {
            selected,
            passed_over,
            workspace_table,
        } = project::select(self.workspace, packages, named.as_ref(), options)?;
        for bin in &passed_over {
            note(bin.to_string());
        }
        let build_targets: Vec<_> = selected.iter().map(Selected::build_target).collect();
        check_names(&build_targets)?;
        let triples = triple::triples(options, config);
        self.check_single(selected.len(), triples.len())?;
        let several = triples.len() > 1;
        let mut planned = Vec::new();
        for triple in triples {
            let executables = selected
                .iter()
                .map(|one| self.planned(one, &workspace_table, &triple, several))
                .collect::<anyhow::Result<Vec<_>>>()?;
            planned.push(CallsForTriple {
                triple,
                calls: calls::calls(executables, self.packages),
            });
        }
        Ok(BuildPlan {
            workspace: self.workspace,
            triples: planned,
            options: options.clone(),
            common,
            extra: self.args.extra.clone(),
        })
    }

    fn planned(
        &self,
        selected: &Selected<'w>,
        workspace_table: &Table,
        triple: &Triple,
        several_triples: bool,
    ) -> anyhow::Result<Planned<'w>> {
        let (args, variables) = (self.args, self.variables);
        let tables = Some((&selected.table, workspace_table));
        let source = resolve_source(args, variables, tables);
        let main_file = || selected.target.src_path.clone().into_std_path_buf();
        let destination = resolve_destination(args, variables, tables);
        let marked = project::marked(self.workspace, selected.package);
        let named_by_flag = !args.cargo.bin.is_empty() || !args.cargo.example.is_empty();
        Ok(Planned {
            build_target: selected.build_target(),
            triple: triple.shown.clone(),
            builder: resolve_builder(args, variables, tables)?,
            airflow: resolve_airflow(args, variables, tables)?,
            source: source.unwrap_or_else(|| Setting::default(main_file())),
            destination: match &triple.shown {
                Some(triple) if several_triples => destination.map(|one| one.for_triple(triple)),
                _ => destination,
            },
            reaches_sdk: project::reaches_sdk(self.workspace, selected.package),
            unmarked: !marked && !named_by_flag,
        })
    }

    /// Refuses a value that names one file where several bundles are made.
    fn check_single(&self, executables: usize, triples: usize) -> Result<(), Failure> {
        let bundles = executables * triples;
        let refuse = |from: Origin, advice: &str| {
            Err(Failure::usage(format!(
                "{from} is for a single bundle, and {bundles} would be packed; {advice}"
            )))
        };
        if self.args.output.is_some() && bundles > 1 {
            return refuse(
                Origin::Flag("--output"),
                "use `--out-dir`, or choose one with `-p` and `--bin`",
            );
        }
        if self.args.airflow_metadata.is_some() && executables > 1 {
            return refuse(
                Origin::Flag("--airflow-metadata"),
                "choose one with `-p` and `--bin`",
            );
        }
        // A table's source is for the executables of its package.
        if let Some(source) = resolve_source(self.args, self.variables, None)
            && executables > 1
        {
            let advice = format!("use `{}` in [package.metadata.{TABLE}]", SOURCE.table);
            return refuse(source.from, &advice);
        }
        Ok(())
    }
}
