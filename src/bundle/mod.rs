//! The bundle file format: trailer, reader, writer.
//!
//! ```text
//! [0,              source_start)      executable
//! [source_start,   metadata_start)    source
//! [metadata_start, size - 64)         manifest
//! [size - 64,      size)              trailer
//! ```
//!
//! Source: `task-sdk/docs/executable-bundle-spec.rst` in the Airflow repository, and the reader
//! that Airflow 3.3.2 ships (`airflow.sdk.coordinators.executable.coordinator`).

pub mod digest;
pub mod displaced;
mod error;
mod hasher;
mod hidden;
pub mod input;
pub mod output;
pub mod packable;
pub mod reader;
mod sink;
pub(crate) mod staging;
pub(crate) mod temporary;
pub mod trailer;
pub mod writer;
