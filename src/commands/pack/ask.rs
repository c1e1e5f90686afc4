//! How the manifest of an executable is learned: from its link section, by running it, or from a file.

use std::time::Duration;

use anyhow::{anyhow, bail};

use super::job::Job;
use crate::bundle::input::Input;
use crate::cargo::outer;
use crate::cargo::runner::{self, Runner};
use crate::cargo::table::TABLE;
use crate::cli::{Introspect, PackArgs};
use crate::executable::Executable;
use crate::introspect::{self, Asked, SeveralManifests};
use crate::manifest::Manifest;
use crate::shell::Shell;

/// Where a manifest came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The link section of the executable.
    Section,
    /// The executable, which was run.
    Run,
    /// `--airflow-metadata FILE`.
    File,
}

impl Source {
    /// The word in our line of JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Section => "section",
            Self::Run => "run",
            Self::File => "file",
        }
    }
}

/// What was learned of an executable.
pub struct Learned {
    /// The manifest.
    pub manifest: Manifest,
    /// Where it came from.
    pub source: Source,
    /// Whether the executable has a link section, as those with the SDK have; not asked for [`Source::File`].
    pub has_section: bool,
}

/// Learns the manifest in the way that the user wants.
pub fn manifest(
    job: &Job,
    executable: &Input,
    examined: &Executable,
    args: &PackArgs,
    shell: &mut Shell,
) -> anyhow::Result<Learned> {
    if let Some(file) = &args.airflow_metadata {
        return Ok(Learned {
            manifest: introspect::from_file(file)?,
            source: Source::File,
            has_section: false,
        });
    }
    let mut several = None;
    if args.introspect != Introspect::Run {
        match introspect::from_section(executable, &job.executable) {
            Ok(Some(manifest)) => {
                return Ok(Learned {
                    manifest,
                    source: Source::Section,
                    has_section: true,
                });
            }
            Ok(None) => {}
            // Of several manifests, the program itself prints its own.
            Err(error) if args.introspect == Introspect::Auto && error.is::<SeveralManifests>() => {
                several = Some(error);
            }
            // A record that is damaged is an error: whoever wrote it meant it to be read.
            Err(error) => return Err(error),
        }
    }
    if args.introspect == Introspect::Section {
        bail!(
            "`{}` has no link section to read its dags from, and `--introspect section` runs nothing. With \
             `airflow-sdk`, write the ids in `bundle!` as constants: what is registered at run time is not in the \
             section. Without it, let the executable be run (`--introspect run`), or pass its manifest with \
             `--airflow-metadata FILE`",
            job.executable.display()
        );
    }
    let path = std::path::absolute(&job.executable)?;
    let asked = match runner_for(job, examined, args)? {
        Some(runner) => Asked::by_runner(path, runner.program, runner.args),
        None if examined.is_for_this_machine() || args.introspect == Introspect::Run => {
            Asked::directly(path)
        }
        None => return Err(several.unwrap_or_else(|| anyhow!(cannot_run(job, examined)))),
    };
    if let Some(origin) = &job.origin
        && args.introspect == Introspect::Auto
        && args.cargo.bin.is_empty()
        && args.cargo.example.is_empty()
        && !origin.marked
    {
        shell.note(format!(
            "`{0}` neither depends on `airflow-sdk` nor has a table [package.metadata.{TABLE}]; its bin `{1}` is run to learn \
             its dags",
            origin.package.name, origin.target.name
        ));
    }
    let environment = match &job.origin {
        Some(origin) => origin.environment(&args.cargo.config)?,
        None => outer::undone(),
    };
    let asked = asked.with_environment(environment);
    shell.verbose("Running", format!("`{asked}`"));
    let limit = Duration::from_secs(args.introspect_timeout);
    Ok(Learned {
        manifest: introspect::from_run(&asked, limit)?,
        source: Source::Run,
        has_section: (args.introspect == Introspect::Run || several.is_some())
            && introspect::has_section(executable),
    })
}

/// cargo's runner for an executable that cargo built; nobody knows the triple of another one.
pub fn runner_for(
    job: &Job,
    examined: &Executable,
    args: &PackArgs,
) -> anyhow::Result<Option<Runner>> {
    let Some(origin) = &job.origin else {
        return Ok(None);
    };
    // Without a triple it should be this machine's; if it is not, only cargo knows which one it is.
    if origin.triple.is_none() && !examined.is_for_this_machine() {
        return Ok(None);
    }
    runner::runner(origin.triple.as_deref(), &args.cargo.config)
}

fn cannot_run(job: &Job, examined: &Executable) -> String {
    let runner = match job.origin.as_ref().map(|origin| origin.triple.as_deref()) {
        Some(Some(triple)) => format!(
            "name a program that runs it here (`runner` in `[target.{triple}]` of `.cargo/config.toml`, such as \
             `qemu-aarch64` or `wine`)"
        ),
        Some(None) => {
            "pass its `--target`, and name a program that runs it here in cargo's configuration (`runner`)".to_owned()
        }
        None => "let a program that this system knows for such files run it (`--introspect run`)".to_owned(),
    };
    format!(
        "`{}` is {}; it cannot be run on this machine to learn its dags, and it has no link section to read \
         them from. Either declare its tasks with `bundle!` of `airflow-sdk`, which writes that section; or {runner}; \
         or run it with `--airflow-metadata` where it runs, save what it prints, and pass that file with \
         `--airflow-metadata FILE`",
        job.executable.display(),
        examined.with_article()
    )
}
