//! A cron expression that has been read.

use std::fmt;
use std::str::FromStr;

use crate::fault::{Error, Fault};
use crate::read::{self, Fields};

/// Says whether Airflow can read an expression, and whether it means fixed times. The compiler can call this.
///
/// Whether the years of an expression are past, or more than 50 years away, depends on the day and is not looked at: `Cron::next_after` (feature
/// `jiff`) is `None` then.
///
/// # Errors
///
/// The expression is refused. [`Fault::message`] says why, and what is valid.
pub const fn check(expression: &str) -> Result<(), Fault> {
    match read::read(expression) {
        Ok(_) => Ok(()),
        Err(fault) => Err(fault),
    }
}

/// A cron expression, which says when a Dag runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    expression: String,
    #[cfg_attr(
        not(feature = "jiff"),
        allow(dead_code, reason = "only times need them")
    )]
    pub(crate) fields: Fields,
}

impl Cron {
    /// Reads an expression that is known at run time only.
    ///
    /// ```
    /// use airflow_cron::{Cron, Field, Problem};
    ///
    /// let cron = Cron::parse("30 2 * * MON-FRI")?;
    /// assert_eq!(cron.as_str(), "30 2 * * MON-FRI");
    ///
    /// let error = Cron::parse("30 25 * * *").unwrap_err();
    /// assert_eq!(error.fault().problem(), Problem::OutOfRange);
    /// assert_eq!(error.fault().field(), Some(Field::Hour));
    /// # Ok::<(), airflow_cron::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The expression is refused. The error's source is the [`Fault`].
    pub fn parse(expression: &str) -> Result<Self, Error> {
        match read::read(expression) {
            Ok(fields) => Ok(Self {
                expression: expression.to_owned(),
                fields,
            }),
            Err(fault) => Err(Error::new(expression, fault)),
        }
    }

    /// The expression as it was given.
    pub fn as_str(&self) -> &str {
        &self.expression
    }
}

impl FromStr for Cron {
    type Err = Error;

    fn from_str(expression: &str) -> Result<Self, Error> {
        Self::parse(expression)
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.expression)
    }
}
