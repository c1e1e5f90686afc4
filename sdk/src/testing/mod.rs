//! Tests of tasks without Airflow: an in-process supervisor that speaks the real protocol over real sockets.
//!
//! ```
//! use airflow_sdk::testing::{State, Supervisor};
//! use airflow_sdk::{Outcome, Result, Task};
//!
//! fn convert(task: &Task) -> Result<f64> {
//!     let rate: f64 = task.variable("rate")?.parse()?;
//!     let amount: f64 = task.xcom("amount")?;
//!     if amount < 0.0 {
//!         Err(Outcome::skip("nothing to convert"))?;
//!     }
//!     log::info!("converting at {rate}");
//!     Ok(amount * rate)
//! }
//!
//! let report = Supervisor::new().variable("rate", "1.5").xcom("amount", 10.0).run_task(convert);
//! report.assert_success();
//! assert_eq!(report.return_value(), Some(15.0));
//! assert!(report.has_log("converting at 1.5"));
//!
//! let report = Supervisor::new().variable("rate", "1.5").xcom("amount", -1.0).run_task(convert);
//! assert_eq!(report.state(), State::Skipped);
//!
//! // An absent variable fails the task, and is up for retry where there are tries left.
//! assert_eq!(Supervisor::new().run_task(convert).state(), State::Failed);
//! assert_eq!(Supervisor::new().retries(1).run_task(convert).state(), State::UpForRetry);
//! ```
//!
//! The handler runs on a thread of its own, as under Airflow. Log records are captured through the `log` facade (or the
//! `tracing` layer) if the test program has not installed another logger; those of threads that the handler starts itself
//! are not.
//!
//! Messages are checked against the schema of the released Airflow 3.3, or of the one that [`Supervisor::airflow`] names, whose supervisor
//! never answers a message that it can't decode. Here, such a message gets an error for an answer, and [`Report::rejections`] lists it.
//!
//! The test's own environment is no worker's: a task finds the `AIRFLOW_VAR_*` and `AIRFLOW_CONN_*` of [`Supervisor::environment`] alone.

#[cfg(test)]
mod hostile;
mod report;
mod supervisor;

pub use airflow_protocol::Release;
pub use airflow_protocol::supervisor::{LogRecord, State};
pub use report::Report;
pub use supervisor::Supervisor;
