//! Arguments that do not fit: each task fails for good, though it has a retry.

use airflow_sdk::{Args, Outcome, Result, Task};
use serde::Deserialize;

use crate::taken::Order;

pub fn skips() -> Result<u8> {
    Err(Outcome::skip("there is nothing"))?
}

pub fn required(_value: u8) {}

pub fn null(_value: u8) {}

pub fn wrong_count(_orders: Vec<Order>, _task: &Task, _limit: Option<u32>) {}

pub fn wrong_type(_number: u32) {}

#[derive(Deserialize)]
#[expect(dead_code, reason = "nothing is ever in it")]
pub struct Load {
    orders: Vec<Order>,
    limit: u32,
}

pub fn misnamed(_load: Args<Load>) {}

pub fn none_passed(_number: u32) {}

pub fn mapped_parameter(_number: u32) {}

pub fn mapped_literal(task: &Task) -> Result<u32> {
    Ok(task.mapped_item("number").map_err(Outcome::fail)?)
}
