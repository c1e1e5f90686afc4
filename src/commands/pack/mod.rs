//! Packing: build, look at the executable, learn its manifest, write the bundle.

mod ask;
mod builds;
mod cautions;
mod examine;
mod job;
mod place;
mod report;
mod together;
mod trial;

use std::path::PathBuf;

use anyhow::{Context as _, bail};

use crate::bundle::input::Input;
use crate::bundle::output::Output;
use crate::bundle::writer::{self, Packed, Parts, WriteError};
use crate::cargo::build;
use crate::cargo::extra_args;
use crate::cargo::metadata::Workspace;
use crate::cargo::options::Common;
use crate::cargo::select::{self, Selection};
use crate::cargo::triple;
use crate::cli::PackArgs;
use crate::executable::Executable;
use crate::exit::{self, CargoFailed, Usage};
use crate::interrupt;
use crate::packing::check_readable;
use crate::release;
use crate::shell::Shell;

use ask::Learned;
use builds::{Builds, builder_override};
use job::{Job, Origin};
use together::Failures;

/// Names the source where no `--source` does.
const SOURCE_VARIABLE: &str = "CARGO_AIRFLOW_BUNDLE_SOURCE";

/// Packs, and returns the exit code.
pub fn run(args: &PackArgs, common: Common, shell: &mut Shell) -> anyhow::Result<u8> {
    args.cargo.check_message_format()?;
    extra_args::check(&args.extra)?;
    let (jobs, mut failures) = match &args.executable {
        Some(executable) => (
            vec![job_for_executable(args, executable)?],
            Failures::new(1),
        ),
        None => build_jobs(args, common, shell)?,
    };
    let mut ready = Vec::new();
    for job in jobs {
        interrupt::check()?;
        match prepare(job, args, shell) {
            Ok(one) => ready.push(one),
            Err(error) => failures.take(error, 1, shell)?,
        }
    }
    if args.deny_warnings && shell.warnings() > 0 {
        let count = shell.warnings();
        let plural = if count == 1 { "" } else { "s" };
        bail!("{count} warning{plural}, denied by `--deny-warnings`; nothing was packed");
    }
    let outputs = ready.iter().map(|one| one.output.path().to_owned());
    place::check_distinct(&outputs.collect::<Vec<_>>())?;
    together::check_dags(&ready, shell)?;
    for one in &ready {
        interrupt::check()?;
        match write(one, args, shell) {
            Ok((packed, tried)) => report::packed(one, &packed, tried, args.cargo.json(), shell)?,
            Err(error) => failures.take(error, 1, shell)?,
        }
    }
    failures.check()?;
    Ok(exit::OK)
}

/// A job that needs nothing more than to be written.
struct Ready {
    job: Job,
    learned: Learned,
    executable: Input,
    examined: Executable,
    source: Input,
    output: Output,
}

fn from_environment(name: &str) -> Option<PathBuf> {
    std::env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// Flag before environment.
fn source_override(args: &PackArgs) -> Option<PathBuf> {
    args.source
        .clone()
        .or_else(|| from_environment(SOURCE_VARIABLE))
}

fn job_for_executable(args: &PackArgs, executable: &std::path::Path) -> anyhow::Result<Job> {
    let mut given = args.cargo.given();
    if !args.extra.is_empty() {
        given.push("--");
    }
    if !given.is_empty() {
        let given = select::listed(&given);
        return Err(Usage(format!(
            "{given} cannot be used with `--executable`: nothing is built or selected there"
        ))
        .into());
    }
    let Some(source) = source_override(args) else {
        return Err(Usage(
            "`--executable` needs `--source FILE`: the source file that Airflow shows".to_owned(),
        )
        .into());
    };
    Ok(Job::from_executable(
        executable,
        &source,
        place::of_executable(args),
    ))
}

/// Selects, checks what can be checked without an executable, and builds.
fn build_jobs(
    args: &PackArgs,
    common: Common,
    shell: &mut Shell,
) -> anyhow::Result<(Vec<Job>, Failures)> {
    let workspace = Workspace::load(&args.cargo, shell)?;
    let packages = workspace.packages(&args.cargo, shell)?;
    let Selection {
        selected,
        passed_over,
    } = select::select(&workspace, &packages, &args.cargo)?;
    for bin in &passed_over {
        shell.note(bin);
    }
    build::check_names(&selected)?;
    let triples = triple::triples(&args.cargo);
    check_single(args, selected.len(), triples.len())?;
    let builder = builder_override(args)?;
    let source = source_override(args);
    let mut places = Vec::new();
    for triple in &triples {
        for one in &selected {
            let source = job::source_of(one, source.as_deref());
            // Opened once more for the bundle itself; a missing file should not cost a build.
            open_source(&source)?;
            let place = place::of_selected(args, one, triple, triples.len() > 1);
            let cargo_files = job::cargo_files(&workspace, one.package);
            let mut inputs: Vec<_> = cargo_files.iter().map(PathBuf::as_path).collect();
            inputs.push(&source);
            inputs.extend(args.airflow_metadata.as_deref());
            let triple = triple.shown.as_deref();
            places.extend(place::check_early(&place, one, triple, &inputs)?);
        }
    }
    place::check_distinct(&places)?;

    let mut jobs = Vec::new();
    let mut failures = Failures::new(selected.len() * triples.len());
    for triple in &triples {
        let builds = Builds {
            workspace: &workspace,
            packages: &packages,
            selected: &selected,
            builder: builder.as_ref(),
        };
        let built = match builds.run(triple, args, common, shell) {
            Ok(built) => built,
            Err(mut error) => {
                if let Some(failed) = error.downcast_mut::<CargoFailed>()
                    && triples.len() > 1
                {
                    failed.triple.clone_from(&triple.shown);
                }
                failures.take(error, selected.len(), shell)?;
                continue;
            }
        };
        for (one, built) in selected.iter().zip(built) {
            let place = place::of_selected(args, one, triple, triples.len() > 1);
            jobs.push(Job::from_build(
                &workspace,
                one,
                built,
                triple,
                args.cargo.profile_name(),
                source.as_deref(),
                place,
            ));
        }
    }
    Ok((jobs, failures))
}

/// Refuses flags that name one file where several bundles are made.
fn check_single(args: &PackArgs, executables: usize, triples: usize) -> anyhow::Result<()> {
    let bundles = executables * triples;
    let refuse = |flag: &str, advice: &str| {
        Err(Usage(format!(
            "`{flag}` is for a single bundle, and {bundles} would be packed; {advice}"
        ))
        .into())
    };
    if args.output.is_some() && bundles > 1 {
        return refuse(
            "--output",
            "use `--out-dir`, or choose one with `-p` and `--bin`",
        );
    }
    if args.airflow_metadata.is_some() && executables > 1 {
        return refuse("--airflow-metadata", "choose one with `-p` and `--bin`");
    }
    if source_override(args).is_some() && executables > 1 {
        let flag = args.source.as_ref().map_or(SOURCE_VARIABLE, |_| "--source");
        return refuse(flag, "use `source` in [package.metadata.airflow-bundle]");
    }
    Ok(())
}

fn open_source(path: &std::path::Path) -> anyhow::Result<Input> {
    let source = Input::open(path).with_context(|| {
        let by_environment = from_environment(SOURCE_VARIABLE).is_some_and(|named| named == path);
        let origin = if by_environment {
            format!(", named by `{SOURCE_VARIABLE}`")
        } else {
            String::new()
        };
        format!("failed to open the source `{}`{origin}", path.display())
    })?;
    if let Err(error) = writer::check_source(&source, interrupt::stop_flag()) {
        interrupt::check()?;
        return Err(error).with_context(|| format!("cannot pack the source `{}`", path.display()));
    }
    // The manifest is text; a name that is not would come back as another one.
    if path.file_name().is_some_and(|name| name.to_str().is_none()) {
        bail!(
            "the name of the source `{}` is not UTF-8, and Airflow shows it: rename the file",
            path.display()
        );
    }
    Ok(source)
}

/// Everything short of writing: open, examine, introspect, validate.
fn prepare(job: Job, args: &PackArgs, shell: &mut Shell) -> anyhow::Result<Ready> {
    let executable = Input::open(&job.executable).with_context(|| {
        format!(
            "failed to open the executable `{}`",
            job.executable.display()
        )
    })?;
    let source = open_source(&job.source)?;
    let mut inputs = vec![job.executable.as_path(), job.source.as_path()];
    inputs.extend(args.airflow_metadata.as_deref());
    inputs.extend(job.files_read());
    let output = job.output(&inputs)?;

    let examined = examine::examine(&executable, &job)?;
    examine::notes(&examined, &executable, &job, shell);
    cautions::warn(&examined, &job, shell);
    let learned = ask::manifest(&job, &executable, &examined, args, shell)?;
    for warning in learned.manifest.warnings(release::DEFAULT) {
        shell.warn(format!("{warning} (in `{}`)", job.executable.display()));
    }
    check_readable(&learned.manifest, &job.source_name)
        .with_context(|| format!("cannot pack `{}`", job.executable.display()))?;
    Ok(Ready {
        job,
        learned,
        executable,
        examined,
        source,
        output,
    })
}

/// Writes a bundle, after a trial of its executable where there is one. Also returns whether there was.
fn write(ready: &Ready, args: &PackArgs, shell: &mut Shell) -> anyhow::Result<(Packed, bool)> {
    let parts = Parts {
        executable: &ready.executable,
        source: &ready.source,
    };
    let render = |regions: &writer::RegionDigests| {
        Ok(ready
            .learned
            .manifest
            .render(&ready.job.source_name, regions)
            .into_bytes())
    };
    // Not before it is known that there is something to write: what is fresh was written by a pack like this one.
    let mut trial = Ok(false);
    let mut wanted = || {
        trial = trial::run(ready, args, shell);
        trial.is_ok()
    };
    let output = &ready.output;
    match writer::write_bundle_if(parts, output, interrupt::stop_flag(), render, &mut wanted) {
        Ok(packed) => Ok((packed, trial?)),
        // Only a trial that has failed declines.
        Err(error @ WriteError::Declined) => Err(trial.err().unwrap_or_else(|| error.into())),
        Err(WriteError::Interrupted) => {
            interrupt::check()?;
            bail!("interrupted")
        }
        Err(error) => Err(error).with_context(|| {
            format!(
                "failed to write the bundle `{}`",
                ready.output.path().display()
            )
        }),
    }
}

impl Ready {
    fn origin(&self) -> Option<&Origin> {
        self.job.origin.as_ref()
    }
}
