//! What Apache Airflow's task supervisor and an executable say to each other, and the facts about Airflow that the SDK and the
//! packer share.
//!
//! `airflow-sdk` serves tasks with this crate, and `cargo airflow-bundle` tries executables with it. Its interface follows the
//! needs of these two and may change with each release: programs of others use `airflow-sdk`.

pub mod release;
#[cfg(feature = "schema")]
pub mod schema;

pub use release::Release;
