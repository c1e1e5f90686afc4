//! The supervisor's side: it starts a task, answers what the task asks, and judges what the task sends as Airflow's supervisor does.
//!
//! `airflow_sdk::testing` runs tasks in the process of a test with this module. [`Process`] runs a task of an executable bundle.
//!
//! ```no_run
//! use std::process::Command;
//! use std::time::Duration;
//!
//! use airflow_protocol::schema::Schema;
//! use airflow_protocol::supervisor::{Conversation, Limits, Process, TaskStart, World};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let start = TaskStart::new("sales", "load");
//! let mut world = World::default();
//! world.variables.insert("rate".to_owned(), Some("1.5".to_owned()));
//! let schema = Schema::of("2026-06-16").ok_or("an unknown version")?;
//! let conversation = Conversation::with_task(schema, world, &start);
//! let limits = Limits { start: Duration::from_secs(10), run: Duration::from_mins(5) };
//! let run = Process::start(&mut Command::new("./sales"), limits)?.serve(conversation, |_, _| {})?;
//! println!("the task is {}", run.state());
//! # Ok(())
//! # }
//! ```

mod conversation;
mod log_check;
mod logs;
mod process;
mod sockets;
mod state;
mod task_start;
mod world;

pub use crate::command_line::Sockets;
pub use conversation::Conversation;
pub use logs::{LogRecord, Logs};
pub use process::{Control, Limits, Process, Run, StartError};
pub use state::State;
pub use task_start::TaskStart;
pub use world::{World, XComPlace};
