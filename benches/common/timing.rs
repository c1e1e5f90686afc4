//! Times that the benchmarks compare.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long a command takes that must succeed.
pub fn time(command: &mut Command) -> Duration {
    let start = Instant::now();
    let status = command.stdout(Stdio::null()).status();
    let status = status.unwrap_or_else(|error| panic!("{command:?}: {error}; install it"));
    assert!(status.success(), "{command:?}: {status}");
    start.elapsed()
}

pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
