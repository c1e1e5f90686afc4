//! The parameters of handlers, and what the task's call in the Dag passes.
#![allow(
    clippy::needless_pass_by_value,
    clippy::many_single_char_names,
    reason = "a handler owns its arguments"
)]

use std::collections::BTreeMap;

use airflow_sdk::jiff::{SignedDuration, Timestamp, civil};
use airflow_sdk::testing::{Release, Report, State, Supervisor};
use airflow_sdk::{Args, ClientErrorKind, Lazy, Result, Task, Value, bundle, json, python};
use serde::Deserialize;

#[derive(Debug, Deserialize, PartialEq, serde::Serialize)]
struct Order {
    id: u64,
    total: f64,
}

fn supervisor() -> Supervisor {
    Supervisor::new()
}

/// A report of a task that has failed for good, though it had a retry left, with these words in its log.
#[track_caller]
fn refused(report: &Report, words: &[&str]) {
    assert_eq!(report.state(), State::Failed, "{report}");
    for word in words {
        assert!(report.has_log(word), "{word}\n{report}");
    }
}

#[test]
fn parameters_take_the_arguments_in_their_order() {
    fn load(orders: Vec<Order>, limit: u32) -> Result<String> {
        Ok(format!("{}/{limit}", orders.len()))
    }
    fn with_task(task: &Task, orders: Vec<Order>, limit: u32) -> Result<String> {
        Ok(format!("{} {}", task.task_id(), load(orders, limit)?))
    }
    fn task_second(orders: Vec<Order>, task: &Task, limit: u32) -> Result<String> {
        with_task(task, orders, limit)
    }
    fn task_last(orders: Vec<Order>, limit: u32, task: &Task) -> Result<String> {
        with_task(task, orders, limit)
    }
    let given = || {
        let orders = json!([{"id": 1, "total": 2.5}, {"id": 2, "total": 3}]);
        let supervisor = supervisor().xcom("extract", orders);
        supervisor
            .upstream_argument("orders", "extract")
            .argument("limit", 7)
    };
    let text = |report: Report| report.return_value::<String>().unwrap();
    assert_eq!(text(given().run_task(load)), "2/7");
    for (report, place) in [
        (given().run_task(with_task), 1),
        (given().run_task(task_second), 2),
        (given().run_task(task_last), 3),
    ] {
        assert_eq!(text(report), "test_task 2/7", "{place}");
    }
}

#[test]
fn nine_parameters_and_more_are_taken() {
    #[expect(clippy::too_many_arguments, reason = "that is the test")]
    fn nine(
        a: u8,
        b: i64,
        c: f32,
        d: bool,
        task: &Task,
        e: String,
        f: Vec<u8>,
        g: BTreeMap<String, u8>,
        h: (u8, String),
        i: Option<u8>,
    ) -> Result<Value> {
        let id = task.task_id();
        Ok(json!([a, b, c, d, id, e, f, g, h, i]))
    }
    let report = supervisor()
        .argument("a", 1)
        .argument("b", -2)
        .argument("c", 0.5)
        .argument("d", true)
        .argument("e", "größe 数")
        .argument("f", [1, 2])
        .argument("g", json!({"k": 3}))
        .argument("h", json!([4, "x"]))
        .default_argument("i", Value::Null)
        .run_task(nine);
    let expected =
        json!([1, -2, 0.5, true, "test_task", "größe 数", [1, 2], {"k": 3}, [4, "x"], null]);
    assert_eq!(report.return_value(), Some(expected), "{report}");
}

#[test]
fn a_bundle_says_how_many_and_runs_them() {
    fn double(number: u64) -> Result<u64> {
        Ok(number * 2)
    }
    fn generic<T: serde::de::DeserializeOwned + serde::Serialize>(value: T) -> Result<T> {
        Ok(value)
    }
    let bundle = bundle! { "d" => { double, "same" => generic::<String> } };
    let run = |task, value: Value| supervisor().argument("x", value).run(&bundle, "d", task);
    assert_eq!(run("double", json!(4)).return_value(), Some(8));
    assert_eq!(
        run("same", json!("x")).return_value::<String>().unwrap(),
        "x"
    );
}

/// Handlers of before arguments came stay what they were.
#[test]
fn a_handler_without_parameters_runs_whatever_the_call_passes() {
    fn none(task: &Task) -> Result<usize> {
        Ok(task.args()?.len())
    }
    let report = supervisor().argument("a", 1).run_task(none);
    assert_eq!(report.return_value(), Some(1));
    supervisor()
        .argument("a", 1)
        .run_task(|| {})
        .assert_success();
}

#[test]
fn an_integer_is_taken_for_a_float_and_nothing_else_is_converted() {
    fn float(x: f64) -> Result<f64> {
        Ok(x)
    }
    let report = supervisor().argument("x", 3).run_task(float);
    assert_eq!(report.return_value(), Some(3.0));
    for value in [json!("3"), json!(true), json!([3]), Value::Null] {
        let report = supervisor()
            .retries(1)
            .argument("x", &value)
            .run_task(float);
        refused(&report, &["the argument \"x\" (1 of 1), a literal, is "]);
        assert!(report.has_log("not a f64"), "{report}");
    }
    for value in [json!(2.0), json!("2"), json!(false)] {
        let report = supervisor().argument("x", &value).run_task(|_: u32| {});
        refused(&report, &["not a u32"]);
    }
    for value in [json!(2), json!(true)] {
        let report = supervisor().argument("x", &value).run_task(|_: String| {});
        refused(&report, &["not a String"]);
    }
}

#[test]
fn an_option_takes_a_null_and_an_absent_result() {
    fn maybe(x: Option<u32>) -> Result<bool> {
        Ok(x.is_none())
    }
    let nothing = supervisor().upstream_argument("x", "skipped");
    let null = supervisor().xcom("null", ()).upstream_argument("x", "null");
    let literal = supervisor().argument("x", Value::Null);
    for given in [&nothing, &null, &literal] {
        let report = given.clone().run_task(maybe);
        assert_eq!(report.return_value(), Some(true), "{report}");
    }
    let given = supervisor().argument("x", 3).run_task(maybe);
    assert_eq!(given.return_value(), Some(false));
    for (given, task) in [(nothing, "skipped"), (null, "null")] {
        let report = given.retries(1).run_task(|_: u32| {});
        let words = format!(
            "the argument \"x\" (1 of 1), the result of the task \"{task}\", has no value: that task was skipped, failed or returned \
             nothing. `Option<u32>` allows for that"
        );
        refused(&report, &[&words]);
    }
    let report = literal.retries(1).run_task(|_: u32| {});
    refused(
        &report,
        &["is null, not a u32", "`Option<u32>` takes a null"],
    );
}

#[test]
fn a_wrong_shape_names_parameter_binding_and_types_and_ends_the_try_for_good() {
    let report = supervisor()
        .retries(3)
        .xcom("extract", "text")
        .argument("limit", 3)
        .upstream_argument("orders", "extract")
        .run_task(|_: u32, _: Vec<Order>| {});
    let words = "the argument \"orders\" (2 of 2), the result of the task \"extract\", is a string, not a Vec<Order>: invalid type: string \
                 \"text\", expected a sequence";
    refused(&report, &[words]);
    let schema = json!({"type": "integer", "format": "int64"});
    let binding = json!([{"name": "n", "value_schema": schema, "kind": "literal", "value": "x", "from_default": true}]);
    let report = supervisor()
        .context_3_4("arg_bindings", binding)
        .run_task(|_: u32| {});
    let words = "the argument \"n\" (1 of 1), the default of the stub, is a string, not a u32";
    refused(
        &report,
        &[
            words,
            r#"The stub's annotation says {"format":"int64","type":"integer"}"#,
        ],
    );
}

/// What failed on the way may go well the next time.
#[test]
fn an_error_of_transport_is_tried_again() {
    let away = json!({"status_code": null, "message": "[Errno 111] Connection refused", "exception_type": "ConnectError"});
    let report = supervisor()
        .retries(1)
        .upstream_argument("x", "extract")
        .failure("GetXCom", away)
        .run_task(|_: u32| {});
    assert_eq!(report.state(), State::UpForRetry, "{report}");
}

#[test]
fn a_count_that_does_not_fit_shows_both_signatures() {
    fn two(_: Vec<Order>, _: &Task, _: Option<u32>) {}
    let report = supervisor()
        .retries(1)
        .upstream_argument("orders", "extract")
        .argument("limit", 3)
        .default_argument("mode", "all")
        .run_task(two);
    let words = "the arguments of the task \"test_task\" do not fit its function: the stub in the Dag passes 3 (orders: the result of \
                 the task \"extract\", limit: a literal, mode: the default of the stub), the function takes 2 (Vec<Order>, Option<u32>)";
    refused(&report, &[words]);
    assert_eq!(
        report.messages_of("GetXCom").count(),
        0,
        "nothing is read before"
    );
}

#[test]
fn none_sent_is_told_from_cannot_arrive() {
    fn one(_: u32) {}
    let report = supervisor().retries(1).no_arguments().run_task(one);
    refused(
        &report,
        &["takes (u32), but Airflow has sent no arguments: the task's call in the Dag passes none"],
    );
    let report = supervisor().no_arguments().map_index(2).run_task(one);
    refused(
        &report,
        &[
            "sends none to a mapped task",
            "task.mapped_item(",
            "as in `.expand(x=[1, 2])`, are not sent by this release of Airflow: have an upstream task return the list",
        ],
    );
    let report = supervisor().retries(1).run_task(one);
    refused(
        &report,
        &[
            "takes (u32), and no arguments can arrive: Airflow 3.3 does not send",
            "--airflow 3.4`",
        ],
    );
    // An old pin.
    let report = supervisor().airflow(Release::AIRFLOW_3_4).run_task(one);
    refused(
        &report,
        &[
            "is packed for older releases too",
            "`cargo airflow-bundle --airflow 3.4`",
        ],
    );
}

#[test]
fn a_lazy_argument_is_read_when_asked_for() {
    fn lazy(now: bool, rows: Lazy<Vec<u32>>) -> Result<usize> {
        if !now {
            return Ok(0);
        }
        assert_eq!(rows.argument().upstream(), Some("extract"));
        Ok(rows.get()?.len())
    }
    let given = |now| {
        let supervisor = supervisor().xcom("extract", [1, 2]).argument("now", now);
        supervisor.upstream_argument("rows", "extract")
    };
    let report = given(true).run_task(lazy);
    assert_eq!(report.return_value(), Some(2));
    let report = given(false).run_task(lazy);
    assert_eq!(report.messages_of("GetXCom").count(), 0);
    // An absent one is no error before it is asked for.
    let absent = supervisor().upstream_argument("rows", "skipped");
    let report = absent.run_task(|rows: Lazy<u32>| {
        let error = rows.get().unwrap_err();
        assert_eq!(error.kind(), ClientErrorKind::XComNotFound);
    });
    report.assert_success();
}

#[derive(Debug, Deserialize)]
struct Load {
    orders: Vec<u32>,
    max_rows: f64,
    mode: Option<String>,
    #[serde(default)]
    dry_run: bool,
}

fn by_name(task: &Task, Args(load): Args<Load>) -> Result<Value> {
    Ok(json!([
        task.task_id(),
        load.orders,
        load.max_rows,
        load.mode,
        load.dry_run
    ]))
}

#[test]
fn a_struct_takes_the_arguments_by_name() {
    let supervisor = supervisor().xcom("extract", [1, 2]);
    let report = supervisor
        .argument("MaxRows", 3)
        .upstream_argument("orders", "extract")
        .default_argument("Mode", "all")
        .run_task(by_name);
    let expected = json!(["test_task", [1, 2], 3.0, "all", false]);
    assert_eq!(report.return_value(), Some(expected), "{report}");
}

#[test]
fn names_of_both_sides_are_in_one_error() {
    let report = supervisor()
        .retries(1)
        .argument("limt", 3)
        .upstream_argument("orders", "extract")
        .run_task(by_name);
    let words = "the arguments do not fit `Load`: the stub in the Dag passes (limt: a literal, orders: the result of the task \
                 \"extract\"), the fields are (orders, max_rows, mode, dry_run); no field is left for limt";
    refused(&report, &[words]);
    assert!(!report.has_log("no argument is for"), "{report}");
    assert_eq!(report.messages_of("GetXCom").count(), 0, "{report}");
    let report = supervisor().argument("orders", [1]).run_task(by_name);
    refused(&report, &["dry_run); no argument is for max_rows"]);
    assert!(!report.has_log("no argument is for max_rows,"), "{report}");
    // Both are the same name.
    let report = supervisor()
        .argument("maxRows", 1)
        .argument("max_rows", 2)
        .run_task(by_name);
    refused(&report, &["no field is left for maxRows"]);
    let report = supervisor()
        .argument("orders", "x")
        .argument("max_rows", 1)
        .run_task(by_name);
    refused(
        &report,
        &["the argument \"orders\" (1 of 2), a literal, is a string, not a Vec<u32>"],
    );
    let report = supervisor()
        .upstream_argument("orders", "skipped")
        .argument("max_rows", 1)
        .run_task(by_name);
    refused(&report, &["`Option<Vec<u32>>` allows for that"]);
    let report = supervisor().no_arguments().run_task(by_name);
    refused(
        &report,
        &["takes (Args<Load>), but Airflow has sent no arguments"],
    );
}

/// No line of the author's has failed, and the log names none of the SDK's.
#[test]
fn what_the_sdk_refuses_has_no_place() {
    let given = || supervisor().argument("x", "text");
    for report in [
        given().run_task(|_: u32| {}),
        given().run_task(|_: u32, _: u32| {}),
        given().run_task(|_: Args<Load>| {}),
        supervisor().run_task(|_: u32| {}),
        supervisor()
            .failure("GetXCom", json!({"status_code": 403}))
            .upstream_argument("x", "extract")
            .run_task(|_: u32| {}),
        supervisor().run_task(|| -> Result<f64> { Ok(f64::NAN) }),
    ] {
        assert_ne!(report.state(), State::Success, "{report}");
        let errors = report.logs().iter();
        let details: Vec<&Value> = errors
            .filter_map(|record| record.field("error_detail"))
            .collect();
        assert!(!details.is_empty(), "{report}");
        for detail in details {
            // A place has the name of the task, unlike the frames of a backtrace.
            let frames = detail[0]["frames"].as_array().unwrap();
            let place = frames.iter().find(|frame| frame["name"] == "test_task");
            assert_eq!(place, None, "{report}");
        }
    }
}

#[test]
fn an_argument_may_follow_none() {
    let supervisor = supervisor().no_arguments().argument("x", 1);
    let report = supervisor
        .argument("y", 2)
        .run_task(|x: u32, y: u32| -> Result<u32> { Ok(x * 10 + y) });
    assert_eq!(report.return_value(), Some(12), "{report}");
}

#[test]
fn an_optional_field_takes_a_null_and_an_absent_result() {
    let given = || {
        supervisor()
            .argument("orders", [1])
            .argument("max_rows", 1.5)
    };
    for given in [
        given().upstream_argument("mode", "skipped"),
        given().xcom("null", ()).upstream_argument("mode", "null"),
        given().argument("mode", Value::Null),
    ] {
        let report = given.run_task(by_name);
        let expected = json!(["test_task", [1], 1.5, null, false]);
        assert_eq!(report.return_value(), Some(expected), "{report}");
    }
}

#[test]
fn a_field_may_have_other_names() {
    #[derive(Deserialize)]
    struct Aliased {
        #[serde(alias = "row_limit")]
        max_rows: u32,
        mode: Option<String>,
    }
    fn aliased(Args(given): Args<Aliased>) -> Result<Value> {
        Ok(json!([given.max_rows, given.mode]))
    }
    for name in ["max_rows", "maxRows", "row_limit", "rowLimit"] {
        let report = supervisor().argument(name, 3).run_task(aliased);
        assert_eq!(report.return_value(), Some(json!([3, null])), "{report}");
    }
    let report = supervisor().argument("mode", "all").run_task(aliased);
    refused(&report, &["; no argument is for max_rows"]);
    assert!(!report.has_log("no argument is for max_rows,"), "{report}");
    let report = supervisor()
        .argument("max_rows", 3)
        .argument("row_limit", 4)
        .run_task(aliased);
    refused(
        &report,
        &[
            "the stub in the Dag passes (max_rows: a literal, row_limit: a literal)",
            "duplicate field `max_rows`",
        ],
    );
}

/// serde tells no fields of such a struct.
#[test]
fn a_flattened_struct_takes_the_names_as_they_are() {
    #[derive(Deserialize)]
    struct Flat {
        max_rows: u32,
        #[serde(flatten)]
        limits: Limits,
    }
    #[derive(Deserialize)]
    struct Limits {
        low: u32,
    }
    fn flat(Args(given): Args<Flat>) -> Result<u32> {
        Ok(given.max_rows * 10 + given.limits.low)
    }
    let given = || supervisor().argument("max_rows", 3);
    let report = given().argument("low", 4).argument("x", 0).run_task(flat);
    assert_eq!(report.return_value(), Some(34), "{report}");
    let report = given().retries(1).argument("lwo", 4).run_task(flat);
    let words = "the arguments do not fit `Flat`: the stub in the Dag passes (max_rows: a literal, lwo: a literal); no argument is for low";
    refused(&report, &[words]);
    let report = supervisor().argument("low", 4).run_task(flat);
    refused(&report, &["(low: a literal); no argument is for max_rows"]);
    let report = given()
        .xcom("lowest", "text")
        .upstream_argument("low", "lowest")
        .run_task(flat);
    refused(
        &report,
        &[
            "(max_rows: a literal, low: the result of the task \"lowest\"); invalid type: string \"text\", expected u32",
        ],
    );
}

#[test]
fn a_map_takes_the_names_as_they_are() {
    let report = supervisor()
        .argument("maxRows", 1)
        .argument("größe", "x")
        .run_task(|Args(all): Args<BTreeMap<String, Value>>| -> Result<_> { Ok(all) });
    let expected = json!({"maxRows": 1, "größe": "x"});
    assert_eq!(report.return_value(), Some(expected));
}

#[test]
fn values_of_python_tasks_reach_rusts_types() {
    fn all(
        moment: Timestamp,
        day: civil::Date,
        time: python::TimeDelta,
        id: python::Uuid,
        pair: (u8, String),
        set: Vec<u8>,
        deep: BTreeMap<String, python::DateTime>,
    ) -> Result<Value> {
        Ok(json!([
            moment.to_string(),
            day.to_string(),
            time.0.as_secs(),
            id.0,
            pair,
            set,
            deep["at"].0.to_string()
        ]))
    }
    let moment: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
    let uuid = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
    let report = supervisor()
        .xcom("moment", python::DateTime(moment))
        .xcom("day", python::Date("2026-01-02".parse().unwrap()))
        .xcom("time", python::TimeDelta(SignedDuration::from_secs(90)))
        .xcom("id", python::Uuid(uuid.into()))
        .xcom("pair", python::Tuple((1, "x")))
        .xcom("set", python::Set([3]))
        .xcom("deep", BTreeMap::from([("at", python::DateTime(moment))]))
        .upstream_argument("moment", "moment")
        .upstream_argument("day", "day")
        .upstream_argument("time", "time")
        .upstream_argument("id", "id")
        .upstream_argument("pair", "pair")
        .upstream_argument("set", "set")
        .upstream_argument("deep", "deep")
        .run_task(all);
    let text = "2026-01-02T03:04:05Z";
    let expected = json!([text, "2026-01-02", 90, uuid, [1, "x"], [3], text]);
    assert_eq!(report.return_value(), Some(expected), "{report}");
}

/// A literal is plain JSON, whatever it looks like.
#[test]
fn literals_are_taken_as_they_are() {
    let expected = || json!({"__classname__": "builtins.tuple", "__version__": 1, "__data__": [1]});
    let given = || supervisor().argument("x", python::Tuple([1]));
    let report = given().run_task(move |x: Value| assert_eq!(x, expected()));
    report.assert_success();
    let report = given().run_task(move |task: &Task| -> Result<()> {
        assert_eq!(task.args()?[0].value()?, expected());
        Ok(())
    });
    report.assert_success();
    let report = given().run_task(move |Args(all): Args<BTreeMap<String, Value>>| {
        assert_eq!(all["x"], expected());
    });
    report.assert_success();
}

#[test]
fn arguments_are_there_without_types() {
    fn shown(task: &Task) -> Result<Value> {
        let all = task.args()?;
        let all: Result<Vec<Value>> = all
            .iter()
            .map(|argument| {
                let value = argument.value()?;
                Ok(json!([
                    argument.name(),
                    argument.upstream(),
                    argument.is_default(),
                    argument.schema(),
                    value
                ]))
            })
            .collect();
        Ok(all?.into())
    }
    let report = supervisor()
        .xcom("extract", python::Tuple((1, 2)))
        .upstream_argument("orders", "extract")
        .default_argument("limit", 5)
        .run_task(shown);
    let expected = json!([
        ["orders", "extract", false, null, [1, 2]],
        ["limit", null, true, null, 5]
    ]);
    assert_eq!(report.return_value(), Some(expected), "{report}");
    let report = supervisor().no_arguments().run_task(shown);
    assert_eq!(report.return_value(), Some(json!([])));
    for release in Release::ALL {
        let report = supervisor().airflow(release).run_task(|task: &Task| {
            let error = task.args().unwrap_err();
            assert_eq!(error.kind(), ClientErrorKind::Unsupported, "{error}");
            assert!(error.to_string().contains("--airflow 3.4"), "{error}");
        });
        report.assert_success();
    }
}

#[test]
fn bindings_that_cannot_be_read_are_told() {
    let odd = json!([{"name": "x", "value_schema": null, "kind": "element", "value": 3}]);
    let report = supervisor()
        .retries(1)
        .context_3_4("arg_bindings", odd)
        .run_task(|_: u32| {});
    refused(&report, &["is of the kind \"element\"", "use a newer one"]);
}

mod mapped {
    use super::{Order, Result, State, Supervisor, Task, json, python, supervisor};

    fn one(task: &Task) -> Result<u32> {
        Ok(task.mapped_item("numbers")?)
    }

    fn crossed(task: &Task) -> Result<String> {
        let (letter, number) = task.mapped_item::<(String, u32)>(["letters", "numbers"])?;
        Ok(format!("{letter}{number}"))
    }

    fn lists() -> Supervisor {
        supervisor()
            .xcom("letters", ["a", "b"])
            .xcom("numbers", python::Tuple((1, 2, 3)))
    }

    #[test]
    fn an_instance_stands_for_an_element() {
        for (index, expected) in [(0, 1), (1, 2), (2, 3)] {
            let report = lists().map_index(index).run_task(one);
            assert_eq!(report.return_value(), Some(expected), "{report}");
        }
        let orders = json!([{"id": 1, "total": 2}, {"id": 2, "total": 3.5}]);
        let report = supervisor().xcom("orders", orders).map_index(1).run_task(
            |task: &Task| -> Result<f64> { Ok(task.mapped_item::<Order>("orders")?.total) },
        );
        assert_eq!(report.return_value(), Some(3.5));
    }

    /// The live suite holds the order against a Python task that is expanded over the same lists.
    #[test]
    fn of_several_lists_the_last_is_the_fastest() {
        let all = (0..6).map(|index| {
            let report = lists().map_index(index).run_task(crossed);
            report.return_value::<String>().unwrap()
        });
        let all: Vec<String> = all.collect();
        assert_eq!(all, ["a1", "a2", "a3", "b1", "b2", "b3"]);
    }

    #[test]
    fn the_results_of_a_mapped_task_are_elements() {
        let supervisor = || {
            // The instance 1 has returned nothing.
            supervisor()
                .xcom_of("each", "return_value", Some(0), 10)
                .xcom_of("each", "return_value", Some(2), 30)
        };
        let item = |task: &Task| -> Result<u32> { Ok(task.mapped_item("each")?) };
        for (index, expected) in [(0, 10), (1, 30)] {
            let report = supervisor().map_index(index).run_task(item);
            assert_eq!(report.return_value(), Some(expected), "{report}");
        }
    }

    #[test]
    fn what_has_no_element_is_told() {
        for (given, words) in [
            (lists(), "is not mapped (`.expand()`)"),
            (
                lists().map_index(6),
                "the map index 6 is behind the elements of \"letters\", \"numbers\"",
            ),
            (
                supervisor().xcom("letters", ["a"]).map_index(0),
                "are not sent by this release of Airflow: have an upstream task return the list",
            ),
            (
                lists().xcom("numbers", json!({"a": 1})).map_index(0),
                "has returned a map, whose order does not come along",
            ),
            (
                lists().xcom("numbers", 3).map_index(0),
                "has returned no list",
            ),
            (
                lists().xcom("numbers", json!([])).map_index(0),
                "the result of the task \"numbers\" has no elements",
            ),
            (
                lists().xcom("numbers", ["x"]).map_index(0),
                "the list with an element of each of \"letters\", \"numbers\" is an array, not a (String, u32)",
            ),
        ] {
            let report = given.run_task(crossed);
            assert_eq!(report.state(), State::Failed);
            assert!(report.has_log(words), "{words}\n{report}");
        }
    }
}

#[cfg(feature = "tokio")]
mod asynchronous {
    use super::{Result, Task, bundle, json, supervisor};

    async fn load(orders: Vec<u32>, task: &Task, limit: Option<u32>) -> Result<String> {
        tokio::task::yield_now().await;
        Ok(format!("{} {orders:?} {limit:?}", task.task_id()))
    }

    #[test]
    fn async_functions_take_arguments() {
        let bundle = bundle! { "d" => { load } };
        let supervisor = supervisor().xcom("extract", [1, 2]);
        let report = supervisor
            .upstream_argument("orders", "extract")
            .argument("limit", json!(null))
            .run(&bundle, "d", "load");
        assert_eq!(report.return_value::<String>().unwrap(), "load [1, 2] None");
    }
}
