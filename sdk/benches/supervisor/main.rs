//! `cargo bench -p airflow-sdk`: what a task costs beside its own work, with a supervisor on the loopback.
//!
//! - From the start of an executable to its `SucceedTask`, beside the start and end of a program that does nothing.
//! - XComs, each written and read back.
//!
//! A missed goal is printed and makes the benchmark fail. `-- --smoke` does little of each and judges nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark"
)]

mod conversation;
mod executables;

use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use airflow_sdk::{Result, Task};

use conversation::Supervisor;

/// The median of the time from the start of a process to its `SucceedTask`.
const START_GOAL: Duration = Duration::from_millis(3);

/// How many XComs the task is to write and read back, for the process that does it.
const TRIPS: &str = "BENCH_TRIPS";

fn main() -> ExitCode {
    // This very program is also the bundle whose task exchanges XComs.
    if std::env::args().any(|argument| argument.starts_with("--comm=")) {
        airflow_sdk::bundle! { "bench" => { xcoms } }.serve();
    }
    let smoke = std::env::args().any(|argument| argument == "--smoke");
    let (starts, trips) = if smoke { (5, 100) } else { (200, 10_000) };
    let supervisor = Supervisor::new();
    let met = start(&supervisor, starts, smoke);
    exchange(&supervisor, trips);
    ExitCode::from(u8::from(!met))
}

fn xcoms(task: &Task) -> Result<()> {
    let trips: u64 = std::env::var(TRIPS)?.parse()?;
    let xcom = task.own_xcom("counter");
    for number in 0..trips {
        xcom.set(number)?;
        assert_eq!(xcom.get::<u64>()?, number);
    }
    Ok(())
}

/// Starts a bundle that does nothing, and a program that does nothing, in turn. Whether the goal is met.
fn start(supervisor: &Supervisor, starts: usize, smoke: bool) -> bool {
    let bundle = executables::bundle(smoke);
    let bare = executables::bare();
    let (mut bare_times, mut bundle_times) = (Vec::new(), Vec::new());
    for _ in 0..starts {
        let begin = Instant::now();
        let status = Command::new(&bare).stdin(Stdio::null()).status().unwrap();
        bare_times.push(begin.elapsed());
        assert!(status.success());
        let begin = Instant::now();
        let run = supervisor.run(&mut Command::new(&bundle), "minimal", "nothing");
        bundle_times.push(run.ended - begin);
    }
    println!("{starts} starts, in ms                               median     90 %");
    show(
        "a program that does nothing, from start to exit",
        &mut bare_times,
    );
    show(
        "a bundle that does nothing, to its SucceedTask",
        &mut bundle_times,
    );
    let median = quantile(&bundle_times, 50);
    let met = smoke || median <= START_GOAL;
    println!(
        "start to SucceedTask, median   {:>6.2} ms   goal {:.2}   {}",
        millis(median),
        millis(START_GOAL),
        if met { "ok" } else { "MISSED" }
    );
    met
}

/// One task that writes each XCom and reads it back.
fn exchange(supervisor: &Supervisor, trips: u32) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(TRIPS, trips.to_string());
    let run = supervisor.run(&mut command, "bench", "xcoms");
    // Each is two requests; the last request of all is `SucceedTask`.
    assert_eq!(run.requests, 2 * u64::from(trips) + 1);
    let total = run.ended - run.first_request;
    println!(
        "{trips} XComs, each set and got back: {:.3} s; {:.1} us for one, {:.1} us for a request",
        total.as_secs_f64(),
        total.as_secs_f64() * 1e6 / f64::from(trips),
        total.as_secs_f64() * 1e6 / f64::from(2 * trips),
    );
}

fn show(what: &str, times: &mut [Duration]) {
    times.sort();
    println!(
        "{what:<50} {:>6.2}   {:>6.2}",
        millis(quantile(times, 50)),
        millis(quantile(times, 90))
    );
}

/// Of sorted times.
fn quantile(times: &[Duration], percent: usize) -> Duration {
    times[(times.len() * percent / 100).min(times.len() - 1)]
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
