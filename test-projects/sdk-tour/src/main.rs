//! A tour of everything that a task can do: one task for each capability, each of which checks what it gets.

mod data;
mod outcomes;
mod speech;
mod stops;

use std::process::ExitCode;

fn main() -> ExitCode {
    airflow_sdk::bundle! {
        "tour" => {
            outcomes::succeed, outcomes::fail, outcomes::retry_then_succeed, outcomes::retry_with_delay,
            outcomes::fail_without_retry, outcomes::skip, outcomes::reschedule, outcomes::defer, outcomes::await_input,
            outcomes::panic, outcomes::aborts_at_exit, outcomes::skips_and_aborts_at_exit, outcomes::exits, outcomes::overflows,
            outcomes::runs_programs, outcomes::stubborn, outcomes::interrupted, outcomes::asynchronous,
            data::push, data::pull, data::mapped_source, data::long_list, data::refused_length, data::mapped, data::gather, data::for_python, data::from_python,
            data::stale, data::variables, data::connections, data::task_state, data::asset_state, data::produce,
            data::trigger, data::runs, data::skip_downstream, "skipped_by_other" => outcomes::never,
            "partly_skipped" => outcomes::succeed, data::dag_result, data::rendered,
            data::secrets, data::context,
            speech::logs, speech::traces, speech::prints,
        },
        "triggered" => { data::triggered },
        "consumer" => { data::consume },
        "history" => { data::produce_through_alias, data::look_back },
        "many" => { "work" => outcomes::succeed },
        "stops" => {
            "marked_failed" => stops::until_stopped, "marked_success" => stops::until_stopped, "cleared" => stops::until_stopped,
            "worker_told" => stops::a_while, "worker_killed" => stops::until_stopped,
            stops::timed_out,
        },
    }
    .serve()
}
