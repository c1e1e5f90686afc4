//! Everything that can be read and written. A task fails when it does not get what it expects.

use std::collections::BTreeSet;

use airflow_sdk::{ClientErrorKind, Downstream, Error, Filter, Output, Result, Task, Value, jiff, json, python};

/// An error that says what was expected.
fn expect(condition: bool, what: &str) -> Result<()> {
    if condition { Ok(()) } else { Err(Error::msg(format!("expected: {what}"))) }
}

pub fn push(task: &Task) -> Result<Value> {
    task.push_xcom("null", ())?;
    task.push_xcom("text", "grüße")?;
    task.push_xcom("large", u64::MAX)?;
    task.push_xcom("list", [u64::MAX, 1])?;
    task.push_xcom("a/b", 1)?;
    task.push_xcom("gone", 1)?;
    task.own_xcom("gone").delete()?;
    expect(task.push_xcom("nan", f64::NAN).is_err(), "NaN is refused")?;
    expect(task.push_xcom("big", u128::MAX).is_err(), "128 bits are refused")?;
    Ok(json!({"n": 1, "f": 0.5, "b": true, "none": null, "deep": [[1], {"k": "v"}]}))
}

pub fn pull(task: &Task) -> Result<()> {
    let value: Value = task.xcom("push")?;
    expect(value == json!({"n": 1, "f": 0.5, "b": true, "none": null, "deep": [[1], {"k": "v"}]}), "the pushed map")?;
    let of = |key: &str| task.xcom_of("push").key(key);
    expect(of("null").find::<Option<i32>>()? == Some(None), "a stored null")?;
    expect(of("absent").find::<Option<i32>>()?.is_none(), "an absent value")?;
    expect(of("gone").find::<i32>()?.is_none(), "a deleted value")?;
    expect(of("text").get::<String>()? == "grüße", "a text")?;
    expect(of("list").get::<Vec<u64>>()? == [u64::MAX, 1], "64 bits")?;
    expect(of("a/b").get::<i32>()? == 1, "a key with a slash")?;
    of("given").set("by pull")?;
    expect(of("given").get::<String>()? == "by pull", "a value in the row of another task")?;
    let error = task.xcom::<i32>("nowhere").unwrap_err();
    expect(error.kind() == ClientErrorKind::XComNotFound, "an error for an absent XCom")
}

pub fn mapped_source() -> Result<Output<Vec<&'static str>>> {
    Ok(Output::new(vec!["eu", "us", "asia"]).mapped())
}

/// More rows than a task can be expanded over.
pub fn long_list() -> Result<Vec<u32>> {
    Ok((0..2000).collect())
}

/// More rows than this Airflow expands a task over, and fewer than it does by default.
pub fn refused_length() -> Result<Vec<u32>> {
    Ok((0..600).collect())
}

pub fn mapped(task: &Task) -> Result<String> {
    let all: Vec<String> = task.xcom("mapped_source")?;
    let index = task.map_index().ok_or_else(|| Error::msg("expected: a map index"))?;
    task.set_map_index_label(&all[index])?;
    task.push_xcom("own", index)?;
    Ok(format!("{index}:{}", all[index]))
}

pub fn gather(task: &Task) -> Result<Vec<String>> {
    let mapped = task.xcom_of("mapped");
    expect(mapped.count()? == 3, "three values")?;
    expect(mapped.item::<String>(-1)? == "2:asia", "the last one")?;
    expect(mapped.find_item::<String>(7)?.is_none(), "nothing at 7")?;
    expect(mapped.slice::<String>(Some(1), None, None)?.len() == 2, "a slice")?;
    expect(task.xcom_of("mapped").map_index(1).get::<String>()? == "1:us", "one instance")?;
    expect(task.xcom_of("mapped").key("own").all::<usize>()? == [0, 1, 2], "the rows of each instance")?;
    Ok(mapped.all()?)
}

pub fn for_python(task: &Task) -> Result<python::Tuple<(i32, &'static str)>> {
    task.push_xcom("time", python::DateTime("2026-01-02T03:04:05.5Z".parse()?))?;
    task.push_xcom("date", python::Date("2026-01-02".parse()?))?;
    task.push_xcom("delta", python::TimeDelta(jiff::SignedDuration::from_millis(90_500)))?;
    task.push_xcom("set", python::Set([1, 2]))?;
    task.push_xcom("decimal", python::Decimal(1.25))?;
    task.push_xcom("uuid", python::Uuid("6ba7b810-9dad-11d1-80b4-00c04fd430c8".into()))?;
    Ok(python::Tuple((1, "x")))
}

pub fn from_python(task: &Task) -> Result<()> {
    let of = |key: &str| task.xcom_of("python_source").key(key);
    expect(of("tuple").get::<(i32, String)>()? == (1, "x".into()), "a tuple")?;
    expect(of("set").get::<BTreeSet<i32>>()? == BTreeSet::from([1, 2]), "a set")?;
    let time: jiff::Timestamp = of("time").get()?;
    expect(time.to_string() == "2026-01-02T02:04:05.5Z", "a datetime with an offset")?;
    let naive: jiff::civil::DateTime = of("naive").get()?;
    expect(naive.date() == jiff::civil::date(2026, 1, 2), "a naive datetime")?;
    let date: jiff::civil::Date = of("date").get()?;
    expect(date == jiff::civil::date(2026, 1, 2), "a date")?;
    let delta: python::TimeDelta = of("delta").get()?;
    expect(delta.0.as_millis() == 90_500, "a timedelta")?;
    expect(of("decimal").get::<f64>()? == 1.25, "a decimal")?;
    expect(of("uuid").get::<String>()? == "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "a UUID")
}

/// Leaves a value in its first try, which must be gone in the second.
pub fn stale(task: &Task) -> Result<()> {
    if task.try_number() == 1 {
        task.push_xcom("left", 1)?;
        return Err(Error::msg("the first try leaves a value"));
    }
    expect(task.own_xcom("left").find::<i32>()?.is_none(), "the value of the first try is gone")
}

pub fn variables(task: &Task) -> Result<()> {
    expect(task.variable("tour_text")? == "hello", "the variable's text")?;
    expect(task.json_variable::<Value>("tour_json")? == json!({"a": [1]}), "the variable's JSON")?;
    expect(task.find_variable("tour_none")?.is_none(), "no such variable")?;
    task.set_variable_described("tour_new", "v", "made by a task")?;
    task.set_json_variable("tour_list", [1, 2])?;
    expect(task.variable("tour_list")? == "[1,2]", "the written JSON")?;
    let keys = task.variable_keys(Some("tour_"))?;
    expect(keys == ["tour_json", "tour_list", "tour_new", "tour_text"], &format!("four keys, not {keys:?}"))?;
    task.delete_variable("tour_list")?;
    expect(task.find_variable("tour_list")?.is_none(), "the variable is gone")
}

pub fn connections(task: &Task) -> Result<String> {
    let connection = task.connection("tour_db")?;
    expect(connection.host.as_deref() == Some("db.example.com"), "the host")?;
    expect(connection.port == Some(5432), "the port")?;
    expect(connection.extra_field::<String>("sslmode").as_deref() == Some("require"), "an extra field")?;
    expect(task.find_connection("tour_none")?.is_none(), "no such connection")?;
    log::info!("the password is {}", connection.password.as_deref().unwrap_or_default());
    let encoded = task.connection("tour_url")?;
    log::info!("the URL is {}", encoded.url()?);
    log::info!(uri = encoded.uri(), password = encoded.password.as_deref(); "and the URI, {}", encoded.uri());
    Ok(connection.uri().replace(connection.password.as_deref().unwrap_or_default(), "***"))
}

pub fn task_state(task: &Task) -> Result<()> {
    let state = task.state();
    expect(state.find::<i32>("n")?.is_none(), "no state yet")?;
    state.set("n", json!({"offset": 7}))?;
    state.set_until("m", 1, jiff::Timestamp::now().checked_add(std::time::Duration::from_secs(3600))?)?;
    expect(state.get::<Value>("n")? == json!({"offset": 7}), "the state")?;
    state.delete("n")?;
    expect(state.find::<Value>("n")?.is_none(), "the state is gone")?;
    state.clear()?;
    expect(state.find::<Value>("m")?.is_none(), "all state is gone")
}

pub fn asset_state(task: &Task) -> Result<()> {
    let state = task.asset_state("tour_asset");
    state.set("offset", 7)?;
    expect(state.get::<i32>("offset")? == 7, "the state by name")?;
    let by_uri = task.asset_state_by_uri("s3://tour/asset");
    expect(by_uri.get::<i32>("offset")? == 7, "the state by URI")?;
    by_uri.delete("offset")?;
    expect(state.find::<i32>("offset")?.is_none(), "the state is gone")?;
    state.set("offset", 8)?;
    state.clear()?;
    expect(state.find::<i32>("offset")?.is_none(), "all state is gone")
}

pub fn produce(task: &Task) -> Result<()> {
    let asset = task.asset("tour_asset")?;
    expect(task.asset_by_uri(&asset.uri)?.name == "tour_asset", "the asset by URI")?;
    expect(task.asset("tour_none").unwrap_err().kind() == ClientErrorKind::AssetNotFound, "no such asset")?;
    expect(task.inactive_assets()?.is_empty(), "no inactive assets")?;
    Ok(task.produce(&asset.name, &asset.uri, json!({"rows": 3}))?)
}

/// Runs when `produce` has produced.
pub fn consume(task: &Task) -> Result<Value> {
    let events = task.triggering_asset_events();
    expect(events.len() == 1, "one event has triggered the run")?;
    let past = task.asset_events("tour_asset").latest_first().limit(5).fetch()?;
    expect(past.first().is_some_and(|event| event.source_task_id.as_deref() == Some("produce")), "the event's source")?;
    Ok(events[0].extra.clone().unwrap_or_default().into())
}

pub fn trigger(task: &Task) -> Result<()> {
    task.trigger_dag_run("triggered", "by_tour").conf(json!({"full": true}))?.note("a note").send()?;
    let again = task.trigger_dag_run("triggered", "by_tour").send().unwrap_err();
    expect(again.kind() == ClientErrorKind::DagRunAlreadyExists, "the run exists")?;
    let state = task.dag_run_state("triggered", "by_tour")?;
    expect(["queued", "running", "success"].contains(&state.as_str()), &format!("a state, not {state}"))
}

pub fn triggered(task: &Task) -> Result<bool> {
    expect(task.logical_date().is_none(), "no logical date")?;
    Ok(task.conf("full")?.unwrap_or(false))
}

pub fn runs(task: &Task) -> Result<()> {
    let run = task.find_dag_run("tour", task.run_id())?;
    expect(run.is_some_and(|run| run.state == "running"), "this run is running")?;
    expect(task.find_dag_run("tour", "none")?.is_none(), "no such run")?;
    expect(task.dag("tour")?.tags.contains(&"rust".to_owned()), "the Dag's tag")?;
    task.previous_dag_run(None)?;
    task.previous_successful_run()?;
    task.previous_task(Some("success"))?;
    let this = Filter::new().runs([task.run_id()]);
    expect(task.count_dag_runs("tour", this.clone())? == 1, "one run")?;
    expect(task.count_tasks("tour", this.clone().tasks(["runs"]))? == 1, "one task")?;
    let states = task.task_states("tour", this.tasks(["runs"]))?;
    expect(states[task.run_id()]["runs"].as_deref() == Some("running"), "this task is running")?;
    task.task_breadcrumbs("tour", task.run_id())?;
    Ok(())
}

pub fn produce_through_alias(task: &Task) -> Result<()> {
    Ok(task.produce_through_alias("tour_alias", "by_alias", "s3://tour/by_alias", json!({"run": task.run_id()}))?)
}

/// Returns the run before this one.
pub fn look_back(task: &Task) -> Result<Option<String>> {
    let events = task.asset_events_by_alias("tour_alias").fetch()?;
    expect(events.iter().any(|event| event.asset.name == "by_alias"), "an event through the alias")?;
    let Some(run) = task.previous_dag_run(None)? else {
        expect(task.previous_successful_run()?.is_none(), "no successful run before the first")?;
        expect(task.previous_task(None)?.is_none(), "no task before the first")?;
        return Ok(None);
    };
    expect(run.state == "success", "the run before was successful")?;
    expect(task.previous_dag_run(Some("failed"))?.is_none(), "no failed run")?;
    let times = task.previous_successful_run()?;
    expect(times.is_some_and(|times| times.end_date.is_some()), "the times of the run before")?;
    let before = task.previous_task(Some("success"))?;
    expect(before.is_some_and(|before| before.run_id == run.run_id && before.try_number == 1), "the task before")?;
    Ok(Some(run.run_id))
}

pub fn skip_downstream(task: &Task) -> Result<()> {
    Ok(task.skip_downstream([Downstream::from("skipped_by_other"), ("partly_skipped", 1).into()])?)
}

pub fn dag_result() -> Result<Output<&'static str>> {
    Ok(Output::new("of the whole run").dag_result())
}

pub fn rendered(task: &Task) -> Result<()> {
    Ok(task.set_rendered_fields(json!({"sql": "select 1", "limit": 5}))?)
}

pub fn secrets(task: &Task) -> Result<()> {
    task.mask_secret("hunter22-and-more")?;
    log::info!("the secret is hunter22-and-more");
    println!("the printed secret is hunter22-and-more");
    Ok(())
}

pub fn context(task: &Task) -> Result<Value> {
    expect(task.dag_run().conf.as_ref().is_some_and(|conf| conf["who"] == "tour"), "the run's configuration")?;
    expect(task.conf::<String>("who")?.as_deref() == Some("tour"), "an entry of it")?;
    expect(task.start_date().is_some(), "a start date")?;
    // Of 3.3 it gets none, and of 3.4 none for its schema version.
    let arguments = task.args().err().map(|error| error.kind());
    expect(arguments == Some(ClientErrorKind::Unsupported), "no arguments can arrive")?;
    Ok(json!({
        "dag_id": task.dag_id(), "run_id": task.run_id(), "task_id": task.task_id(), "try": task.try_number(),
        "max_tries": task.max_tries(), "map_index": task.map_index(), "queue": task.queue(),
        "logical_date": task.logical_date().map(|date| date.to_string()), "file": task.dag_file(),
    }))
}
