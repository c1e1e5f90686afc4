//! The arguments of stubs' calls, which Airflow 3.4 sends to bundles that are packed for it alone.

use std::time::Duration;

use serde_json::{Value, json};

use crate::airflow::Airflow;

const RUN: &str = "live";
const PATIENCE: Duration = Duration::from_mins(5);

/// Tasks whose arguments fit, and tasks whose arguments do not.
pub fn everything(airflow: &Airflow) {
    let dags = ["arguments", "refused_arguments"];
    airflow.wait_for_dags(&dags);
    for dag in dags {
        airflow.api.trigger(dag, RUN, &json!({}));
    }
    taken(airflow);
    refused(airflow);
}

/// What each task has returned of its arguments.
fn taken(airflow: &Airflow) {
    let api = &airflow.api;
    api.wait_for_end("arguments", RUN, PATIENCE);
    let returned = |task: &str| api.xcom("arguments", RUN, task, "return_value");
    let log = |task: &str| api.log("arguments", RUN, task, 1);
    let orders = json!([{"id": 1, "total": 2.5}, {"id": 2, "total": 3.0}]);
    let order = json!({"id": 3, "total": 4.0});
    let moment = "2026-01-02T03:04:05Z";
    let uuid = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
    for (task, expected) in [
        // What another Rust task has returned, and a default of a stub with a model as its annotation.
        ("load", json!("2 orders, 5.5, limit 5")),
        ("task_first", json!("task_first: 2 orders, 5.5, limit 3")),
        ("task_second", json!("task_second: 2 orders, 5.5, limit 4")),
        ("defaults", json!([1, 2, "größe", [1, 2], null])),
        ("nulls", json!([false, false, false])),
        (
            "nine",
            json!([-1, 1_u64 << 63, 0.5, true, "größe 数 🦀", [1, null], {"k": 3.0}, [4, "y"], "é"]),
        ),
        ("models", json!([&order, [&order], {"x": &order}, moment])),
        (
            "from_python",
            json!([moment, "2026-01-02", 90, uuid, [1, "x"], [3], {"at": moment}]),
        ),
        ("named", json!(["named", 2, 3, false, "all", null])),
        ("lazy", json!([2, true])),
        ("optional", json!(true)),
        ("float", json!(3.5)),
        ("asynchronous", json!("asynchronous 9")),
        (
            "untyped",
            json!([
                ["orders", "orders", false, null, orders],
                ["limit", null, true, "integer", 5]
            ]),
        ),
    ] {
        assert_eq!(returned(task), expected, "{task}: {:#?}", log(task));
    }
    let states = api.states("arguments", RUN);
    let ended = |wanted: &str| {
        let ended = states.iter().filter(|(_, (state, _))| state == wanted);
        ended.map(|(task, _)| task.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(ended("skipped"), ["skips"], "{states:?}");
    assert_eq!(ended("success").len(), states.len() - 1, "{states:?}");
    for (task, expected) in [
        ("one", vec![json!(10), json!(20), json!(30)]),
        ("again", vec![json!(11), json!(21), json!(31)]),
        ("rows", vec![json!(7), json!(8)]),
        (
            "crossed",
            ["a1", "a2", "a3", "b1", "b2", "b3"].map(Value::from).into(),
        ),
    ] {
        let indexes = 0..expected.len();
        let elements: Vec<Value> = indexes
            .map(|index| mapped(airflow, "arguments", task, index))
            .collect();
        assert_eq!(elements, expected, "{task}");
    }
    // The order is Airflow's own: a Python task over the same lists has got the same elements.
    for index in 0..6 {
        let element = |task| mapped(airflow, "arguments", task, index);
        assert_eq!(element("crossed"), element("python_crossed"), "{index}");
    }
    assert!(states.contains_key("crossed[5]") && !states.contains_key("crossed[6]"));
}

/// The value that an instance of a mapped task has returned.
fn mapped(airflow: &Airflow, dag: &str, task: &str, index: usize) -> Value {
    let path = format!(
        "/dags/{dag}/dagRuns/{RUN}/taskInstances/{task}/xcomEntries/return_value?deserialize=false&map_index={index}"
    );
    airflow.api.get(&path)["value"].clone()
}

/// Each task has failed in its first try, though it has a retry, and its log says why.
fn refused(airflow: &Airflow) {
    let api = &airflow.api;
    api.wait_for_end("refused_arguments", RUN, PATIENCE);
    let states = api.states("refused_arguments", RUN);
    for (task, words) in [
        (
            "required",
            "the argument \"value\" (1 of 1), the result of the task \"skips\", has no value: that task was skipped, failed or returned \
             nothing. `Option<u8>` allows for that",
        ),
        (
            "null",
            "the argument \"value\" (1 of 1), a literal, is null, not a u8",
        ),
        (
            "wrong_count",
            "the stub in the Dag passes 3 (orders: a literal, limit: a literal, mode: the default of the stub), the function takes 2 (Vec<Order>, \
             Option<u32>)",
        ),
        (
            "wrong_type",
            "the argument \"number\" (1 of 1), a literal, is a string, not a u32: invalid type: string \"text\", expected u32. The stub's \
             annotation says {\"format\":\"int64\",\"type\":\"integer\"}",
        ),
        (
            "misnamed",
            "the arguments do not fit `Load`: the stub in the Dag passes (orders: a literal, limt: a literal), the fields are (orders, \
             limit); no field is left for limt",
        ),
        (
            "none_passed",
            "takes (u32), but Airflow has sent no arguments: the task's call in the Dag passes none",
        ),
        (
            "mapped_parameter[0]",
            "but Airflow has sent no arguments: this release of Airflow sends none to a mapped task",
        ),
        (
            "mapped_literal[0]",
            "are not sent by this release of Airflow: have an upstream task return the list",
        ),
    ] {
        let id = task.strip_suffix("[0]");
        let map_index = if id.is_some() { "&map_index=0" } else { "" };
        let path = format!(
            "/dags/refused_arguments/dagRuns/{RUN}/taskInstances/{}/logs/1?full_content=true{map_index}",
            id.unwrap_or(task)
        );
        let log = api.get(&path)["content"].clone();
        let records = log.as_array().into_iter().flatten();
        let said = records.filter_map(|record| record["error_detail"].as_array());
        let mut said = said
            .flatten()
            .filter_map(|error| error["exc_value"].as_str());
        assert!(
            said.any(|text| text.contains(words)),
            "{task}: {words}\n{log:#}"
        );
        assert_eq!(
            states.get(task),
            Some(&("failed".to_owned(), 1)),
            "{task}: {states:?}"
        );
    }
}
