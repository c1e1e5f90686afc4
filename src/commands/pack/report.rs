//! The report of a bundle that was packed.

use serde_json::json;

use super::Ready;
use super::program::ByCargo;
use crate::bundle::writer::Packed;
use crate::commands::executable_json::ExecutableJson;
use crate::manifest::Manifest;
use crate::pin;
use crate::platform;
use crate::shell::Shell;
use crate::text::ByteSize;

/// A status line on stderr; on stdout the path, or a line of JSON.
pub fn packed(
    ready: &Ready<'_>,
    packed: &Packed,
    tried: bool,
    json: bool,
    shell: &mut Shell,
) -> anyhow::Result<()> {
    let manifest = ready.prepared.manifest();
    let dags = manifest.dag_ids().count();
    let tasks = manifest.task_count();
    let plural = |count| if count == 1 { "" } else { "s" };
    shell.status(
        if packed.fresh { "Fresh" } else { "Packed" },
        format!(
            "`{}` ({}; {dags} dag{}, {tasks} task{}; for {}; {})",
            packed.path.display(),
            ByteSize(packed.size),
            plural(dags),
            plural(tasks),
            match ready.prepared.releases() {
                [] => "an unknown release of Airflow".to_owned(),
                releases => pin::named(releases),
            },
            ready.prepared.examined()
        ),
    );
    if json {
        shell.json(&line(ready, packed, tried))?;
    } else {
        let mut path = platform::path_bytes(&packed.path);
        path.push(b'\n');
        shell.result_bytes(&path)?;
    }
    Ok(())
}

fn line(ready: &Ready<'_>, packed: &Packed, tried: bool) -> serde_json::Value {
    let program = &ready.program;
    let by_cargo = program.by_cargo.as_ref();
    let built = by_cargo.map(|by_cargo| by_cargo.planned.build_target);
    json!({
        "reason": "airflow-bundle",
        "path": packed.path.to_string_lossy(),
        "package_id": built.map(|built| &built.package.id.repr),
        "target": built.map(|built| target(built.target)),
        "target_triple": by_cargo.and_then(ByCargo::triple),
        "executable": std::path::absolute(&program.path)
            .unwrap_or_else(|_| program.path.clone())
            .to_string_lossy(),
        "executable_info": ExecutableJson::from(ready.prepared.examined()),
        "introspection": ready.manifest_from.word(),
        "tried": tried,
        "airflow": ready.prepared.releases().iter().map(|release| release.number).collect::<Vec<_>>(),
        "supervisor_schema_version": ready.prepared.manifest().schema_version(),
        "dags": dags(ready.prepared.manifest()),
        "binary_sha256": packed.binary_sha256.to_string(),
        "size": packed.size,
        "fresh": packed.fresh,
    })
}

/// The dags in the manifest's own shape: `{"dag_id": {"tasks": ["task_id"]}}`.
fn dags(manifest: &Manifest) -> serde_json::Value {
    let entry = |tasks: Vec<&str>| json!({ "tasks": tasks });
    manifest
        .tasks_by_dag()
        .map(|(id, tasks)| (id.to_owned(), entry(tasks.collect())))
        .collect()
}

/// cargo's target object. cargo leaves out features where none are required.
fn target(target: &cargo_metadata::Target) -> serde_json::Value {
    let mut object = json!(target);
    if target.required_features.is_empty()
        && let Some(entries) = object.as_object_mut()
    {
        entries.remove("required-features");
    }
    object
}
