//! Why an expression is refused.

use std::fmt;
use std::ops::Range;

use crate::field::Field;

/// What is wrong with an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Problem {
    /// The number of columns is not 5, 6 or 7.
    Columns,
    /// A name with `@` that neither Airflow nor croniter reads as a cron expression.
    Name,
    /// A part of a column is nothing that croniter reads there.
    Malformed,
    /// A number is too small or too large for its column.
    OutOfRange,
    /// A step is 0, or has more digits than Python reads.
    Step,
    /// `?` stands beside something, or in a column that is not for days.
    QuestionMark,
    /// The number after `#` is not 1 to 5.
    Nth,
    /// `5#2` or `L5` stands beside a day of the week without such a number.
    NthBesideWeekday,
    /// `15W` stands in a list.
    NearestInList,
    /// `H`: croniter wants an id to hash, and Airflow gives none.
    Hash,
    /// `R`: croniter draws the number anew each time that Airflow reads the expression, so that two parts of Airflow never agree on
    /// the times of a Dag.
    Chance,
    /// There is no date to which all columns apply, from 1970 to 2099.
    NeverFires,
}

/// Why an expression is refused, and where in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fault {
    problem: Problem,
    field: Option<Field>,
    start: usize,
    end: usize,
}

/// A message about a column: which, what is wrong, what is valid.
macro_rules! about {
    ($field:expr, $problem:literal) => {
        match $field {
            Some(Field::Minute) => about!("minute", $problem, "0 to 59"),
            Some(Field::Hour) => about!("hour", $problem, "0 to 23"),
            Some(Field::DayOfMonth) => about!(
                "day of the month",
                $problem,
                "1 to 31, `L` (the last day), `15W` (the nearest working day), `?`"
            ),
            Some(Field::Month) => about!("month", $problem, "1 to 12, JAN to DEC"),
            Some(Field::DayOfWeek) => about!(
                "day of the week",
                $problem,
                "0 to 7 (0 and 7 are Sunday), SUN to SAT, `5#2` (the second Friday), `L5` (the last Friday), `?`"
            ),
            Some(Field::Second) => about!("second (the sixth field)", $problem, "0 to 59"),
            Some(Field::Year) => about!("year (the seventh field)", $problem, "1970 to 2099"),
            None => $problem,
        }
    };
    ($field:literal, $problem:literal, $valid:literal) => {
        concat!(
            $field, ": ", $problem, "; valid are ", $valid, ", `*`, ranges `a-b`, steps `*/n`, `a/n`, `a-b/n`, and lists of these with `,`"
        )
    };
}

impl Fault {
    pub(crate) const fn new(
        problem: Problem,
        field: Option<Field>,
        (start, end): (usize, usize),
    ) -> Self {
        Self {
            problem,
            field,
            start,
            end,
        }
    }

    /// What is wrong.
    pub const fn problem(&self) -> Problem {
        self.problem
    }

    /// The column that is wrong; `None` if no single column is.
    pub const fn field(&self) -> Option<Field> {
        self.field
    }

    /// The part of the expression that is wrong, in bytes.
    pub const fn place(&self) -> Range<usize> {
        self.start..self.end
    }

    /// What is wrong and what is valid, for the `panic!` of a constant.
    pub const fn message(&self) -> &'static str {
        match self.problem {
            Problem::Columns => {
                "a cron expression has five fields (minute, hour, day of the month, month, day of the week), six with seconds last, or \
                 seven with a year; or it is @hourly, @daily, @weekly, @monthly, @quarterly, @yearly, @midnight or @annually"
            }
            Problem::Name => {
                "no cron expression has this name; valid are @hourly, @daily, @weekly, @monthly, @quarterly (in lower case), @yearly, \
                 @midnight and @annually (`@once` and `@continuous` are schedules of Airflow, but no cron expressions)"
            }
            Problem::Malformed => about!(self.field, "this is no value, range or step"),
            Problem::OutOfRange => about!(self.field, "this value is out of range"),
            Problem::Step => about!(self.field, "the step is no number of 1 or more"),
            Problem::QuestionMark => {
                about!(
                    self.field,
                    "`?` stands alone in its field, and only for the day of the month or of the week"
                )
            }
            Problem::Nth => about!(self.field, "the number after `#` is not 1 to 5"),
            Problem::NthBesideWeekday => {
                about!(
                    self.field,
                    "`5#2` and `L5` do not stand beside a day of the week that is without `#` and `L`"
                )
            }
            Problem::NearestInList => about!(self.field, "`15W` stands alone in its field"),
            Problem::Hash => about!(
                self.field,
                "`H` needs an id to hash, and Airflow gives none"
            ),
            Problem::Chance => {
                about!(
                    self.field,
                    "`R` is another number each time that Airflow reads it, so the Dag would have no fixed times"
                )
            }
            Problem::NeverFires => {
                "it never fires: no date fits its days, months and years together (there is no 30th of February); valid is what fits some date"
            }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.message())
    }
}

impl std::error::Error for Fault {}

/// An expression that is refused: [`Cron::parse`](crate::Cron::parse).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The beginning of the expression, for people.
    expression: String,
    /// The beginning of the part that is wrong, unless that is all.
    part: Option<String>,
    fault: Fault,
}

/// As much of an expression as a message repeats, in characters.
const SHOWN: usize = 80;

impl Error {
    pub(crate) fn new(expression: &str, fault: Fault) -> Self {
        let beginning = |text: &str| {
            let mut shown: String = text.chars().take(SHOWN).collect();
            if shown.len() < text.len() {
                shown.push_str("...");
            }
            shown
        };
        let part = fault.field.and(expression.get(fault.place()));
        Self {
            expression: beginning(expression),
            part: part.map(beginning),
            fault,
        }
    }

    /// What is wrong.
    pub const fn fault(&self) -> Fault {
        self.fault
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Their `Debug` escapes what a terminal would obey.
        write!(
            formatter,
            "the cron expression {:?} is refused",
            self.expression
        )?;
        if let Some(part) = &self.part {
            write!(formatter, " at {part:?}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.fault)
    }
}
