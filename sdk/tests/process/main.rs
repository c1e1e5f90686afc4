//! Served bundles as processes of their own: how they end, and what ends with them.
//!
//! This program is the bundle as well: with the arguments `--comm` and `--logs`, which a supervisor gives, it serves. The usual harness
//! of tests would refuse these arguments, and so the program has a `main` of its own. Without them, `main` runs the tests whose names
//! contain one of its arguments, or all.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::exit,
    reason = "a failed unwrap is a failed test"
)]

#[cfg(unix)]
mod commands;
#[cfg(unix)]
mod errors;
#[cfg(unix)]
mod exit;
#[cfg(unix)]
mod hooks;
#[cfg(unix)]
mod instrumented;
#[cfg(unix)]
mod loggers;
#[cfg(unix)]
mod served;
#[cfg(unix)]
mod stopping;
#[cfg(unix)]
mod supervisor;
#[cfg(unix)]
mod tasks;

#[cfg(unix)]
use std::panic::catch_unwind;

/// The names and functions of tests.
#[cfg(unix)]
macro_rules! tests {
    ($($module:ident::$name:ident,)*) => {
        &[$((concat!(stringify!($module), "::", stringify!($name)), $module::$name as fn())),*]
    };
}

#[cfg(unix)]
const TESTS: &[(&str, fn())] = tests![
    exit::an_exit_handler_that_aborts_changes_nothing,
    exit::standard_output_is_flushed,
    exit::nothing_holds_the_end_up,
    exit::a_task_that_exits_is_told_and_retried,
    exit::exit_while_locks_are_held,
    exit::a_forked_child_exits_for_itself,
    exit::exit_after_the_signal,
    exit::the_delivered_outcome_stands,
    exit::a_closed_conversation_ends_with_1,
    stopping::the_end_of_the_socket_stops_a_task,
    stopping::a_task_that_ignores_the_end_is_ended,
    stopping::a_slow_airflow_is_told_as_such,
    stopping::a_signal_after_the_time_limit_counts,
    stopping::the_environment_of_the_process_is_the_workers,
    exit::an_overflow_says_what_the_readme_shows,
    exit::the_stack_is_as_large_as_asked_for,
    served::a_process_is_served_as_a_thread_is,
    served::an_executable_that_does_not_connect_is_an_error,
    served::a_task_that_takes_too_long_is_killed,
    errors::whatever_an_error_does_the_outcome_is_reported,
    errors::a_panic_that_cannot_unwind_is_reported,
    errors::thread_locals_are_left_alone,
    hooks::they_run_before_the_outcome,
    hooks::late_and_panicking_ones_change_nothing,
    hooks::a_signal_shortens_them,
    hooks::the_time_limit_holds_for_them,
    hooks::exit_in_one_is_a_failure,
    commands::a_grandchild_ends_with_the_task,
    commands::a_stubborn_group_is_killed_in_time,
    commands::nothing_is_left_behind,
    commands::an_inherited_output_holds_the_end_and_a_copied_one_does_not,
    commands::the_returned_output_is_whole_or_an_error,
    commands::exit_in_another_thread_ends_them,
    instrumented::the_profile_is_written,
    instrumented::an_aborting_panic_leaves_in_the_same_way,
    instrumented::an_error_that_aborts_changes_no_outcome,
    loggers::none_is_worth_no_word,
    loggers::a_logger_of_the_programs_own_is_told,
    loggers::a_logger_that_panics_harms_nothing,
    loggers::a_subscriber_of_the_programs_own_is_told,
    loggers::a_subscriber_with_the_layer_is_fine,
];

/// Elsewhere, no worker of Airflow's runs.
#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments
        .iter()
        .any(|argument| argument.starts_with("--comm="))
    {
        tasks::serve();
    }
    let wanted: Vec<&String> = arguments
        .iter()
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let chosen = TESTS
        .iter()
        .filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|part| name.contains(*part)));
    if arguments.iter().any(|argument| argument == "--list") {
        chosen.for_each(|(name, _)| println!("{name}: test"));
        return;
    }
    let mut failed = Vec::new();
    let mut passed = 0;
    for (name, test) in chosen {
        let fine = catch_unwind(test).is_ok();
        println!("test {name} ... {}", if fine { "ok" } else { "FAILED" });
        if fine {
            passed += 1;
        } else {
            failed.push(name);
        }
    }
    println!("\n{passed} passed; failed: {failed:?}");
    if !failed.is_empty() {
        std::process::exit(101);
    }
}
