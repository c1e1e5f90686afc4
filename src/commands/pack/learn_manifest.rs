//! Learns the manifest of an executable: from its link section, by running it, or from a file.

use anyhow::{anyhow, bail};

use super::program::{ByCargo, Program};
use crate::cargo::config::CargoConfig;
use crate::cargo::outer;
use crate::cargo::runner::{self, Runner, RunnerError};
use crate::cli::Introspect;
use crate::executable::Executable;
use crate::introspect::{self, Asked, SeveralManifests};
use crate::manifest::Manifest;
use crate::packing::Opened;
use crate::plan::Introspection;
use crate::settings::package_table;
use crate::shell::Shell;

/// Where a manifest came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManifestFrom {
    /// The link section of the executable.
    Section,
    /// The output of the executable, which was run.
    Run,
    /// `--airflow-metadata FILE`.
    File,
}

impl ManifestFrom {
    /// The word in our line of JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Section => "section",
            Self::Run => "run",
            Self::File => "file",
        }
    }
}

/// The manifest of an executable.
pub struct Learned {
    /// The manifest.
    pub manifest: Manifest,
    /// Where it came from.
    pub from: ManifestFrom,
    /// Whether the executable has a link section, as every executable with the SDK has. False with [`ManifestFrom::File`], where
    /// nobody looks for the section.
    pub has_section: bool,
}

/// Learns the manifest in the way that the user wants.
pub fn learn(
    program: &Program<'_>,
    opened: &Opened,
    introspection: &Introspection,
    config: &CargoConfig,
    shell: &mut Shell,
) -> anyhow::Result<Learned> {
    let executable = opened.executable();
    let how = introspection.how;
    if let Some(file) = &introspection.manifest_file {
        return Ok(Learned {
            manifest: introspect::from_file(file)?,
            from: ManifestFrom::File,
            has_section: false,
        });
    }
    let mut several = None;
    if how != Introspect::Run {
        match introspect::from_section(executable, &program.path) {
            Ok(Some(manifest)) => {
                return Ok(Learned {
                    manifest,
                    from: ManifestFrom::Section,
                    has_section: true,
                });
            }
            Ok(None) => {}
            // Of several manifests, the program itself prints its own.
            Err(error) if how == Introspect::Auto && error.is::<SeveralManifests>() => {
                several = Some(error);
            }
            // A damaged record is an error: whoever wrote it meant it to be read.
            Err(error) => return Err(error),
        }
    }
    if how == Introspect::Section {
        bail!(
            "`{}` has no link section to read its dags from, and `--introspect section` runs nothing. With \
             `airflow-sdk`, write the ids in `bundle!` as constants: what is registered at run time is not in the \
             section. Without it, let the executable be run (`--introspect run`), or pass its manifest with \
             `--airflow-metadata FILE`",
            program.path.display()
        );
    }
    let examined = opened.examined();
    let path = std::path::absolute(&program.path)?;
    let asked = match runner_for(program, examined, config)? {
        Some(runner) => Asked::by_runner(path, runner.program, runner.args),
        None if examined.is_for_this_machine() || how == Introspect::Run => Asked::directly(path),
        None => return Err(several.unwrap_or_else(|| anyhow!(cannot_run(program, examined)))),
    };
    if how == Introspect::Auto {
        note_unmarked(program, shell);
    }
    let environment = match &program.by_cargo {
        Some(by_cargo) => by_cargo.environment(config)?,
        None => outer::undone(),
    };
    let asked = asked.with_environment(environment);
    shell.verbose("Running", format!("`{asked}`"));
    Ok(Learned {
        manifest: introspect::from_run(&asked, introspection.limit)?,
        from: ManifestFrom::Run,
        has_section: (how == Introspect::Run || several.is_some())
            && introspect::has_section(executable),
    })
}

/// A program that nothing marks as a bundle's is not run in silence.
fn note_unmarked(program: &Program<'_>, shell: &mut Shell) {
    let by_cargo = program.by_cargo.as_ref();
    let Some(planned) = by_cargo.map(|by_cargo| by_cargo.planned) else {
        return;
    };
    if planned.unmarked {
        shell.note(format!(
            "`{0}` neither depends on `airflow-sdk` nor has a table {1}; its bin `{2}` is run to learn \
             its dags",
            planned.build_target.package.name,
            package_table(),
            planned.build_target.target.name
        ));
    }
}

/// The runner that cargo has for an executable that it built. The triple of another executable is not known.
pub fn runner_for(
    program: &Program<'_>,
    examined: &Executable,
    config: &CargoConfig,
) -> Result<Option<Runner>, RunnerError> {
    let Some(by_cargo) = &program.by_cargo else {
        return Ok(None);
    };
    // Without a triple the executable should be for this machine. If it is not, only cargo knows its triple.
    if by_cargo.triple().is_none() && !examined.is_for_this_machine() {
        return Ok(None);
    }
    runner::runner(by_cargo.triple(), config)
}

fn cannot_run(program: &Program<'_>, examined: &Executable) -> String {
    let runner = match program.by_cargo.as_ref().map(ByCargo::triple) {
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
        program.path.display(),
        examined.with_article()
    )
}
