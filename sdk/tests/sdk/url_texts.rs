//! Texts that Airflow's client would put into a URL as another text: refused before anything is sent.

use airflow_sdk::testing::{State, Supervisor};
use airflow_sdk::{ClientError, ClientErrorKind, Result, Task, Value};

/// The messages that were sent, but for the outcome.
fn sent(handler: fn(&Task) -> Result<()>) -> usize {
    let report = Supervisor::new().run_task(handler);
    report.assert_success();
    report.messages().len() - 1
}

fn refused<T>(result: std::result::Result<T, ClientError>, words: &str) {
    let error = result.err().unwrap();
    assert_eq!(error.kind(), ClientErrorKind::Name, "{error}");
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn no_request_about_something_else_is_sent() {
    fn asks(task: &Task) -> Result<()> {
        let key = "the variable key \"a#staging\" has '#'";
        refused(task.variable("a#staging"), key);
        refused(task.find_variable("a#staging"), key);
        refused(task.json_variable::<Value>("a#staging"), key);
        refused(task.set_variable("a#staging", "v"), key);
        refused(task.set_variable_described("a#staging", "v", "d"), key);
        refused(task.set_json_variable("a#staging", 1), key);
        refused(task.delete_variable("a#staging"), key);
        let conn = "the connection id \"a/b\" has '/'";
        refused(task.connection("a/b"), conn);
        refused(task.find_connection("a/b"), conn);

        let key = "../../../other_dag/r2/t2/return_value";
        let words = "return_value\" has the segment \"..\"";
        let xcom = task.own_xcom(key);
        refused(task.push_xcom(key, 1), words);
        refused(xcom.set(1), words);
        refused(xcom.delete(), words);
        refused(xcom.get::<Value>(), words);
        refused(xcom.find::<Value>(), words);
        refused(xcom.value(), words);
        refused(xcom.count(), words);
        refused(xcom.item::<Value>(0), words);
        refused(xcom.find_item::<Value>(0), words);
        refused(xcom.all::<Value>(), words);
        refused(task.xcom::<Value>("t?"), "the task id \"t?\" has '?'");
        let other = task.xcom_of("t").dag("d/e");
        refused(other.get::<Value>(), "the dag id \"d/e\" has '/'");
        let other = task.xcom_of("t").run("%61");
        refused(other.get::<Value>(), "the run id \"%61\" has \"%61\"");

        let run = task.trigger_dag_run("other", "for_2026#2");
        refused(run.send(), "the run id \"for_2026#2\" has '#'");
        refused(task.find_dag_run("", "r"), "the dag id \"\" is empty");
        refused(task.dag_run_state("d", ".."), "the segment \"..\"");

        let state = task.state();
        refused(state.set("..", 1), "the state key \"..\"");
        refused(state.get::<Value>("."), "the state key \".\"");
        refused(state.delete(""), "the state key \"\" is empty");
        Ok(())
    }
    assert_eq!(sent(asks), 0);
}

#[test]
fn what_arrives_unharmed_stays_free() {
    fn asks(task: &Task) -> Result<()> {
        task.state().set("a/../b?c#d%61", 1)?;
        task.push_xcom("a/b", 1)?;
        task.asset_state("orders").set("..", 1)?;
        Ok(())
    }
    let report = Supervisor::new()
        .asset("orders", "s3://orders")
        .run_task(asks);
    report.assert_success();
    assert_eq!(report.messages().len(), 4);
}

/// An installation may allow run ids that the client can't put into a URL.
#[test]
fn a_bad_id_of_the_task_itself_is_told() {
    let report = Supervisor::new()
        .run_id("2026/06")
        .run_task(|_: &Task| -> Result<u8> { Ok(1) });
    assert_eq!(report.state(), State::Failed);
    assert_eq!(report.messages_of("SetXCom").count(), 0);
    assert!(
        report
            .logs()
            .iter()
            .any(|record| format!("{record:?}").contains("the run id \\\"2026/06\\\" has '/'")),
        "{report:?}"
    );
}
