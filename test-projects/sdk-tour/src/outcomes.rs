//! Every way to end.

use std::process::Command;
use std::time::Duration;

use airflow_sdk::{Defer, Error, HumanInput, Outcome, Result, Task, jiff, python};

pub fn succeed() {}

pub fn never() -> Result<()> {
    Err(Error::msg("this task must never run"))
}

pub fn fail() -> Result<i32> {
    Ok("x".parse::<i32>().map_err(|error| Error::new(error).context("reading the port"))?)
}

pub fn retry_then_succeed(task: &Task) -> Result<u32> {
    if task.try_number() == 1 {
        return Err(Error::msg("the first try fails"));
    }
    Ok(task.try_number())
}

pub fn retry_with_delay(task: &Task) -> Result<()> {
    if task.try_number() == 1 {
        return Err(Outcome::retry("in a second").after(Duration::from_secs(1)).into());
    }
    Ok(())
}

pub fn fail_without_retry() -> Result<()> {
    Err(Outcome::fail("hopeless").into())
}

pub fn skip() -> Result<()> {
    Err(Outcome::skip("nothing to do").into())
}

pub fn reschedule(task: &Task) -> Result<u32> {
    if task.reschedule_count() == 0 {
        return Err(Outcome::reschedule_after(Duration::from_secs(12)).into());
    }
    if task.first_reschedule(1)?.is_none() {
        return Err(Error::msg("the time of the first reschedule is not known"));
    }
    Ok(task.reschedule_count())
}

pub fn defer(task: &Task) -> Result<String> {
    if let Some(resume) = task.resume() {
        let label: Option<String> = resume.arg("label")?;
        let event: jiff::Timestamp = resume.event()?;
        return Ok(format!("{} {} {}", resume.method(), label.unwrap_or_default(), event.as_second() > 0));
    }
    let moment = jiff::Timestamp::now().checked_add(Duration::from_secs(12))?;
    let defer = Defer::new("airflow.providers.standard.triggers.temporal.DateTimeTrigger", "woken")
        .trigger_arg("moment", python::DateTime(moment))?
        .next_arg("label", "kept")?
        .timeout(Duration::from_secs(300));
    Err(Outcome::defer(defer).into())
}

pub fn await_input(task: &Task) -> Result<Option<airflow_sdk::Value>> {
    match task.resume() {
        Some(resume) => resume.arg("event").map_err(Error::from),
        None => Err(Outcome::await_input(HumanInput::new("Ship it?", ["Approve", "Reject"]).body("Release 1.2")).into()),
    }
}

pub fn panic() {
    let numbers: Vec<i32> = Vec::new();
    log::info!("{}", numbers[3]);
}

unsafe extern "C" {
    safe fn atexit(function: extern "C" fn()) -> std::ffi::c_int;
}

/// Stands for a C library that tears down at exit what is gone already.
extern "C" fn abort_at_exit() {
    std::process::abort();
}

pub fn aborts_at_exit() {
    atexit(abort_at_exit);
}

pub fn skips_and_aborts_at_exit() -> Result<()> {
    atexit(abort_at_exit);
    Err(Outcome::skip("nothing to do").into())
}

pub fn exits(task: &Task) {
    if task.try_number() == 1 {
        std::process::exit(0);
    }
}

#[allow(unconditional_recursion, reason = "that is the point")]
fn overflow(depth: u64) -> u64 {
    let room = std::hint::black_box([depth; 512]);
    overflow(depth + 1) + room[0]
}

pub fn overflows() {
    std::hint::black_box(overflow(0));
}

/// The first try starts a program that has one of its own, and is told to stop.
pub fn runs_programs(task: &Task) -> Result<String> {
    if task.try_number() == 1 {
        log::info!(pid = std::process::id(); "runs_programs is running");
        task.run_command(Command::new("sh").args(["-c", "sleep 600 & echo grandchild $!; echo wrong >&2; wait"]))?;
    }
    Ok(String::from_utf8(task.command_output(Command::new("echo").arg("returned"))?)?)
}

/// Ignores that it is told to stop.
pub fn stubborn() {
    log::info!("stubborn is running");
    std::thread::sleep(Duration::from_secs(60));
}

/// Runs until it is told to stop, and on the second try is told nothing.
pub fn interrupted(task: &Task) -> Result<()> {
    if task.try_number() == 1 {
        log::info!(pid = std::process::id(); "interrupted is running");
        task.cancellation().sleep(Duration::from_secs(120))?;
    }
    Ok(())
}

pub async fn asynchronous(task: &Task) -> anyhow::Result<u32> {
    tokio::time::sleep(Duration::from_millis(10)).await;
    let sum = tokio::spawn(async { 40 + 2 }).await?;
    task.blocking(|task| task.push_xcom("from_blocking", true)).await??;
    Ok(sum)
}
