//! Arguments that arrive.

use std::collections::BTreeMap;

use airflow_sdk::jiff::{Timestamp, civil};
use airflow_sdk::{Args, Lazy, Outcome, Output, Result, Task, Value, json, python};
use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize, Serialize)]
pub struct Order {
    pub id: u64,
    pub total: f64,
}

pub fn orders() -> Result<Vec<Order>> {
    Ok(vec![
        Order { id: 1, total: 2.5 },
        Order { id: 2, total: 3.0 },
    ])
}

pub fn load(orders: Vec<Order>, limit: u32) -> Result<String> {
    let sum: f64 = orders.iter().map(|order| order.total).sum();
    Ok(format!("{} orders, {sum}, limit {limit}", orders.len()))
}

pub fn task_first(task: &Task, orders: Vec<Order>, limit: u32) -> Result<String> {
    Ok(format!("{}: {}", task.task_id(), load(orders, limit)?))
}

pub fn task_second(orders: Vec<Order>, task: &Task, limit: u32) -> Result<String> {
    task_first(task, orders, limit)
}

pub fn defaults(
    given: i64,
    number: i64,
    text: String,
    list: Vec<u8>,
    none: Option<u8>,
) -> Result<Value> {
    Ok(json!([given, number, text, list, none]))
}

pub fn nulls(
    literal: Option<u32>,
    number: Option<u32>,
    result: Option<Vec<u8>>,
) -> Result<[bool; 3]> {
    Ok([literal.is_some(), number.is_some(), result.is_some()])
}

#[expect(clippy::too_many_arguments, reason = "more than eight, for Airflow to send")]
pub fn nine(
    a: i8,
    b: u64,
    c: f32,
    d: bool,
    size: String,
    list: Vec<Option<i32>>,
    map: BTreeMap<String, f64>,
    pair: (u8, String),
    long: char,
) -> Result<Value> {
    Ok(json!([a, b, c, d, size, list, map, pair, long]))
}

pub fn from_python(
    moment: Timestamp,
    day: civil::Date,
    span: python::TimeDelta,
    id: python::Uuid,
    pair: (u8, String),
    set: Vec<u8>,
    nested: BTreeMap<String, python::DateTime>,
) -> Result<Value> {
    let nested: BTreeMap<_, _> = nested
        .into_iter()
        .map(|(key, moment)| (key, moment.0.to_string()))
        .collect();
    Ok(json!([
        moment.to_string(),
        day.to_string(),
        span.0.as_secs(),
        id.0,
        pair,
        set,
        nested
    ]))
}

pub fn models(
    one: Order,
    all: Vec<Order>,
    by_name: BTreeMap<String, Order>,
    at: Timestamp,
) -> Result<Value> {
    Ok(json!([one, all, by_name, at.to_string()]))
}

#[derive(Deserialize)]
pub struct Load {
    orders: Vec<Order>,
    max_rows: usize,
    dry_run: bool,
    mode: Option<String>,
    absent: Option<u8>,
}

pub fn named(task: &Task, Args(load): Args<Load>) -> Result<Value> {
    Ok(json!([
        task.task_id(),
        load.orders.len(),
        load.max_rows,
        load.dry_run,
        load.mode,
        load.absent
    ]))
}

pub fn lazy(now: bool, orders: Lazy<Vec<Order>>, absent: Lazy<u8>) -> Result<Value> {
    let count = if now { orders.get()?.len() } else { 0 };
    Ok(json!([count, absent.get().is_err()]))
}

pub fn skips() -> Result<u8> {
    Err(Outcome::skip("there is nothing"))?
}

pub fn optional(value: Option<u8>) -> Result<bool> {
    Ok(value.is_none())
}

pub fn float(number: f64) -> Result<f64> {
    Ok(number + 0.5)
}

pub async fn asynchronous(number: u64, task: &Task) -> Result<String> {
    Ok(format!("{} {number}", task.task_id()))
}

pub fn untyped(task: &Task) -> Result<Value> {
    let mut all = Vec::new();
    for argument in task.args()? {
        let schema = argument.schema().and_then(|schema| schema["type"].as_str());
        all.push(json!([
            argument.name(),
            argument.upstream(),
            argument.is_default(),
            schema,
            argument.value()?
        ]));
    }
    Ok(all.into())
}

pub fn numbers() -> Result<Output<Vec<u32>>> {
    Ok(Output::new(vec![1, 2, 3]).mapped())
}

pub fn one(task: &Task) -> Result<u32> {
    Ok(task.mapped_item::<u32>("numbers")? * 10)
}

pub fn crossed(task: &Task) -> Result<String> {
    let (letter, number) = task.mapped_item::<(String, u32)>(["letters", "numbers"])?;
    Ok(format!("{letter}{number}"))
}

pub fn again(task: &Task) -> Result<u32> {
    Ok(task.mapped_item::<u32>("one")? + 1)
}

pub fn rows(task: &Task) -> Result<u64> {
    Ok(task.mapped_item::<Order>("dicts")?.id)
}
