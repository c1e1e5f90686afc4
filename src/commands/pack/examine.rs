//! What is said of an executable before it is packed.

use anyhow::Context as _;

use super::job::Job;
use crate::bundle::input::Input;
use crate::bundle::packable;
use crate::executable::Executable;
use crate::shell::Shell;

/// Debug information of less than this is not worth a note, in bytes.
const DEBUG_INFO_LIMIT: u64 = 1 << 20;

/// What the executable is, or why it cannot be packed.
pub fn examine(input: &Input, job: &Job) -> anyhow::Result<Executable> {
    packable::examine(input.file(), 0, input.size())
        .with_context(|| format!("cannot pack `{}`", job.executable.display()))
}

/// Notes on executables that work, but not as well as they could.
pub fn notes(examined: &Executable, input: &Input, job: &Job, shell: &mut Shell) {
    let name = job.executable.file_name().unwrap_or_default().display();
    let profile = job.origin.as_ref().map_or_else(
        || "the profile that it is built with".to_owned(),
        |origin| format!("[profile.{}]", origin.profile),
    );
    let unoptimized = job.origin.as_ref().is_some_and(|origin| origin.unoptimized);
    let dev = job
        .origin
        .as_ref()
        .is_some_and(|origin| origin.profile == "dev");
    if dev {
        let kind = if unoptimized {
            "an unoptimized"
        } else {
            "a dev"
        };
        shell.note(format!(
            "`{name}` is {kind} build; pass `--release` for a bundle that is deployed"
        ));
    } else if unoptimized {
        shell.note(format!(
            "`{name}` is an unoptimized build; set `opt-level` in {profile} for a bundle that is deployed"
        ));
    } else if examined.debug_info_bytes > DEBUG_INFO_LIMIT
        && examined.debug_info_bytes > input.size() / 2
    {
        shell.note(format!(
            "{} of the {} of `{name}` are debug information, which workers read on every start; \
             `strip = \"debuginfo\"` in {profile} leaves it out",
            Bytes(examined.debug_info_bytes),
            Bytes(input.size())
        ));
    }
    if let Some(target) = examined.suggested_target() {
        shell.note(format!(
            "`{name}` is {}; Airflow's workers usually run Linux: pass `--target {target}`",
            examined.with_article()
        ));
    }
}

/// A size as cargo shows it.
pub struct Bytes(pub u64);

impl std::fmt::Display for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut unit = "B";
        let mut whole = self.0;
        let mut tenths = 0;
        for next in ["KiB", "MiB", "GiB"] {
            if whole < 1024 {
                break;
            }
            tenths = (whole % 1024) * 10 / 1024;
            whole /= 1024;
            unit = next;
        }
        if unit == "B" {
            write!(f, "{whole} B")
        } else {
            write!(f, "{whole}.{tenths} {unit}")
        }
    }
}
