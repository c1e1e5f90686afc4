//! The calls of cargo in a pack: what the user sees of them, and which exit code their failures have.

use std::io;

use super::failures::Failures;
use super::program::Program;
use crate::cargo::metadata::{Workspace, nearest_manifest};
use crate::cargo::options::CargoOptions;
use crate::cargo::{CargoError, Listener, build};
use crate::exit::{self, Failure};
use crate::plan::{BuildCall, BuildPlan};
use crate::shell::Shell;

impl Listener for Shell {
    fn starting(&mut self, command: &str) {
        self.verbose("Running", format!("`{command}`"));
    }

    fn message(&mut self, line: &[u8]) -> io::Result<()> {
        self.result_bytes(line)
    }
}

/// Asks cargo for the workspace.
pub fn load_workspace(options: &CargoOptions, shell: &mut Shell) -> anyhow::Result<Workspace> {
    Workspace::load(options, shell).or_else(|error| {
        if let CargoError::Failed(failed) = &error {
            shell.foreign(&failed.stderr);
            if options.manifest_path.is_none() && nearest_manifest()?.is_none() {
                shell.note(
                    "a program that was built elsewhere needs no Cargo project: pass \
                     `--executable FILE --source FILE`",
                );
            }
        }
        Err(with_exit_code(error, None))
    })
}

/// Builds the executables of a plan. Where the build for one triple fails, the executables for the others are returned.
pub fn build<'p>(
    build_plan: &'p BuildPlan<'p>,
    failures: &mut Failures,
    shell: &mut Shell,
) -> anyhow::Result<Vec<Program<'p>>> {
    let mut programs = Vec::new();
    let several = build_plan.triples.len() > 1;
    for target in &build_plan.triples {
        let triple = target.triple.flag.as_deref();
        let calls = target.calls.iter();
        let built: Result<Vec<_>, _> = calls
            .map(|call| build_call(build_plan, call, triple, shell))
            .collect();
        match built {
            Ok(built) => programs.extend(built.into_iter().flatten()),
            Err(error) => {
                let shown = target.triple.shown.as_deref().filter(|_| several);
                let error = with_exit_code(error, shown);
                failures.take(error, target.bundle_count(), shell)?;
            }
        }
    }
    Ok(programs)
}

fn build_call<'p>(
    build_plan: &'p BuildPlan<'p>,
    call: &'p BuildCall<'p>,
    triple: Option<&str>,
    shell: &mut Shell,
) -> Result<Vec<Program<'p>>, CargoError> {
    let targets = call.planned.iter().map(|planned| planned.build_target);
    let targets: Vec<_> = targets.collect();
    let request = build::Request {
        targets: &targets,
        package_args: &call.package_args,
        triple,
        words: call.builder.words(),
        options: &build_plan.options,
        common: build_plan.common,
        extra: &build_plan.extra,
    };
    let built = build::build(&request, shell)?;
    let programs = call.planned.iter().zip(built);
    Ok(programs
        .map(|(planned, built)| Program::built(build_plan, planned, built))
        .collect())
}

/// The program ends with cargo's own exit code where cargo has failed. `triple` is the one that cargo was called for, where it
/// is called for several.
fn with_exit_code(error: CargoError, triple: Option<&str>) -> anyhow::Error {
    let CargoError::Failed(failed) = &error else {
        return error.into();
    };
    let message = match triple {
        None => format!("{failed}; nothing was packed"),
        Some(triple) => format!("{failed} for `{triple}`; nothing was packed for it"),
    };
    let code = exit::of_status(failed.status);
    Failure { code, message }.into()
}
