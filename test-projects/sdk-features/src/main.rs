//! Tasks in a program whose other crates switch on features of what they share with the SDK.

use std::process::ExitCode;

use airflow_sdk::{HumanInput, Outcome, Result, Task, Value, bundle, json};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use toml_datetime::Datetime;

/// What another crate's number, raw text and date become.
#[derive(Serialize)]
struct Row {
    z_count: Value,
    ratio: Value,
    #[serde(with = "rust_decimal::serde::arbitrary_precision")]
    price: Decimal,
    raw: Box<RawValue>,
    day: Datetime,
    a_float: f32,
}

fn row() -> Result<Row> {
    Ok(Row {
        z_count: json!(3),
        ratio: json!(1.5),
        price: "12.30".parse()?,
        raw: RawValue::from_string(r#"{"b": 18446744073709551615, "a": 0.1}"#.to_owned())?,
        day: "2026-01-02".parse()?,
        a_float: 0.1,
    })
}

/// Everything that goes through the strict serializer.
fn send(task: &Task) -> Result<Value> {
    task.push_xcom("row", row()?)?;
    task.set_json_variable("row", row()?)?;
    task.state().set("row", row()?)?;
    task.set_rendered_fields(row()?)?;
    task.produce("orders", "s3://orders", row()?)?;
    task.trigger_dag_run("other", "r").conf(row()?)?.send()?;
    Ok(json!({"count": 3, "ratio": 1.5}))
}

fn ask() -> Result<()> {
    let form = HumanInput::new("How many?", ["OK"]).param("row", row()?)?;
    Err(Outcome::await_input(form))?
}

/// Numbers that neither 64 bits nor a float hold.
fn too_long(task: &Task) -> Result<()> {
    for text in [
        "123456789012345678901",
        "0.1234567890123456789",
        r#"{"a": 1e400}"#,
    ] {
        let value: Value = serde_json::from_str(text)?;
        let error = task.push_xcom("x", value).expect_err(text);
        log::info!("{error}");
        let raw = RawValue::from_string(text.to_owned())?;
        task.push_xcom("x", raw).expect_err(text);
    }
    Ok(())
}

#[derive(Deserialize)]
struct Flat {
    ratio: f64,
    #[serde(flatten)]
    rest: std::collections::BTreeMap<String, Either>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(untagged)]
enum Either {
    Count(i64),
    Float(f64),
    Text(String),
}

/// What comes in, in both directions of the wire.
fn receive(task: &Task) -> Result<Vec<Value>> {
    let values: Vec<Value> = task.xcom("numbers")?;
    let typed: (u8, f64, u64, i64) = task.xcom("numbers")?;
    assert_eq!(typed, (3, 1.5, u64::MAX, i64::MIN));
    let flat: Flat = task.xcom("flat")?;
    assert_eq!(flat.ratio, 0.1);
    assert_eq!(flat.rest["count"], Either::Count(3));
    assert_eq!(flat.rest["float"], Either::Float(1e300));
    assert_eq!(flat.rest["text"], Either::Text("x".to_owned()));
    let flat: Flat = task.json_variable("flat")?;
    assert_eq!((flat.ratio, &flat.rest["float"]), (0.1, &Either::Float(2.5)));
    assert_eq!(task.conf::<f64>("ratio")?, Some(1.5));
    let price: Decimal = task.xcom("price")?;
    assert_eq!(price.to_string(), "12.3");
    Ok(values)
}

fn main() -> ExitCode {
    bundle! { "features" => { send, ask, too_long, receive } }.serve()
}

#[cfg(test)]
mod tests {
    use airflow_sdk::testing::{Report, Supervisor};
    use airflow_sdk::{Value, json};

    use super::{ask, receive, send, too_long};

    /// The text that any reader gets: the features change how values are compared.
    const ROW: &str = r#"{"z_count":3,"ratio":1.5,"price":12.3,"raw":{"b":18446744073709551615,"a":0.1},"day":"2026-01-02","a_float":0.1}"#;

    fn field(report: &Report, message: &str, field: &str) -> String {
        let messages: Vec<&Value> = report.messages_of(message).collect();
        let [message, ..] = messages[..] else {
            panic!("no {message} in {report:?}");
        };
        message.pointer(field).expect(field).to_string()
    }

    #[test]
    fn numbers_go_out_as_numbers() {
        let report = Supervisor::new().asset("orders", "s3://orders").run_task(send);
        report.assert_success();
        assert_eq!(field(&report, "SetXCom", "/value"), ROW);
        let variable: String = field(&report, "PutVariable", "/value");
        assert_eq!(variable, json!(ROW).to_string());
        assert_eq!(field(&report, "SetTaskStateStore", "/value"), ROW);
        assert_eq!(field(&report, "SetRenderedFields", "/rendered_fields"), ROW);
        assert_eq!(field(&report, "TriggerDagRun", "/conf"), ROW);
        assert_eq!(field(&report, "SucceedTask", "/outlet_events/0/extra"), ROW);
        let value: Value = report.return_value().unwrap();
        assert_eq!(value.to_string(), r#"{"count":3,"ratio":1.5}"#);
    }

    #[test]
    fn forms_have_numbers() {
        let report = Supervisor::new().run_task(ask);
        assert_eq!(field(&report, "CreateHITLDetailPayload", "/params/row"), ROW);
    }

    #[test]
    fn what_does_not_fit_is_refused_in_words() {
        let report = Supervisor::new().run_task(too_long);
        report.assert_success();
        assert_eq!(report.messages_of("SetXCom").count(), 0);
        assert!(report.has_log("the integer 123456789012345678901 has more than 64 bits"));
        assert!(report.has_log("the number 0.1234567890123456789 has more digits than a float holds"));
    }

    #[test]
    fn numbers_come_in_as_numbers() {
        let numbers = json!([3, 1.5, u64::MAX, i64::MIN]);
        let flat = json!({"ratio": 0.1, "count": 3, "float": 1e300, "text": "x"});
        let report = Supervisor::new()
            .xcom("numbers", &numbers)
            .xcom("flat", flat)
            .xcom("price", 12.3)
            .variable("flat", r#"{"ratio": 0.10, "float": 2.50}"#)
            .conf("ratio", 1.5)
            .run_task(receive);
        report.assert_success();
        let value: Value = report.return_value().unwrap();
        assert_eq!(value.to_string(), numbers.to_string());
    }
}
