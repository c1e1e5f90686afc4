//! The realistic pipeline, and the bundle whose panics abort.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use serde_json::{Value, json};

use crate::airflow::Airflow;

const RUN: &str = "live";
const PATIENCE: Duration = Duration::from_mins(2);

/// The orders that the server on the loopback has.
const ORDERS: &str = r#"[{"id": 1, "region": "us", "amount": 1.0}, {"id": 2, "region": "eu", "amount": 2.5},
    {"id": 3, "region": "us", "amount": 4.0}, {"id": 4, "region": "asia", "amount": 9.0}]"#;

/// Serves the orders to whoever has the token.
fn serve_orders() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let len = stream.read(&mut request).unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..len]).into_owned();
            let good = request.starts_with("GET /orders/today ")
                && request.contains("Bearer t0ken-of-orders");
            let (status, body) = if good {
                ("200 OK", ORDERS)
            } else {
                ("403 Forbidden", "")
            };
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    port
}

/// A connection, variables, HTTP, `XCom`s from and to Python, a mapped task, a retry.
pub fn orders(airflow: &Airflow) {
    let api = &airflow.api;
    let connection = json!({
        "connection_id": "orders_api", "conn_type": "http", "host": "127.0.0.1", "port": serve_orders(),
        "password": "t0ken-of-orders",
    });
    api.request("POST", "/connections", Some(&connection));
    api.request(
        "POST",
        "/variables",
        Some(&json!({"key": "orders_path", "value": "/orders/today"})),
    );
    airflow.wait_for_dags(&["orders"]);
    api.trigger("orders", RUN, &json!({}));
    api.wait_for_end("orders", RUN, PATIENCE);
    assert_eq!(
        api.run_state("orders", RUN),
        "success",
        "{:?}",
        api.states("orders", RUN)
    );
    let states = api.states("orders", RUN);
    assert_eq!(states["publish"], ("success".to_owned(), 2));
    assert_eq!(states["summarise[1]"], ("success".to_owned(), 1));
    assert!(!states.contains_key("summarise[2]"), "{states:?}");
    assert_eq!(api.xcom("orders", RUN, "publish", "return_value"), json!(2));
    let log = api.log("orders", RUN, "fetch", 1);
    assert!(
        log.iter()
            .any(|record| record["event"] == "fetched" && record["orders"] == 3),
        "{log:?}"
    );
    let log = api.log("orders", RUN, "publish", 1);
    let failed = log.iter().find(|record| {
        record["event"]
            .as_str()
            .is_some_and(|event| event.contains("Task failed"))
    });
    assert_eq!(
        failed.unwrap()["error_detail"][1]["exc_value"],
        "the warehouse is busy"
    );
}

/// Panics that abort the process are failures with a message all the same.
pub fn aborts(airflow: &Airflow) {
    let api = &airflow.api;
    airflow.wait_for_dags(&["abort"]);
    api.trigger("abort", RUN, &json!({}));
    api.wait_for_end("abort", RUN, PATIENCE);
    let states = api.states("abort", RUN);
    for (task, state, attempt) in [
        ("nothing", "success", 1),
        ("panics", "success", 2),
        ("always_panics", "failed", 1),
        ("panics_elsewhere", "failed", 1),
    ] {
        assert_eq!(states[task], (state.to_owned(), attempt), "{task}");
    }
    for (task, message) in [
        ("panics", "the first try panics"),
        ("always_panics", "there is a number"),
        ("panics_elsewhere", "in a thread of its own"),
    ] {
        let log = api.log("abort", RUN, task, 1);
        let said = |record: &Value| {
            record["event"]
                .as_str()
                .is_some_and(|event| event.contains(message))
        };
        assert!(log.iter().any(said), "{task}: {log:?}");
        assert!(
            log.iter()
                .all(|record| !record.to_string().contains("abnormally")),
            "{task}: {log:?}"
        );
    }
}
