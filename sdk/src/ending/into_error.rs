//! Which errors a handler may return.

use std::error::Error as StdError;

use crate::ending::chosen::BoxError;
use crate::ending::error::Error;

/// The error types that a handler may return: [`Error`], whatever is `Into<Box<dyn std::error::Error + Send + Sync>>` (errors of the
/// standard library and of thiserror, `&str`, `String`, the reports of anyhow, eyre, miette and error-stack), and
/// `Box<dyn std::error::Error>`, with or without `Send`.
///
/// The SDK copies the last where it is, since it cannot leave its thread: its chain is in the log, and an outcome in it counts.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an error that a task can end with",
    label = "not an error that `airflow_sdk::Error` can take up",
    note = "it is `airflow_sdk::Error`, whatever is `Into<Box<dyn std::error::Error + Send + Sync>>`, or `Box<dyn std::error::Error>`"
)]
pub trait IntoError<Marker> {
    #[doc(hidden)]
    fn into_error(self) -> Error;
}

/// Tells the implementations of [`IntoError`] apart.
#[doc(hidden)]
pub mod by {
    #[derive(Debug)]
    pub struct Own;
    #[derive(Debug)]
    pub struct Boxable;
    #[derive(Debug)]
    pub struct Local;
}

impl IntoError<by::Own> for Error {
    fn into_error(self) -> Error {
        self
    }
}

impl<E: Into<BoxError>> IntoError<by::Boxable> for E {
    fn into_error(self) -> Error {
        Error::from(self).without_place()
    }
}

impl IntoError<by::Local> for Box<dyn StdError> {
    fn into_error(self) -> Error {
        Error::from_local(self)
    }
}

impl IntoError<by::Local> for Box<dyn StdError + Send> {
    fn into_error(self) -> Error {
        Error::from_local(self)
    }
}
