//! The first message of a supervisor.

use serde_json::{Value, json};

/// What Airflow 3.3 says first.
pub fn startup(dag_id: &str, task_id: &str) -> Value {
    let time = "2026-06-16T12:00:00Z";
    json!({
        "type": "StartupDetails",
        "ti": {
            "id": "01990000-0000-7000-8000-000000000001", "task_id": task_id, "dag_id": dag_id, "run_id": "run",
            "try_number": 1, "dag_version_id": "01990000-0000-7000-8000-000000000002", "map_index": -1,
            "hostname": "localhost", "context_carrier": null, "queue": "default",
        },
        "dag_rel_path": "dag.py",
        "bundle_info": {"name": "dags-folder", "version": null},
        "start_date": time,
        "ti_context": {
            "dag_run": {
                "dag_id": dag_id, "run_id": "run", "logical_date": time, "data_interval_start": time,
                "data_interval_end": time, "run_after": time, "start_date": time, "end_date": null, "clear_number": 0,
                "run_type": "manual", "state": "running", "conf": {}, "triggering_user_name": null,
                "consumed_asset_events": [], "partition_key": null, "partition_date": null, "note": null,
                "team_name": null,
            },
            "task_reschedule_count": 0, "max_tries": 0, "variables": [], "connections": [], "next_method": null,
            "next_kwargs": null, "xcom_keys_to_clear": [], "should_retry": false, "start_date": null,
        },
        "sentry_integration": "",
    })
}
