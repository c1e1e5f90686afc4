//! Real faults in system calls, by strace.

use std::process::Command;

use crate::packer::{Outcome, run};
use crate::site::wrapped;

/// Runs `command` with `what` (`error=EIO`, `signal=KILL`) done to call number `number` of `call`, in each thread.
#[track_caller]
pub fn with_fault(command: &Command, call: &str, what: &str, number: usize) -> Outcome {
    run(&mut faulty(command, call, &format!("{what}:when={number}")))
}

/// The same for every such call.
#[track_caller]
pub fn with_faults(command: &Command, call: &str, what: &str) -> Outcome {
    run(&mut faulty(command, call, what))
}

/// `command` with `what` done to `call`, which may be several with commas between.
pub fn faulty(command: &Command, call: &str, what: &str) -> Command {
    let available = Command::new("strace").arg("--version").output();
    assert!(
        available.is_ok(),
        "this test needs strace: `apt-get install strace`"
    );
    let (trace, inject) = (format!("trace={call}"), format!("inject={call}:{what}"));
    let args = [
        "-f",
        "-qqq",
        "-o",
        "/dev/null",
        "-e",
        &trace,
        "-e",
        &inject,
        "--",
    ];
    wrapped("strace", args, command)
}
