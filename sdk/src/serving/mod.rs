//! What serves a task to Airflow: from the command line to the end of the process.

mod before_outcome;
mod completion;
mod event;
mod last_words;
mod leave;
pub(crate) mod panic;
mod parse;
mod serve;
pub(crate) mod session;
mod task_run;
mod turn;
mod waiting;
mod watch;
