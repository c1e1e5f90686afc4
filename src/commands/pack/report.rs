//! What is said of a bundle that was packed.

use serde_json::json;

use super::Ready;
use super::examine::Bytes;
use crate::bundle::writer::Packed;
use crate::commands::executable_json::ExecutableJson;
use crate::manifest::Manifest;
use crate::platform;
use crate::shell::Shell;

/// A status line on stderr; on stdout the path, or a line of JSON.
pub fn packed(
    ready: &Ready,
    packed: &Packed,
    tried: bool,
    json: bool,
    shell: &mut Shell,
) -> anyhow::Result<()> {
    let dags = ready.learned.manifest.dag_ids().count();
    let tasks = ready.learned.manifest.task_count();
    let plural = |count| if count == 1 { "" } else { "s" };
    shell.status(
        if packed.fresh { "Fresh" } else { "Packed" },
        format!(
            "`{}` ({}; {dags} dag{}, {tasks} task{}; {})",
            packed.path.display(),
            Bytes(packed.size),
            plural(dags),
            plural(tasks),
            ready.examined
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

fn line(ready: &Ready, packed: &Packed, tried: bool) -> serde_json::Value {
    let origin = ready.origin();
    json!({
        "reason": "airflow-bundle",
        "path": packed.path.to_string_lossy(),
        "package_id": origin.map(|origin| &origin.package.id.repr),
        "target": origin.map(|origin| target(&origin.target)),
        "target_triple": origin.and_then(|origin| origin.triple.as_deref()),
        "executable": std::path::absolute(&ready.job.executable)
            .unwrap_or_else(|_| ready.job.executable.clone())
            .to_string_lossy(),
        "executable_info": ExecutableJson::from(&ready.examined),
        "introspection": ready.learned.source.word(),
        "tried": tried,
        "dags": dags(&ready.learned.manifest),
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
