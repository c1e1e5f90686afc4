//! What Apache Airflow's task supervisor and an executable say to each other, and the facts about Airflow that the SDK and the
//! packer share.
//!
//! `airflow-sdk` serves tasks with this crate, and `cargo airflow-bundle` tries executables with it. Its interface follows the
//! needs of these two and may change with each release: programs of others use `airflow-sdk`.
//!
//! # Where to find what
//!
//! | To ... | look at |
//! | --- | --- |
//! | know what a release of Airflow accepts | [`Release`] |
//! | find the manifest of an executable | [`record`] |
//! | start an executable as Airflow does, or read how it was started | [`command_line`] |
//! | check a Dag id or a task id | [`ids`] |
//! | check a text that becomes part of a URL | [`url_path`] |
//! | read and write frames, and the msgpack in them | [`frame`], [`codec`], [`timestamp`] |
//! | make a message, or name one in an error | [`message`] |
//! | read the message that starts a task | [`startup`] |
//! | read the arguments of the task's call in the Dag | [`arguments`] |
//! | read the text of an `AIRFLOW_CONN_*` | [`connection_text`] |
//! | name an `AIRFLOW_VAR_*` or an `AIRFLOW_CONN_*` | [`worker_environment`] |
//! | end a task | [`terminal`] |
//! | ask or answer as a Dag processor does | [`dag_file`] |
//! | tell a result from an error in a reply | [`reply`] |
//! | check a message against a version of the supervisor's schema | [`schema`] |
//! | start an executable, answer it and judge it, as Airflow's supervisor does | [`supervisor`] |

#![forbid(unsafe_code)]

pub mod arguments;
pub mod codec;
pub mod command_line;
pub mod connection_text;
pub mod dag_file;
mod error;
pub mod fields;
pub mod frame;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
pub mod ids;
pub mod message;
pub mod record;
pub mod release;
pub mod reply;
#[cfg(any(test, feature = "supervisor"))]
pub mod schema;
pub mod startup;
#[cfg(any(test, feature = "supervisor"))]
pub mod supervisor;
pub mod terminal;
pub mod timestamp;
pub mod url_path;
pub mod worker_environment;

pub use error::WireError;
pub use release::Release;
