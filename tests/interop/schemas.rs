//! What a message may hold, as the protocol's crate has it, beside the released Airflows.

use std::path::{Path, PathBuf};

use airflow_protocol::Release;
use airflow_protocol::arguments::CallArguments;
use airflow_protocol::dag_file::{DAG_FILE_PARSE_REQUEST, ParsedFile};
use airflow_protocol::release::brings_arguments;
use airflow_protocol::schema::{Problem, Receiver, Schema, Violation};
use airflow_protocol::startup::StartupDetails;
use serde_json::{Map, Value, json};

use crate::python::{self, Script};
use crate::releases::RELEASES;

fn start(requirements: &str) -> Script {
    Script::start(&python::environment(requirements), "judge_messages.py")
}

#[test]
fn they_are_what_the_released_airflows_have() {
    assert_eq!(RELEASES.map(|(_, release)| release), Release::ALL);
    for (requirements, release) in RELEASES {
        let versions = release.schema_versions;
        let mut airflow = start(requirements);
        let known = airflow.ask(&json!({ "versions": true }));
        assert_eq!(known, json!(versions), "{release}");
        let packages = airflow.ask(&json!({ "site-packages": true }));
        let packages = PathBuf::from(packages.as_str().unwrap());
        let released = Schema::extract(&packages).unwrap();
        assert_eq!(released.version(), versions[0]);
        assert!(
            Schema::of(versions[0]) == Some(&released),
            "the schema {} differs from that of {}: run `cargo xtask schema`",
            versions[0],
            packages.display()
        );
        // The file is as the command writes it.
        let path = format!(
            "{}/crates/airflow-protocol/schema/{}.json",
            env!("CARGO_MANIFEST_DIR"),
            versions[0]
        );
        assert_eq!(
            std::fs::read_to_string(path).unwrap(),
            released.to_text().unwrap()
        );
    }
}

/// Values that pydantic converts in some fields and that the check refuses: an executable that sends one has a mistake.
const CONVERTED: [&str; 6] = ["true", "0", "-7", "1.5", "\"8\"", "\"2026-06-16T12:00:00\""];

/// The words of a schema, from which messages are made.
struct Words(Value);

impl Words {
    fn of(version: &str) -> Self {
        Self::new(Schema::of(version).unwrap())
    }

    fn new(schema: &Schema) -> Self {
        Self(serde_json::from_str(&schema.to_text().unwrap()).unwrap())
    }

    /// A message of a type with all fields, and one with those alone that must be there.
    fn good(&self, kind: &str) -> [Value; 2] {
        [true, false].map(|full| self.sample(&self.0["shapes"][kind], full))
    }

    /// A value of this shape, with the fields that need not be there if `full`.
    fn sample(&self, shape: &Value, full: bool) -> Value {
        if let Some(name) = shape["$ref"].as_str() {
            let name = name.strip_prefix("#/$defs/").unwrap();
            return self.sample(&self.0["shapes"][name], full);
        }
        if let Some(alternatives) = shape["anyOf"].as_array().or(shape["oneOf"].as_array()) {
            return self.sample(&alternatives[0], full);
        }
        if !shape["const"].is_null() {
            return shape["const"].clone();
        }
        if !shape["enum"].is_null() {
            return shape["enum"][0].clone();
        }
        match (shape["format"].as_str(), shape["type"].as_str()) {
            (Some("date-time"), _) => "2026-06-16T12:00:00.5+02:00".into(),
            (Some("duration"), _) => "P1DT3.5S".into(),
            (Some("uuid"), _) => "01990000-0000-7000-8000-000000000001".into(),
            (Some(_), _) | (None, Some("string")) => "text".into(),
            (None, Some("integer")) => 1.into(),
            (None, Some("number")) => 1.5.into(),
            (None, Some("boolean")) => true.into(),
            (None, Some("array")) => match shape["prefixItems"].as_array() {
                Some(items) => items.iter().map(|item| self.sample(item, full)).collect(),
                None => json!([self.sample(&shape["items"], full)]),
            },
            (None, Some("object")) => {
                let required = shape["required"].as_array().into_iter().flatten();
                let required: Vec<&str> = required.filter_map(Value::as_str).collect();
                let fields = shape["properties"].as_object().into_iter().flatten();
                fields
                    .filter(|(key, _)| full || required.contains(&key.as_str()) || *key == "type")
                    .map(|(key, shape)| (key.clone(), self.sample(shape, full)))
                    .collect::<Map<_, _>>()
                    .into()
            }
            _ => json!({"any": ["value", 1, null]}),
        }
    }

    /// Messages of a type: good ones, and some that have one field too many, one too few, or another value in one.
    fn messages(&self, kind: &str) -> Vec<Value> {
        let shape = &self.0["shapes"][kind];
        let [full, short] = self.good(kind);
        let mut messages = vec![full.clone(), short];
        let mut more = full.clone();
        more["surplus"] = 1.into();
        messages.push(more);
        for key in shape["properties"].as_object().unwrap().keys() {
            if key == "type" {
                continue;
            }
            let mut less = full.clone();
            less.as_object_mut().unwrap().remove(key);
            messages.push(less);
            for value in [
                json!(null),
                json!(true),
                json!(0),
                json!(-7),
                json!(1.5),
                json!("text"),
                json!("8"),
                json!("2026-06-16T12:00:00"),
                json!("2026-06-16 12:00Z"),
                json!("0000-06-16T12:00:00Z"),
                json!("2026-06-16T12:00:00+24:00"),
                json!("PT"),
                json!("-PT1H2M"),
                json!("P1Y"),
                json!([]),
                json!(["text", 1]),
                json!([["text", 1], ["text"]]),
                json!([null]),
                json!({}),
                json!({"a": 1}),
                json!({"a": "text"}),
                json!([{"type": "Asset", "name": "text"}, {"type": "Asset", "other": 1}]),
                json!([{"id": "text"}]),
            ] {
                let mut other = full.clone();
                other[key] = value;
                messages.push(other);
            }
        }
        messages
    }
}

/// Messages that the check passes are decoded, and what it refuses is refused, or is a value that pydantic converts.
#[test]
fn the_check_agrees_with_the_released_airflows() {
    let (mut good, mut bad) = (0, 0);
    for (requirements, release) in RELEASES {
        let versions = release.schema_versions;
        let mut airflow = start(requirements);
        for version in versions {
            let (schema, words) = (Schema::of(version).unwrap(), Words::of(version));
            for receiver in Receiver::ALL {
                // An older executable gets what Airflow has brought into its form.
                let from_airflow = matches!(receiver, Receiver::ToTask | Receiver::ToDagProcessor);
                if from_airflow && *version != versions[0] {
                    continue;
                }
                for kind in schema.messages(receiver) {
                    let messages = words.messages(kind);
                    let asked: Vec<_> =
                        messages.iter().map(|body| json!([version, body])).collect();
                    let request = json!({ "union": receiver.union(), "decoded": asked });
                    let answers = airflow.ask(&request);
                    for (body, refused) in messages.iter().zip(answers.as_array().unwrap()) {
                        match (schema.check(receiver, body), refused.as_str()) {
                            (Ok(()), None) => good += 1,
                            (Err(_), Some(_)) => bad += 1,
                            (Err(Violation::Field { path, problem }), None) => {
                                let Problem::Value { value, .. } = &problem else {
                                    panic!("{requirements}, {version}: {path}: {problem:?}")
                                };
                                assert!(
                                    CONVERTED.contains(&value.as_str()),
                                    "{requirements}, {version}: {path}: {problem:?}"
                                );
                            }
                            (result, error) => {
                                panic!("{requirements}, {version}: {body}: {result:?}, {error:?}")
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(good > 5000 && bad > 10_000, "{good} good, {bad} bad");
}

/// What the installed Airflow of a release has in its `schema.json`.
fn released(requirements: &str) -> Schema {
    let packages = start(requirements).ask(&json!({ "site-packages": true }));
    Schema::extract(Path::new(packages.as_str().unwrap())).unwrap()
}

/// The schema of each release against what we send and read in each version that it knows. What the SDK sends, and what it can
/// read, conforms to the schema of its own version: the supervisor in its tests checks every message.
#[test]
fn each_release_takes_what_we_send_and_sends_what_we_can_read() {
    for (requirements, release) in RELEASES {
        let released = released(requirements);
        for version in release.schema_versions {
            let (ours, words) = (Schema::of(version).unwrap(), Words::of(version));
            for receiver in Receiver::ALL {
                let to_airflow = matches!(receiver, Receiver::ToSupervisor | Receiver::ToManager);
                for kind in ours.messages(receiver) {
                    let (samples, taker) = if to_airflow {
                        (words.good(kind), &released)
                    } else {
                        (Words::new(&released).good(kind), ours)
                    };
                    for body in samples {
                        let checked = taker.check(receiver, &body);
                        assert!(checked.is_ok(), "{release}, {version}: {kind}: {checked:?}");
                    }
                }
            }
        }
        let words = Words::new(&released);
        for body in words.good("StartupDetails") {
            let read = StartupDetails::read(&body, Vec::new());
            let faults = read.map(|details| details.faults);
            assert!(
                faults.as_ref().is_ok_and(Vec::is_empty),
                "{release}: {faults:?}: {body:#}"
            );
        }
        let kinds = words.0["shapes"]["TaskArgBinding"]["oneOf"].as_array();
        let argument = |kind: &Value| [true, false].map(|full| words.sample(kind, full));
        let arguments: Vec<Value> = kinds.into_iter().flatten().flat_map(argument).collect();
        assert_eq!(
            !arguments.is_empty(),
            release
                .schema_versions
                .iter()
                .any(|version| brings_arguments(version))
        );
        for mut body in words.good("StartupDetails") {
            body["ti_context"]["arg_bindings"] = arguments.clone().into();
            let read = StartupDetails::read(&body, Vec::new())
                .unwrap()
                .call_arguments();
            let Ok(CallArguments::Given(read)) = read else {
                panic!("{release}: {read:?}: {body:#}")
            };
            assert_eq!(read.len(), arguments.len());
        }
        for body in words.good(DAG_FILE_PARSE_REQUEST) {
            let read = ParsedFile::read(&body, DAG_FILE_PARSE_REQUEST);
            assert!(read.is_ok(), "{release}: {read:?}: {body:#}");
        }
    }
}
