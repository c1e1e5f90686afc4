//! The arguments of a stub's call in the Dag: `ti_context.arg_bindings`.
//!
//! Source: `XComArgBinding` and `LiteralArgBinding` in `airflow/sdk/api/datamodels/_generated.py` of `apache-airflow-task-sdk` 1.4.0b2, and
//! `build_arg_bindings` in `airflow/serialization/stub_arg_bindings.py` of `apache-airflow-core` 3.4.0b2, which makes them.

use serde_json::Value;

use crate::fields::Fields;
use crate::release::SCHEMA_2026_10_30;
use crate::startup::StartupDetails;

/// The key in `ti_context`.
pub const ARG_BINDINGS: &str = "arg_bindings";

/// What a task is told of the arguments of its call.
#[derive(Clone, Debug, PartialEq)]
pub enum CallArguments {
    /// Nothing: the release does not send them, or not to executables of this schema version.
    Unsent,
    /// That there are none: the call passes none, or the task is mapped.
    Nothing,
    /// The arguments, one for each parameter of the stub, in its order.
    Given(Vec<Binding>),
}

/// An argument.
#[derive(Clone, Debug, PartialEq)]
pub struct Binding {
    /// The name of the stub's parameter.
    pub name: String,
    /// Where the value comes from.
    pub origin: Origin,
    /// The JSON Schema of the stub's annotation, if it has one that says something. Airflow does not hold values against it.
    pub schema: Option<Value>,
}

/// Where the value of an argument comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// It is in the Dag.
    Literal {
        /// The value.
        value: Value,
        /// Whether it is the parameter's default, and the call does not name it.
        from_default: bool,
    },
    /// It is what another task of the run has returned, a task that is not mapped.
    XCom {
        /// That task's id.
        task_id: String,
    },
}

impl StartupDetails {
    /// The arguments of the task's call, or why they cannot be read.
    pub fn call_arguments(&self) -> Result<CallArguments, String> {
        if let Some(fault) = self.arguments_fault() {
            return Err(fault.to_string());
        }
        match &self.ti_context.arg_bindings {
            None => Ok(CallArguments::Unsent),
            Some(Value::Null) => Ok(CallArguments::Nothing),
            Some(Value::Array(list)) => {
                let all: Result<_, _> = list.iter().map(Binding::read).collect();
                all.map(CallArguments::Given)
            }
            Some(_) => Err(format!("{ARG_BINDINGS} of ti_context is not a list")),
        }
    }

    /// Whether the supervisor would send arguments to an executable that is packed for it alone.
    pub fn could_send_arguments(&self) -> bool {
        self.release.knows_schema(SCHEMA_2026_10_30)
    }
}

impl Binding {
    fn read(binding: &Value) -> Result<Self, String> {
        let fields = Fields::of(binding, "an argument")?;
        let name = fields.required("name")?;
        let origin = match fields.required("kind")?.as_str() {
            "literal" => Origin::Literal {
                value: fields.get("value").clone(),
                from_default: fields.flag("from_default")?.unwrap_or(false),
            },
            "xcom" => Origin::XCom {
                task_id: fields.required("task_id")?,
            },
            other => {
                return Err(format!(
                    "the argument {name:?} is of the kind {other:?}, which this version of airflow-sdk does not know: use a newer one"
                ));
            }
        };
        let schema = Some(fields.get("value_schema")).filter(|schema| !schema.is_null());
        Ok(Self {
            name,
            origin,
            schema: schema.cloned(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use serde_json::{Value, json};

    use super::{ARG_BINDINGS, Binding, CallArguments, Origin};
    use crate::codec::Fault;
    use crate::startup::StartupDetails;

    fn details(context: &Value, faults: Vec<Fault>) -> StartupDetails {
        let mut context = context.clone();
        context["dag_run"] = json!({"dag_id": "d", "run_id": "r"});
        let ti = json!({"id": "i", "task_id": "t", "dag_id": "d", "run_id": "r"});
        StartupDetails::read(&json!({"ti": ti, "ti_context": context}), faults).unwrap()
    }

    fn read(bindings: &Value) -> Result<CallArguments, String> {
        details(&json!({ARG_BINDINGS: bindings}), Vec::new()).call_arguments()
    }

    #[test]
    fn each_kind_is_read() {
        // What 3.4.0b2 has sent.
        let sent = json!([
            {"name": "a", "value_schema": null, "kind": "xcom", "task_id": "src"},
            {"name": "c", "value_schema": {"type": "string"}, "kind": "literal", "value": "dflt", "from_default": true},
            {"name": "e", "value_schema": null, "kind": "literal", "value": null, "from_default": false},
        ]);
        let literal = |value: Value, from_default| Origin::Literal {
            value,
            from_default,
        };
        let binding = |name: &str, origin, schema| Binding {
            name: name.to_owned(),
            origin,
            schema,
        };
        let from_src = Origin::XCom {
            task_id: "src".to_owned(),
        };
        let expected = vec![
            binding("a", from_src, None),
            binding(
                "c",
                literal("dflt".into(), true),
                Some(json!({"type": "string"})),
            ),
            binding("e", literal(Value::Null, false), None),
        ];
        assert_eq!(read(&sent), Ok(CallArguments::Given(expected)));
    }

    #[test]
    fn null_is_not_absent() {
        assert_eq!(read(&Value::Null), Ok(CallArguments::Nothing));
        let absent = details(&json!({}), Vec::new());
        assert_eq!(absent.call_arguments(), Ok(CallArguments::Unsent));
        assert!(!absent.could_send_arguments());
        assert!(details(&json!({"multi_team": false}), Vec::new()).could_send_arguments());
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        for (odd, reason) in [
            (json!(3), "arg_bindings of ti_context is not a list"),
            (json!(["x"]), "an argument is not a map"),
            (
                json!([{"kind": "literal"}]),
                "name of an argument is missing",
            ),
            (
                json!([{"name": "x", "kind": "xcom"}]),
                "task_id of an argument is missing",
            ),
            (
                json!([{"name": "x", "kind": "element"}]),
                "the argument \"x\" is of the kind \"element\"",
            ),
        ] {
            let error = read(&odd).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
        for path in [vec!["ti_context", ARG_BINDINGS, "value"], vec![]] {
            let fault = Fault {
                path: path.into_iter().map(str::to_owned).collect(),
                problem: "too deep".to_owned(),
            };
            let error = details(&json!({ARG_BINDINGS: []}), vec![fault]).call_arguments();
            assert!(error.unwrap_err().contains("too deep"));
        }
    }
}
