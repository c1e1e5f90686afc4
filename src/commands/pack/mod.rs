//! Packing: make the plan, build, look at each executable, learn its manifest, write the bundle.

mod another_pin;
mod cargo_calls;
mod cautions;
mod check_early;
mod duplicate_dags;
mod failures;
mod learn_manifest;
mod notes;
mod program;
mod report;
mod source_error;
mod trial;
mod two_files;

use airflow_protocol::Release;
use anyhow::bail;

use crate::bundle::writer::{Packed, WriteError};
use crate::cargo::config::CargoConfig;
use crate::cargo::options::Common;
use crate::cli::PackArgs;
use crate::exit;
use crate::interrupt;
use crate::packing::{PackError, Prepared, Request};
use crate::plan::{self, Executables, Introspection, Plan};
use crate::settings::Variables;
use crate::shell::Shell;

use failures::Failures;
use learn_manifest::{Learned, ManifestFrom};
use program::Program;

/// Packs, and returns the exit code.
pub fn run(
    args: &PackArgs,
    common: Common,
    config: &CargoConfig,
    shell: &mut Shell,
) -> anyhow::Result<u8> {
    plan::check_arguments(args)?;
    let workspace = match args.executable {
        Some(_) => None,
        None => Some(cargo_calls::load_workspace(&args.cargo, shell)?),
    };
    let project = match &workspace {
        Some(workspace) => Some((workspace, workspace.choose(&args.cargo)?)),
        None => None,
    };
    for spec in project
        .iter()
        .flat_map(|(_, chosen)| &chosen.excluded_nothing)
    {
        shell.warn(format!("no package `{spec}` to exclude in this workspace"));
    }
    let project = project
        .as_ref()
        .map(|(workspace, chosen)| (*workspace, chosen));
    let mut note = |text: String| shell.note(text);
    let plan = plan::resolve(args, common, &Variables::read(), project, config, &mut note)?;
    pack(&plan, config, shell)
}

/// Packs what the plan says.
fn pack(plan: &Plan<'_>, config: &CargoConfig, shell: &mut Shell) -> anyhow::Result<u8> {
    let introspection = &plan.introspection;
    let mut failures = Failures::new(plan.bundle_count());
    let programs = match &plan.executables {
        Executables::Prebuilt {
            executable,
            source,
            destination,
            airflow,
        } => vec![Program::prebuilt(
            executable,
            source,
            destination,
            airflow.as_ref(),
        )],
        Executables::Built(build_plan) => {
            check_early::check(build_plan, introspection)?;
            cargo_calls::build(build_plan, &mut failures, shell)?
        }
    };
    let mut ready = Vec::new();
    for program in programs {
        interrupt::check()?;
        match prepare(program, introspection, config, shell) {
            Ok(one) => ready.push(one),
            Err(error) => failures.take(error, 1, shell)?,
        }
    }
    if plan.deny_warnings && shell.warnings() > 0 {
        let count = shell.warnings();
        let plural = if count == 1 { "" } else { "s" };
        bail!("{count} warning{plural}, denied by `--deny-warnings`; nothing was packed");
    }
    let outputs = ready.iter().map(|one| one.prepared.output().to_owned());
    check_early::check_distinct(&outputs.collect::<Vec<_>>())?;
    duplicate_dags::check(&ready, shell)?;
    another_pin::check(&ready)?;
    for one in &ready {
        notes::show_name(one, shell);
        interrupt::check()?;
        match write(one, introspection, config, shell) {
            Ok((packed, tried)) => report::packed(one, &packed, tried, plan.json, shell)?,
            Err(error) => failures.take(error, 1, shell)?,
        }
    }
    failures.check()?;
    Ok(exit::OK)
}

/// A program whose bundle can be written.
struct Ready<'p> {
    program: Program<'p>,
    prepared: Prepared,
    manifest_from: ManifestFrom,
    has_section: bool,
}

/// Does everything short of writing: opens the files, examines the executable, learns its manifest and checks it.
fn prepare<'p>(
    program: Program<'p>,
    introspection: &Introspection,
    config: &CargoConfig,
    shell: &mut Shell,
) -> anyhow::Result<Ready<'p>> {
    let destination = &program.destination.value;
    let more_inputs = introspection.manifest_file.as_deref().into_iter();
    let request = Request {
        executable: &program.path,
        source: &program.source.value,
        source_name: program.source_name.clone(),
        output: &destination.path(&program.path),
        root: destination.root(),
        airflow: program.airflow.map(|airflow| airflow.value),
        inputs: more_inputs.chain(program.files_read()).collect(),
    };
    let opened = request
        .open(interrupt::stop_flag())
        .map_err(|error| source_error::explain(error, program.source))?;
    notes::show(&opened, &program, shell);
    cautions::warn(opened.examined(), &program, shell);
    let Learned {
        manifest,
        from,
        has_section,
    } = learn_manifest::learn(&program, &opened, introspection, config, shell)?;
    let prepared = opened
        .with_manifest(manifest)
        .map_err(|error| two_files::explain(error, &program, introspection))?;
    let releases = match prepared.releases() {
        [] => &Release::ALL,
        releases => releases,
    };
    for warning in prepared.manifest().warnings(releases) {
        shell.warn(format!("{warning} (in `{}`)", program.path.display()));
    }
    Ok(Ready {
        program,
        prepared,
        manifest_from: from,
        has_section,
    })
}

/// Writes a bundle, after a trial of its executable where there is one. The second value says whether there was a trial.
fn write(
    ready: &Ready<'_>,
    introspection: &Introspection,
    config: &CargoConfig,
    shell: &mut Shell,
) -> anyhow::Result<(Packed, bool)> {
    // A fresh bundle is not tried again: a pack like this one has tried it before it was written.
    let mut trial = Ok(false);
    let mut wanted = || {
        trial = trial::run(ready, introspection, config, shell);
        trial.is_ok()
    };
    match ready.prepared.write(interrupt::stop_flag(), &mut wanted) {
        Ok(packed) => Ok((packed, trial?)),
        // Only a trial that has failed declines.
        Err(error @ PackError::Write(_, WriteError::Declined)) => {
            Err(trial.err().unwrap_or_else(|| error.into()))
        }
        Err(PackError::Write(_, WriteError::Interrupted)) => {
            interrupt::check()?;
            bail!("interrupted")
        }
        Err(error) => Err(error.into()),
    }
}
