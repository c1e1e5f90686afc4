//! What a task can read and write.

use std::collections::BTreeMap;

use airflow_sdk::jiff::Timestamp;
use airflow_sdk::testing::{State, Supervisor};
use airflow_sdk::{ClientErrorKind, Filter, Result, Task, Value, json, python};

#[test]
fn xcoms_of_other_tasks() {
    fn reads(task: &Task) -> Result<Value> {
        let list: Vec<i32> = task.xcom("list")?;
        let keyed: String = task.xcom_of("keyed").key("k").get()?;
        let second: i32 = task.xcom_of("mapped").map_index(1).get()?;
        let mapped = task.xcom_of("mapped");
        let all: Vec<i32> = mapped.all()?;
        let slice: Vec<i32> = mapped.slice(Some(-2), None, None)?;
        let final_one: i32 = mapped.item(-1)?;
        let beyond: Option<i32> = mapped.find_item(9)?;
        Ok(json!([
            list,
            keyed,
            second,
            all,
            slice,
            final_one,
            beyond,
            mapped.count()?
        ]))
    }
    let report = Supervisor::new()
        .xcom("list", [1, 2])
        .xcom_of("keyed", "k", None, "v")
        .xcom_of("mapped", "return_value", Some(0), 10)
        .xcom_of("mapped", "return_value", Some(1), 11)
        .xcom_of("mapped", "return_value", Some(2), 12)
        .run_task(reads);
    report.assert_success();
    let expected = json!([[1, 2], "v", 11, [10, 11, 12], [11, 12], 12, null, 3]);
    assert_eq!(report.return_value::<Value>().unwrap(), expected);
}

#[test]
fn absent_is_told_from_null() {
    fn reads(task: &Task) -> Result<()> {
        assert_eq!(task.xcom_of("null").find::<Option<i32>>()?, Some(None));
        assert_eq!(task.xcom_of("absent").find::<Option<i32>>()?, None);
        assert_eq!(task.xcom::<Option<i32>>("null")?, None);
        let error = task.xcom::<i32>("absent").unwrap_err();
        assert_eq!(error.kind(), ClientErrorKind::XComNotFound);
        assert!(
            error.to_string().contains("\"absent\" was never pushed"),
            "{error}"
        );
        let error = task.xcom::<i32>("text").unwrap_err();
        assert_eq!(error.kind(), ClientErrorKind::Decode);
        assert!(
            error.to_string().contains("is a string, not a i32"),
            "{error}"
        );
        Ok(())
    }
    Supervisor::new()
        .xcom("null", ())
        .xcom("text", "x")
        .run_task(reads)
        .assert_success();
}

#[test]
fn a_mapped_task_writes_its_own_row() {
    fn writes(task: &Task) -> Result<usize> {
        task.push_xcom("extra", "e")?;
        task.xcom_of("neighbour").key("k").set(1)?;
        task.own_xcom("gone").set(1)?;
        task.own_xcom("gone").delete()?;
        Ok(task.map_index().unwrap())
    }
    let report = Supervisor::new().map_index(2).run_task(writes);
    report.assert_success();
    assert_eq!(report.return_value(), Some(2));
    assert_eq!(report.xcom::<String>("extra").unwrap(), "e");
    assert_eq!(report.xcom::<i32>("gone"), None);
    let indexes: Vec<Value> = report
        .messages_of("SetXCom")
        .map(|message| message["map_index"].clone())
        .collect();
    assert_eq!(indexes, [json!(2), json!(null), json!(2), json!(2)]);
}

#[test]
fn python_values_in_and_out() {
    fn reads(task: &Task) -> Result<python::Tuple<(python::Date, i32)>> {
        let pair: (i32, String) = task.xcom("tuple")?;
        let time: Timestamp = task.xcom("time")?;
        let set: std::collections::BTreeSet<i32> = task.xcom("set")?;
        let price: f64 = task.xcom("decimal")?;
        assert_eq!((pair, set.len(), price), ((1, "x".to_owned()), 2, 1.25));
        assert_eq!(time.to_string(), "2026-01-02T03:04:05Z");
        Ok(python::Tuple((python::Date("2026-01-02".parse()?), 3)))
    }
    let report = Supervisor::new()
        .xcom("tuple", python::Tuple((1, "x")))
        .xcom(
            "time",
            python::DateTime("2026-01-02T03:04:05Z".parse().unwrap()),
        )
        .xcom("set", python::Set([1, 2]))
        .xcom("decimal", python::Decimal(1.25))
        .run_task(reads);
    report.assert_success();
    let value = &report.messages_of("SetXCom").next().unwrap()["value"];
    assert_eq!(value["__classname__"], "builtins.tuple");
    assert_eq!(value["__data__"][0]["__classname__"], "datetime.date");
}

#[test]
fn variables() {
    fn uses(task: &Task) -> Result<()> {
        assert_eq!(task.variable("rate")?, "1.5");
        assert_eq!(task.find_variable("none")?, None);
        assert_eq!(
            task.variable("none").unwrap_err().kind(),
            ClientErrorKind::VariableNotFound
        );
        let map: BTreeMap<String, i32> = task.json_variable("map")?;
        assert_eq!(map["a"], 1);
        task.set_variable("new", "v")?;
        task.set_variable_described("told", "v", "why")?;
        task.set_json_variable("json", [1, 2])?;
        task.delete_variable("rate")?;
        assert_eq!(task.variable_keys(None)?.len(), 1504);
        assert_eq!(task.variable_keys(Some("map"))?, ["map"]);
        Ok(())
    }
    let mut supervisor = Supervisor::new()
        .variable("rate", "1.5")
        .variable("map", "{\"a\": 1}");
    for n in 0..1500 {
        supervisor = supervisor.variable(&format!("many_{n}"), "");
    }
    let report = supervisor.run_task(uses);
    report.assert_success();
    assert_eq!(report.variable("json"), Some("[1,2]"));
    assert_eq!(report.variable("rate"), None);
}

#[test]
fn connections() {
    fn uses(task: &Task) -> Result<String> {
        let connection = task.connection("db")?;
        assert_eq!(connection.port, Some(5432));
        assert_eq!(
            connection.extra_field::<String>("sslmode").as_deref(),
            Some("require")
        );
        assert!(task.find_connection("none")?.is_none());
        task.mask_secret("hunter22")?;
        Ok(connection.uri())
    }
    let fields = json!({"conn_type": "postgres", "host": "h", "port": 5432, "extra": {"sslmode": "require"}});
    let report = Supervisor::new().connection("db", fields).run_task(uses);
    report.assert_success();
    assert_eq!(
        report.return_value::<String>().unwrap(),
        "postgres://h:5432/?sslmode=require"
    );
    assert_eq!(report.masked(), [json!("hunter22")]);
}

#[test]
fn state_stores() {
    fn uses(task: &Task) -> Result<()> {
        let state = task.state();
        assert_eq!(state.find::<i32>("n")?, None);
        state.set("n", 1)?;
        state.set_until("m", [2], "2030-01-01T00:00:00Z".parse()?)?;
        assert_eq!(state.get::<i32>("n")?, 1);
        state.delete("n")?;
        assert_eq!(
            state.get::<i32>("n").unwrap_err().kind(),
            ClientErrorKind::StateNotFound
        );
        state.clear()?;
        assert_eq!(state.find::<Vec<i32>>("m")?, None);
        task.asset_state("orders").set("offset", 7)?;
        assert_eq!(task.asset_state("orders").get::<i32>("offset")?, 7);
        task.asset_state_by_uri("s3://orders").set("offset", 8)?;
        task.asset_state_by_uri("s3://orders").delete("offset")?;
        task.asset_state_by_uri("s3://orders").clear()?;
        assert_eq!(
            task.asset_state("none").set("k", 1).unwrap_err().kind(),
            ClientErrorKind::Api(Some(404))
        );
        Ok(())
    }
    Supervisor::new()
        .asset("orders", "s3://orders")
        .run_task(uses)
        .assert_success();
}

#[test]
fn assets_and_their_events() {
    fn uses(task: &Task) -> Result<()> {
        assert_eq!(task.asset("orders")?.uri, "s3://orders");
        assert_eq!(task.asset_by_uri("s3://orders")?.name, "orders");
        assert_eq!(
            task.asset("none").unwrap_err().kind(),
            ClientErrorKind::AssetNotFound
        );
        assert!(task.assets_by_alias("a")?.is_empty());
        assert!(task.inactive_assets()?.is_empty());
        assert!(
            task.asset_events("orders")
                .after("2026-01-01T00:00:00Z".parse()?)
                .limit(3)
                .fetch()?
                .is_empty()
        );
        assert!(
            task.asset_events_by_uri("s3://orders")
                .latest_first()
                .fetch()?
                .is_empty()
        );
        assert!(task.asset_events_by_alias("a").fetch()?.is_empty());
        assert!(task.triggering_asset_events().is_empty());
        task.produce("orders", "s3://orders", json!({"rows": 3}))?;
        task.produce_through_alias("a", "orders", "s3://orders", ())?;
        assert!(task.produce("orders", "s3://orders", 3).is_err());
        Ok(())
    }
    let report = Supervisor::new()
        .asset("orders", "s3://orders")
        .run_task(uses);
    report.assert_success();
    let terminal = report.terminal().unwrap();
    assert_eq!(
        terminal["task_outlets"][0],
        json!({"type": "Asset", "name": "orders", "uri": "s3://orders"})
    );
    assert_eq!(terminal["outlet_events"][0]["extra"], json!({"rows": 3}));
    assert_eq!(terminal["outlet_events"][1]["source_alias_name"], "a");
}

#[test]
fn dag_runs() {
    fn uses(task: &Task) -> Result<()> {
        task.trigger_dag_run("report", "r1")
            .conf(json!({"full": true}))?
            .note("n")
            .send()?;
        let error = task.trigger_dag_run("report", "r1").send().unwrap_err();
        assert_eq!(error.kind(), ClientErrorKind::DagRunAlreadyExists);
        task.trigger_dag_run("report", "r1")
            .reset_existing()
            .logical_date("2026-01-01T00:00:00Z".parse()?)
            .send()?;
        assert_eq!(task.dag_run_state("report", "r1")?, "queued");
        assert!(
            task.dag_run_state("report", "r2")
                .unwrap_err()
                .is_not_found()
        );
        assert!(task.find_dag_run("report", "r2")?.is_none());
        assert!(task.dag("none").unwrap_err().is_not_found());
        assert!(task.previous_dag_run(Some("success"))?.is_none());
        assert!(task.previous_successful_run()?.is_none());
        assert!(task.previous_task(None)?.is_none());
        let filter = Filter::new()
            .tasks(["a"])
            .runs(["r"])
            .logical_dates(["2026-01-01T00:00:00Z".parse()?]);
        assert_eq!(
            task.count_tasks("report", filter.clone().states(["success"]).map_index(1))?,
            3
        );
        assert_eq!(task.count_dag_runs("report", filter.clone())?, 0);
        assert!(
            task.task_states("report", filter.task_group("g"))?
                .is_empty()
        );
        assert_eq!(task.task_breadcrumbs("report", "r1")?.len(), 0);
        assert_eq!(task.first_reschedule(1)?, None);
        Ok(())
    }
    let report = Supervisor::new()
        .logical_date("2026-01-01T00:00:00Z".parse().unwrap())
        .reply("GetTICount", json!({"type": "TICount", "count": 3}))
        .run_task(uses);
    report.assert_success();
    assert_eq!(
        report.triggered_dag_runs()[0]["conf"],
        json!({"full": true})
    );
}

#[test]
fn rendered_fields_label_and_skipping() {
    fn uses(task: &Task) -> Result<()> {
        task.set_rendered_fields(json!({"sql": "select 1"}))?;
        assert!(task.set_rendered_fields(3).is_err());
        task.set_map_index_label("eu")?;
        task.skip_downstream(["a", "b"])?;
        Ok(())
    }
    let report = Supervisor::new().run_task(uses);
    report.assert_success();
    assert_eq!(
        report.messages_of("SkipDownstreamTasks").next().unwrap()["tasks"],
        json!(["a", "b"])
    );
}

#[test]
fn the_context() {
    fn looks(task: &Task) -> Result<()> {
        assert_eq!(
            (task.dag_id(), task.task_id(), task.run_id()),
            ("test_dag", "test_task", "r")
        );
        assert_eq!(
            (task.try_number(), task.max_tries(), task.has_tries_left()),
            (2, 3, true)
        );
        assert_eq!(task.map_index(), None);
        assert_eq!(task.logical_date(), None);
        assert_eq!(task.conf::<bool>("full")?, Some(true));
        assert_eq!(task.conf::<bool>("none")?, None);
        assert_eq!(task.dag_run().state, "running");
        assert!(task.resume().is_none());
        Ok(())
    }
    Supervisor::new()
        .run_id("r")
        .retries(3)
        .try_number(2)
        .conf("full", true)
        .run_task(looks)
        .assert_success();
}

#[test]
fn an_error_of_airflow_names_the_request() {
    fn asks(task: &Task) -> Result<String> {
        Ok(task.variable("none")?)
    }
    let report = Supervisor::new().run_task(asks);
    assert_eq!(report.state(), State::Failed);
    assert!(
        report.has_log("Airflow refused GetVariable (key \"none\"): the variable does not exist"),
        "{report}"
    );
}

#[test]
fn dates_that_a_timestamp_cannot_hold_are_the_nearest() {
    fn asks(task: &Task) -> Result<()> {
        let run = task.find_dag_run("report", "forever")?.unwrap();
        assert_eq!(run.logical_date, Some(Timestamp::MAX));
        assert_eq!(run.data_interval_end, "9999-12-30T21:59:59Z".parse().ok());
        assert_eq!(run.run_after, "0001-01-01T00:00:00Z".parse().ok());
        let events = task.asset_events("a").fetch()?;
        assert_eq!(events[0].timestamp, Timestamp::MAX);
        Ok(())
    }
    Supervisor::new()
        .reply(
            "GetDagRun",
            json!({
                "type": "DagRunResult", "dag_id": "report", "run_id": "forever", "logical_date": "9999-12-31T00:00:00Z",
                "data_interval_end": "9999-12-31T09:59:59+12:00", "run_after": "0001-01-01T00:00:00Z",
            }),
        )
        .reply(
            "GetAssetEventByAsset",
            json!({"type": "AssetEventsResult", "asset_events": [
                {"id": 1, "timestamp": "9999-12-31T23:59:59.999999Z", "asset": {"name": "a", "uri": "a"}},
            ]}),
        )
        .run_task(asks)
        .assert_success();
}

#[test]
fn a_date_before_year_1_is_sent_as_its_first_second() {
    let report = Supervisor::new().run_task(|| -> Result<()> {
        Err(airflow_sdk::Outcome::reschedule(Timestamp::MIN).into())
    });
    assert_eq!(report.state(), State::UpForReschedule, "{report}");
    assert_eq!(
        report.terminal().unwrap()["reschedule_date"],
        "0001-01-01T00:00:00Z"
    );
}

#[test]
fn a_field_that_cannot_be_read_is_the_error_of_its_request() {
    fn asks(task: &Task) -> Result<()> {
        let error = task.find_dag_run("report", "r").unwrap_err();
        assert_eq!(error.kind(), ClientErrorKind::Decode);
        assert!(
            error
                .to_string()
                .contains("logical_date of the Dag run is not a time"),
            "{error}"
        );
        // Python's last day, from an XCom.
        let error = task.xcom::<Timestamp>("last").unwrap_err();
        assert_eq!(error.kind(), ClientErrorKind::Decode);
        assert_eq!(task.xcom::<String>("last")?, "9999-12-31T00:00:00Z");
        Ok(())
    }
    Supervisor::new()
        .reply(
            "GetDagRun",
            json!({"type": "DagRunResult", "dag_id": "report", "run_id": "r", "logical_date": "soon"}),
        )
        .reply(
            "GetXCom",
            json!({
                "type": "XComResult", "key": "return_value",
                "value": {"__classname__": "datetime.datetime", "__version__": 2,
                          "__data__": {"timestamp": 253_402_214_400.0, "tz": ["UTC"]}},
            }),
        )
        .run_task(asks)
        .assert_success();
}

/// Airflow 3.4 keeps keys for its loops (`LOOP_XCOM_PREFIX` in `api_fastapi/execution_api/routes/xcoms.py` of 3.4.0b2).
#[test]
fn a_reserved_key_is_an_error_in_airflows_words() {
    let detail = json!({"status_code": 400, "message": "Server returned error", "detail": {"detail": "Reserved loop XCom key"}});
    let report =
        Supervisor::new()
            .failure("SetXCom", detail)
            .run_task(|task: &Task| -> Result<()> {
                let error = task
                    .push_xcom("_airflow_loop_decision_reason", 1)
                    .unwrap_err();
                assert_eq!(error.kind(), ClientErrorKind::Api(Some(400)));
                assert!(
                    error.to_string().contains("Reserved loop XCom key"),
                    "{error}"
                );
                Ok(())
            });
    report.assert_success();
}
