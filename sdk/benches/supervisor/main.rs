//! `cargo bench -p airflow-sdk`: what a task costs beside its own work, with a supervisor on the loopback.
//!
//! - From the start of an executable to its `SucceedTask`, beside the start and end of a program that does nothing, on an idle machine
//!   and on a busy one; and how often its threads wait.
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
mod switches;

use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use airflow_sdk::{Result, Task};

use conversation::Supervisor;

/// The median of the time from the start of a process to its `SucceedTask`, in milliseconds.
const START_GOAL: f64 = 3.0;

/// The median of its ratio to the time from the start of a program that does nothing to its end, in pairs.
const IDLE_GOAL: f64 = 1.35;
/// The same while each core has a loop to run.
const BUSY_GOAL: f64 = 1.4;

/// The median of how often the threads of a bundle that does nothing wait, from the start of the process to its end: half of what it was
/// with a thread for each of the signals, the log and the replies.
const SWITCHES_GOAL: f64 = 4.5;

/// How many XComs the task is to write and read back, for the process that does it.
const TRIPS: &str = "BENCH_TRIPS";

fn main() -> ExitCode {
    // This very program is also the bundle whose task exchanges XComs.
    if std::env::args().any(|argument| argument.starts_with("--comm=")) {
        airflow_sdk::bundle! { "bench" => { xcoms } }.serve();
    }
    let smoke = std::env::args().any(|argument| argument == "--smoke");
    let (starts, trips) = if smoke { (5, 100) } else { (400, 10_000) };
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

/// Starts a bundle that does nothing, and a program that does nothing, in pairs: by themselves, and while each core has a loop to run.
/// Whether the goals are met.
fn start(supervisor: &Supervisor, pairs: usize, smoke: bool) -> bool {
    let bundle = executables::bundle(smoke);
    let bare = executables::bare();
    println!(
        "{pairs} pairs of starts: medians, and 90 %\n{:<6} {:>16} {:>16} {:>16} {:>22}",
        "", "program, ms", "bundle, ms", "ratio", "switches of the bundle"
    );
    let mut met = true;
    for (name, loops, goal) in [
        ("idle", 0, IDLE_GOAL),
        (
            "busy",
            thread::available_parallelism().unwrap().get(),
            BUSY_GOAL,
        ),
    ] {
        let over = Arc::new(AtomicBool::new(false));
        let busy: Vec<_> = (0..loops)
            .map(|_| {
                let over = Arc::clone(&over);
                thread::spawn(move || while !over.load(Ordering::Relaxed) {})
            })
            .collect();
        let (mut bare_times, mut bundle_times) = (Vec::new(), Vec::new());
        let (mut ratios, mut switches) = (Vec::new(), Vec::new());
        for _ in 0..pairs {
            let begin = Instant::now();
            let status = Command::new(&bare).stdin(Stdio::null()).status().unwrap();
            let bare = begin.elapsed().as_secs_f64();
            assert!(status.success());
            let before = switches::of_children();
            let begin = Instant::now();
            let run = supervisor.run(&mut Command::new(&bundle), "minimal", "nothing");
            let bundle = (run.ended - begin).as_secs_f64();
            switches.push(switches::of_children() - before);
            bare_times.push(bare * 1e3);
            bundle_times.push(bundle * 1e3);
            ratios.push(bundle / bare);
        }
        over.store(true, Ordering::Relaxed);
        for each in busy {
            each.join().unwrap();
        }
        let mut columns = [bare_times, bundle_times, ratios, switches];
        for column in &mut columns {
            column.sort_by(f64::total_cmp);
        }
        print!("{name:<6}");
        for column in &columns {
            let [median, most] = [50, 90].map(|percent| quantile(column, percent));
            print!(" {median:>8.2} {most:>7.2}");
        }
        println!();
        let [_, time, ratio, switches] = columns.each_ref().map(|column| quantile(column, 50));
        let mut judge = |what, value: f64, goal: f64| {
            let fine = value <= goal;
            println!(
                "{name}: {what}   {value:>6.2}   goal {goal:.2}   {}",
                if fine { "ok" } else { "MISSED" }
            );
            met &= fine || smoke;
        };
        judge("ratio", ratio, goal);
        if loops == 0 {
            judge("ms to SucceedTask", time, START_GOAL);
            judge("voluntary switches", switches, SWITCHES_GOAL);
        }
    }
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

/// Of sorted numbers.
fn quantile(numbers: &[f64], percent: usize) -> f64 {
    numbers[(numbers.len() * percent / 100).min(numbers.len() - 1)]
}
