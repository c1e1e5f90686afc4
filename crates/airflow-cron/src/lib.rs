//! Cron expressions as Apache Airflow reads them.
//!
//! Airflow reads cron expressions with croniter, which knows more than crontab does, and does not check them before a Dag is to be
//! scheduled. [`check`] finds what Airflow could not use, in the compiler if the expression is a literal. [`Cron::next_after`] (feature
//! `jiff`) finds the times at which Airflow runs the Dag.
//!
//! ```
//! macro_rules! cron {
//!     ($expression:literal) => {{
//!         // `cargo check` evaluates an item, but no `const` block in a function.
//!         const _: () = match airflow_cron::check($expression) {
//!             Ok(()) => (),
//!             Err(fault) => panic!("{}", fault.message()),
//!         };
//!         $expression
//!     }};
//! }
//! let schedule = cron!("0 3 * * MON-FRI");
//! ```
//!
//! ```compile_fail
//! // error[E0080]: evaluation panicked: hour: this value is out of range; valid are 0 to 23, `*`, ranges `a-b`, ...
//! const _: () = match airflow_cron::check("0 25 * * *") {
//!     Ok(()) => (),
//!     Err(fault) => panic!("{}", fault.message()),
//! };
//! ```
//!
//! # What is read
//!
//! All that croniter 7.0.0 reads for Airflow 3.3.2 and 3.4.0b2, and as it reads it:
//!
//! | | |
//! | --- | --- |
//! | `30 2 * * *` | minute, hour, day of the month, month, day of the week |
//! | `30 2 * * * 15` | the second comes last |
//! | `30 2 * * * 0 2026-2030` | the year, 1970 to 2099, after the second |
//! | `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`, `@midnight`, `@annually` | in any case |
//! | `@quarterly` | Airflow's own, in lower case only |
//! | `*/15`, `5/15`, `5-50/15`, `1,15-20` | steps, from a start to the end of the field too, and lists |
//! | `22-3`, `FRI-MON`, `NOV-FEB` | ranges around the end of the field |
//! | `JAN`, `SUN` | names of months and days of the week, in any case; 0 and 7 are Sunday |
//! | `L` | the last day of the month |
//! | `15W`, `W15` | the working day that is nearest to the 15th, in the same month |
//! | `5#2`, `MON-FRI#1`, `L5` | the second Friday, the first of each of these days, the last Friday |
//! | `?` | like `*`, in the fields for days |
//!
//! A date needs to fit one of the two fields for days if both are given, as in crontab: `0 0 13 * FRI` is each 13th and each Friday.
//! A field with `#`, `L5` or `W` decides alone, or together with the other one if both have these.
//!
//! Croniter reads a range from a value to itself as the whole field: `0 9-9 * * *` is each hour.
//!
//! # What is refused though croniter reads it
//!
//! - `R`, a number by chance: croniter draws it anew each time that Airflow reads the expression, so scheduler and user interface do
//!   not agree on the times of the Dag ([`Problem::Chance`]).
//! - What never fires, like `0 0 30 2 *`: Airflow's scheduler would fail on the Dag each time ([`Problem::NeverFires`]).
//!
//! [`check`] knows the calendar from 1970 on, but not the date of today. It takes `0 0 1 1 * 0 2020`, whose years are past, and `0 0 1 1 * 0 2099`, whose
//! first time is further away than the 50 years for which croniter looks, though croniter raises for both as long as that is so, and the
//! scheduler fails on the Dag each time. [`Cron::next_after`] with the time of now tells them: it is `None`.

#![forbid(unsafe_code)]

mod calendar;
mod column;
mod cron;
mod fault;
mod field;
mod preset;
mod read;
#[cfg(feature = "jiff")]
mod search;
mod text;
#[cfg(feature = "jiff")]
mod times;
mod values;

pub use cron::{Cron, check};
pub use fault::{Error, Fault, Problem};
pub use field::Field;
pub use preset::preset;
