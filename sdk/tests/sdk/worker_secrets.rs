//! The worker's own variables and connections, which come first.

use airflow_sdk::testing::{Release, Report, Supervisor};
use airflow_sdk::{Bundle, Result, Task, Value, json};

fn rate(task: &Task) -> Result<Option<String>> {
    Ok(task.find_variable("my_Rate")?)
}

#[test]
fn a_variable_of_the_worker_comes_first() {
    let supervisor = || Supervisor::new().variable("my_Rate", "of Airflow");
    let report = supervisor()
        .environment("AIRFLOW_VAR_MY_RATE", "of the worker")
        .run_task(rate);
    report.assert_success();
    assert_eq!(report.return_value::<String>().unwrap(), "of the worker");
    assert_eq!(report.messages_of("GetVariable").count(), 0);
    // Airflow decides by the name whether to hide it.
    let message = json!({"type": "MaskSecret", "value": "of the worker", "name": "my_Rate"});
    assert_eq!(report.messages_of("MaskSecret").next(), Some(&message));

    let empty = supervisor().environment("AIRFLOW_VAR_MY_RATE", "");
    assert_eq!(empty.run_task(rate).return_value::<String>().unwrap(), "");
    let other = supervisor().environment("AIRFLOW_VAR_my_Rate", "of the worker");
    let report = other.run_task(rate);
    assert_eq!(report.return_value::<String>().unwrap(), "of Airflow");
    let none = Supervisor::new().run_task(rate);
    assert_eq!(none.return_value::<String>(), None);
    none.assert_success();
}

#[test]
fn a_variable_of_the_worker_is_json_too_and_shadows_what_is_set() {
    fn sets(task: &Task) -> Result<Vec<u8>> {
        task.set_variable("list", "[3]")?;
        Ok(task.json_variable("list")?)
    }
    let report = Supervisor::new()
        .environment("AIRFLOW_VAR_LIST", "[1, 2]")
        .run_task(sets);
    report.assert_success();
    assert_eq!(report.return_value::<Value>().unwrap(), json!([1, 2]));
    assert_eq!(report.variable("list"), Some("[3]"));
    assert!(report.has_log("this worker has one of its own"), "{report}");
}

fn url(task: &Task) -> Result<String> {
    let found = task.connection("sales_db")?;
    assert_eq!(found.conn_id, "sales_db");
    Ok(found.url()?)
}

/// Runs [`url`] where Airflow has the connection too, and the worker has this text for it.
fn beside_airflows(text: &str) -> Report {
    let airflows = json!({"conn_type": "http", "host": "of-airflow"});
    let supervisor = Supervisor::new().connection("sales_db", airflows);
    let worker = supervisor.environment("AIRFLOW_CONN_SALES_DB", text);
    worker.run_task(url)
}

#[test]
fn a_connection_of_the_worker_comes_first_in_both_forms() {
    for text in [
        "postgresql://me:p%40ss%2Fword9@db:5432/sales?sslmode=require",
        r#"{"conn_type": "postgres", "login": "me", "password": "p@ss/word9", "host": "db", "port": "5432", "schema": "sales",
            "extra": {"sslmode": "require"}}"#,
    ] {
        let report = beside_airflows(text);
        report.assert_success();
        assert_eq!(
            report.return_value::<String>().unwrap(),
            "postgres://me:p%40ss%2Fword9@db:5432/sales?sslmode=require"
        );
        assert_eq!(report.messages_of("GetConnection").count(), 0);
        // Before the handler has it, in each form.
        let masked = json!(["p@ss/word9", "{\"sslmode\":\"require\"}", "p%40ss%2Fword9"]);
        assert_eq!(report.masked(), [masked]);
    }
}

#[test]
fn a_connection_that_cannot_be_read_is_airflows() {
    for (text, said) in [
        ("x://h:hunter22", "its port is not a number"),
        (
            "{\"password\": \"hunter22\"",
            "it is not a JSON object (line 1, column 23)",
        ),
        ("  ", "it is empty"),
    ] {
        let report = beside_airflows(text);
        report.assert_success();
        assert_eq!(
            report.return_value::<String>().unwrap(),
            "http://of-airflow"
        );
        let said = format!(
            "AIRFLOW_CONN_SALES_DB of the worker can't be read, and Airflow is asked instead: {said}"
        );
        assert!(report.has_log(&said), "{report}");
        assert!(!report.to_string().contains("hunter22"), "{report}");
    }
    let empty = Supervisor::new()
        .connection(
            "sales_db",
            json!({"conn_type": "http", "host": "of-airflow"}),
        )
        .environment("AIRFLOW_CONN_SALES_DB", "")
        .run_task(url);
    empty.assert_success();
    assert!(!empty.has_log("can't be read"), "{empty}");
}

#[test]
fn the_author_and_the_operator_can_turn_it_off() {
    let supervisor = || {
        Supervisor::new()
            .variable("my_Rate", "of Airflow")
            .environment("AIRFLOW_VAR_MY_RATE", "of the worker")
    };
    let bundle = |read| {
        Bundle::new()
            .register("d", "rate", rate)
            .worker_secrets(read)
    };
    for (read, value) in [(true, "of the worker"), (false, "of Airflow")] {
        let report = supervisor().run(&bundle(read), "d", "rate");
        assert_eq!(report.return_value::<String>().unwrap(), value);
    }
    for (word, value) in [
        ("false", "of Airflow"),
        ("F", "of Airflow"),
        ("0", "of Airflow"),
        ("true", "of the worker"),
        ("", "of the worker"),
    ] {
        let report = supervisor()
            .environment("AIRFLOW_RUST_WORKER_SECRETS", word)
            .run_task(rate);
        assert_eq!(report.return_value::<String>().unwrap(), value, "{word:?}");
    }
}

/// With several teams, an id could be spelled as the name of another team's secret.
#[test]
fn a_team_cannot_read_the_secret_of_another() {
    fn reads(task: &Task) -> Result<Option<String>> {
        Ok(task.find_variable("_other___rate")?)
    }
    let supervisor = || Supervisor::new().environment("AIRFLOW_VAR__OTHER___RATE", "secret");
    let alone = supervisor().run_task(reads);
    assert_eq!(alone.return_value::<String>().unwrap(), "secret");
    for teams in [
        supervisor().environment("AIRFLOW__CORE__MULTI_TEAM", "True"),
        supervisor().context_3_4("multi_team", true),
    ] {
        let report = teams.run_task(reads);
        report.assert_success();
        assert_eq!(report.return_value::<String>(), None);
    }
    let one = supervisor().airflow(Release::AIRFLOW_3_4).run_task(reads);
    assert_eq!(one.return_value::<String>().unwrap(), "secret");
}
