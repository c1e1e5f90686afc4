//! The bundle: tasks that end in every way that is hard to survive.

use std::ffi::{c_char, c_int, c_uint};
use std::fmt;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::errors::{cannot_unwind, drop_in_cleanup, error_with_panics, thread_local};
use crate::loggers::logs;
use crate::served::asks;
use airflow_sdk::{ClientErrorKind, CommandError, Error, Outcome, Result, Task};
use serde::{Serialize, Serializer};

/// Which functions of `before_outcome` the bundle has.
pub const HOOK: &str = "TEST_HOOK";
/// How many bytes of stack a task uses.
pub const DEPTH: &str = "TEST_DEPTH";

const LONG: Duration = Duration::from_mins(1);

/// Serves, as a user's `main` does.
pub fn serve() -> ! {
    crate::loggers::set();
    let bundle = airflow_sdk::bundle! { "errors" => {
        error_with_panics, drop_in_cleanup, cannot_unwind, thread_local,
    }, "loggers" => { logs }, "process" => {
        nothing, aborts_at_exit, skips_and_aborts_at_exit, prints, keeps_stdout, exits, exits_elsewhere, exits_in_display,
        exits_in_serialize, exits_in_an_error, exits_with_stdout, exits_with_a_lock, exits_when_stopped, exits_after_the_outcome,
        fails, waits, overflows, goes_deep, grandchild, stubborn, leaves_some_behind, inherits, copies, exits_beside_a_command,
        asynchronous, forks, returns_late, never_ends, asks, tidies, ignores, rate, sets_a_limit,
        limits_itself,
    } };
    let short = Duration::from_millis(200);
    let bundle = match std::env::var(HOOK).as_deref() {
        Ok("two") => bundle
            .before_outcome(LONG, || {
                std::thread::sleep(Duration::from_millis(300));
                log::info!("the first is done");
            })
            .before_outcome(LONG, || log::info!("the second is done")),
        Ok("late") => bundle
            .before_outcome(short, || std::thread::sleep(LONG))
            .before_outcome(LONG, || log::info!("the next is done")),
        Ok("thread-local") => bundle.before_outcome(LONG, thread_local),
        Ok("panics") => bundle.before_outcome(LONG, || panic!("in the hook")),
        Ok("hangs") => bundle.before_outcome(LONG, || {
            log::info!("the hook runs");
            std::thread::sleep(LONG);
        }),
        Ok("exits") => bundle.before_outcome(LONG, || std::process::exit(0)),
        _ => bundle,
    };
    bundle.serve()
}

unsafe extern "C" {
    safe fn atexit(function: extern "C" fn()) -> c_int;
    fn puts(text: *const c_char) -> c_int;
    fn fork() -> c_int;
    safe fn alarm(seconds: c_uint) -> c_uint;
    fn waitpid(process: c_int, status: *mut c_int, options: c_int) -> c_int;
}

/// As a C library that tears down what is gone already.
extern "C" fn abort_at_exit() {
    std::process::abort();
}

fn nothing() {}

fn aborts_at_exit() {
    assert_eq!(atexit(abort_at_exit), 0);
}

fn skips_and_aborts_at_exit() -> Result<()> {
    aborts_at_exit();
    Err(Outcome::skip("nothing to do").into())
}

fn prints() {
    print!("from Rust without an end of line");
    // SAFETY: a text that ends in a zero.
    unsafe {
        puts(c"from C".as_ptr());
    }
}

fn keeps_stdout() {
    std::thread::spawn(|| {
        let _kept = std::io::stdout().lock();
        std::thread::sleep(LONG);
    });
    std::thread::sleep(Duration::from_millis(100));
}

/// A child without `exec`, as Python's `multiprocessing` makes them, which ends by C's `exit`.
fn forks() {
    // SAFETY: the declarations are those of C's <unistd.h> and <sys/wait.h>. The child does nothing but `alarm` and `exit`, whose functions were all
    // registered by the standard library or the SDK; the lock that `exit` takes is free, as no other thread of this bundle exits or
    // registers a function now.
    let child = unsafe { fork() };
    if child == 0 {
        // A child that hangs ends by SIGALRM, which its status tells.
        alarm(10);
        std::process::exit(0);
    }
    assert!(child > 0);
    let mut status = -1;
    // SAFETY: the child is this process's own, and `status` outlives the call.
    let ended = unsafe { waitpid(child, &raw mut status, 0) };
    assert_eq!((ended, status), (child, 0));
}

fn exits() {
    std::process::exit(0);
}

fn exits_elsewhere() {
    std::thread::spawn(|| std::process::exit(3));
    std::thread::sleep(LONG);
}

/// Ends the process wherever it is used.
#[derive(Debug)]
struct Exits;

impl fmt::Display for Exits {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        std::process::exit(0)
    }
}

impl std::error::Error for Exits {}

impl Serialize for Exits {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        std::process::exit(0)
    }
}

fn exits_in_display() {
    log::info!("{Exits}");
}

#[allow(clippy::unnecessary_wraps, reason = "only a result has a value")]
fn exits_in_serialize() -> Result<Exits> {
    Ok(Exits)
}

/// An error is written on a thread of the SDK's own.
fn exits_in_an_error() -> Result<()> {
    Err(Error::new(Exits))
}

fn exits_with_stdout() {
    let mut out = std::io::stdout().lock();
    out.write_all(b"a line\n").unwrap();
    std::process::exit(0);
}

fn exits_with_a_lock() {
    static LOCK: Mutex<()> = Mutex::new(());
    let _guard = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    std::process::exit(0);
}

fn exits_when_stopped(task: &Task) {
    log::info!("ready");
    let _ = task.cancellation().sleep(LONG);
    std::process::exit(0);
}

/// Leaves a thread behind that sees that the outcome is on its way, and exits.
fn exits_after_the_outcome(task: &Task) {
    let task = task.clone();
    std::thread::spawn(move || {
        loop {
            let error = task.mask_secret("a secret").err();
            if error.is_some_and(|error| error.kind() == ClientErrorKind::Ended) {
                std::process::exit(3);
            }
        }
    });
    std::thread::sleep(Duration::from_millis(50));
}

fn fails() -> Result<()> {
    Err(Error::msg("on purpose"))
}

fn waits(task: &Task) -> Result<()> {
    log::info!("ready");
    task.cancellation().sleep(LONG)?;
    Ok(())
}

fn tidies(task: &Task) {
    log::info!("ready");
    let _ = task.cancellation().sleep(LONG);
    println!("tidied up");
}

fn ignores() {
    log::info!("ready");
    std::thread::sleep(LONG);
}

fn sets_a_limit(task: &Task) -> Result<()> {
    task.set_execution_timeout(Duration::from_millis(200))?;
    Ok(())
}

fn limits_itself(task: &Task) -> Result<()> {
    sets_a_limit(task)?;
    std::thread::sleep(LONG);
    Ok(())
}

fn rate(task: &Task) -> Result<()> {
    log::info!("the rate is {}", task.variable("rate")?);
    Ok(())
}

#[allow(unconditional_recursion, reason = "that is the point")]
fn overflow(depth: u64) -> u64 {
    let room = std::hint::black_box([depth; 512]);
    overflow(depth + 1) + room[0]
}

fn overflows() {
    std::hint::black_box(overflow(0));
}

fn goes_deep() -> Result<()> {
    let depth: usize = std::env::var(DEPTH)?.parse()?;
    std::hint::black_box(deep(depth / 4096));
    Ok(())
}

fn deep(pages: usize) -> u64 {
    let room = std::hint::black_box([1_u64; 512]);
    if pages == 0 {
        return room[0];
    }
    deep(pages - 1) + room[0]
}

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

fn grandchild(task: &Task) -> Result<(), CommandError> {
    task.run_command(&mut shell(
        "sleep 300 & echo pid $!; echo wrong >&2; echo ready; wait",
    ))
}

fn stubborn(task: &Task) -> Result<(), CommandError> {
    task.run_command(&mut shell(
        "trap '' TERM; sleep 300 & echo pid $!; echo pid $$; echo ready; while :; do sleep 1; done",
    ))
}

fn leaves_some_behind(task: &Task) -> Result<String> {
    task.run_command(&mut shell("sleep 300 & echo pid $!"))?;
    task.run_command(&mut shell("sleep 300 >/dev/null 2>&1 & echo pid $!"))?;
    let error = task.run_command(&mut shell("exit 7")).unwrap_err();
    assert_eq!(error.status().and_then(|status| status.code()), Some(7));
    assert!(
        error.to_string().contains("\"sh\" failed: exit status: 7"),
        "{error}"
    );
    let error = task
        .run_command(&mut Command::new("/no/such/program"))
        .unwrap_err();
    assert!(std::error::Error::source(&error).is_some(), "{error}");
    // More than a pipe holds, and all of it.
    let much = task.command_output(&mut shell("head -c 300000 /dev/zero; echo said >&2"))?;
    assert_eq!(much.len(), 300_000);
    // One line that is longer than a record may be.
    task.run_command(&mut shell("head -c 100000 /dev/zero | tr '\\0' x"))?;
    Ok(String::from_utf8(
        task.command_output(&mut shell("echo returned"))?,
    )?)
}

/// A child that is not waited for, with the standard output of the task.
fn inherits() -> Result<()> {
    Command::new("sleep")
        .arg("2")
        .stdin(Stdio::null())
        .spawn()?;
    Ok(())
}

/// The same by the SDK, and out of the group.
fn copies(task: &Task) -> Result<(), CommandError> {
    task.run_command(&mut shell("setsid sleep 2 &"))
}

/// What a program that has left the group of the shell before the shell ends writes a second later: the substitution ends when
/// `setsid` has run and the program has let go of the substitution's own pipe.
fn returns_late(task: &Task) -> Result<String> {
    let script = "exec 3>&1; : $(setsid sh -c 'exec >&3; sleep 1; echo late' 2>&- &); echo soon";
    Ok(String::from_utf8(task.command_output(&mut shell(script))?)?)
}

fn never_ends(task: &Task) -> Result<()> {
    let script =
        "exec 3>&1; : $(setsid sh -c 'exec >&3; sleep 20' 2>&- &); echo soon; echo ready >&2";
    task.command_output(&mut shell(script))?;
    Ok(())
}

fn exits_beside_a_command(task: &Task) -> Result<(), CommandError> {
    std::thread::spawn(|| {
        std::thread::sleep(Duration::from_millis(500));
        std::process::exit(0);
    });
    task.run_command(&mut shell("trap '' TERM; echo pid $$; sleep 300"))
}

/// The recipe for async handlers.
#[cfg(feature = "tokio")]
async fn asynchronous(task: &Task) -> Result<()> {
    task.blocking(|task| {
        task.run_command(
            Command::new("sh").args(["-c", "sleep 300 & echo pid $!; echo ready; wait"]),
        )
    })
    .await??;
    Ok(())
}

#[cfg(not(feature = "tokio"))]
fn asynchronous(task: &Task) -> Result<(), CommandError> {
    grandchild(task)
}
