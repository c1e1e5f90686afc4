//! Connections, and the URLs that are made of them.

use airflow_sdk::testing::Supervisor;
use airflow_sdk::{Result, Task, Value, json};

fn fields() -> Value {
    json!({
        "conn_type": "postgres", "host": "db", "port": 5432, "login": "me", "password": "p@ss/word9", "schema": "sales",
        "extra": {"sslmode": "require", "keepalives": 1},
    })
}

#[test]
fn encoded_secrets_are_hidden_before_the_handler_has_them() {
    let report = Supervisor::new()
        .connection("db", fields())
        .run_task(|task: &Task| -> Result<String> { Ok(task.connection("db")?.url()?) });
    report.assert_success();
    assert_eq!(
        report.return_value::<String>().unwrap(),
        "postgres://me:p%40ss%2Fword9@db:5432/sales?keepalives=1&sslmode=require"
    );
    let [Value::Array(masked)] = report.masked() else {
        panic!("{:?}", report.masked());
    };
    assert_eq!(masked[0], "p%40ss%2Fword9");
    let kinds: Vec<&str> = report
        .messages()
        .iter()
        .filter_map(|message| message["type"].as_str())
        .collect();
    assert_eq!(
        kinds,
        ["GetConnection", "MaskSecret", "SetXCom", "SucceedTask"]
    );
}

/// A plain password and an extra of texts need no second request.
#[test]
fn nothing_is_hidden_twice() {
    let mut fields = fields();
    fields["password"] = "pa55word".into();
    fields["extra"] = json!({"sslmode": "require"});
    let report = Supervisor::new()
        .connection("db", fields)
        .run_task(|task: &Task| -> Result<()> {
            let connection = task.connection("db")?;
            log::info!("{}", connection.uri());
            Ok(())
        });
    report.assert_success();
    assert!(report.masked().is_empty());
    assert!(!report.has_log("__extra__, which"));
}

#[test]
fn what_the_uri_takes_away_from_drivers_is_warned_of() {
    let report =
        Supervisor::new()
            .connection("db", fields())
            .run_task(|task: &Task| -> Result<()> {
                let uri = task.connection("db")?.uri();
                assert!(uri.contains("?__extra__=%7B"), "{uri}");
                Ok(())
            });
    report.assert_success();
    let warning = report
        .logs()
        .iter()
        .find(|record| record.level() == "warning")
        .expect("a warning");
    assert!(warning.event().contains("(keepalives, sslmode)"));
    assert!(warning.event().contains("Connection::url()"));
}
