//! Notes on executables that work, but not as well as they could.

use super::Ready;
use super::program::Program;
use crate::manifest::Value;
use crate::packing::Opened;
use crate::shell::Shell;
use crate::text::ByteSize;
use crate::worker::parsing::name_warning;

/// Debug information of less than this is not worth a note, in bytes.
const DEBUG_INFO_LIMIT: u64 = 1 << 20;

/// Tells what would make the bundle better.
pub fn show(opened: &Opened, program: &Program<'_>, shell: &mut Shell) {
    let examined = opened.examined();
    let size = opened.executable().size();
    let name = program.path.file_name().unwrap_or_default().display();
    let by_cargo = program.by_cargo.as_ref();
    let profile = by_cargo.map_or_else(
        || "the profile that it is built with".to_owned(),
        |by_cargo| format!("[profile.{}]", by_cargo.profile),
    );
    let unoptimized = by_cargo.is_some_and(|by_cargo| by_cargo.unoptimized);
    let dev = by_cargo.is_some_and(|by_cargo| by_cargo.profile == "dev");
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
    } else if examined.debug_info_bytes > DEBUG_INFO_LIMIT && examined.debug_info_bytes > size / 2 {
        shell.note(format!(
            "{} of the {} of `{name}` are debug information, which workers read on every start; \
             `strip = \"debuginfo\"` in {profile} leaves it out",
            ByteSize(examined.debug_info_bytes),
            ByteSize(size)
        ));
    }
    if let Some(target) = examined.suggested_target() {
        shell.note(format!(
            "`{name}` is {}; Airflow's workers usually run Linux: pass `--target {target}`",
            examined.with_article()
        ));
    }
}

/// Tells that a bundle that declares Dags needs another name, for the releases that would run it.
pub fn show_name(ready: &Ready<'_>, shell: &mut Shell) {
    let manifest = ready.prepared.manifest();
    let declared = manifest.root().get("dag_source_paths");
    if !matches!(declared, Some(Value::Mapping(dags)) if !dags.is_empty()) {
        return;
    }
    let releases = ready.prepared.releases().iter().copied();
    let mut meant = releases.filter(|release| release.parses_bundles);
    let output = ready.prepared.output();
    if let Some(warning) = meant.find_map(|release| name_warning(output, release)) {
        shell.note(format!("`{}`: {warning}", output.display()));
    }
}
