//! Dates, and times on dates.

use std::fmt;

/// A date that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Date {
    /// 1 to 9999.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

/// A time on a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DateTime {
    /// The date, in the text's own time zone.
    pub date: Date,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
    /// 0 to 999 999.
    pub microsecond: u32,
    /// Minutes east of UTC, less than a day; `None` if the text names no zone.
    pub offset_minutes: Option<i16>,
}

impl Date {
    /// The date, if the calendar has it.
    pub(crate) fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let leap =
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => return None,
        };
        (year > 0 && (1..=days).contains(&day)).then_some(Self { year, month, day })
    }

    /// The number of days from a fixed day, the same for all dates.
    fn ordinal(self) -> i64 {
        // Counted from March, a year has its leap day at the end.
        let (year, month) = if self.month > 2 {
            (i64::from(self.year), i64::from(self.month) - 3)
        } else {
            (i64::from(self.year) - 1, i64::from(self.month) + 9)
        };
        year * 365 + year / 4 - year / 100
            + year / 400
            + (month * 153 + 2) / 5
            + i64::from(self.day)
    }
}

impl DateTime {
    /// The microseconds from a fixed instant, the same for all times; `None` if the zone is unknown.
    pub(crate) fn instant(self) -> Option<i64> {
        let offset = i64::from(self.offset_minutes?);
        let minutes = (self.date.ordinal() * 24 + i64::from(self.hour)) * 60
            + i64::from(self.minute)
            - offset;
        Some((minutes * 60 + i64::from(self.second)) * 1_000_000 + i64::from(self.microsecond))
    }
}

impl fmt::Display for Date {
    /// ISO 8601, as Python's `isoformat`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl fmt::Display for DateTime {
    /// ISO 8601, as Python's `isoformat(timespec="microseconds")`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            date,
            hour,
            minute,
            second,
            microsecond,
            offset_minutes,
        } = self;
        write!(
            f,
            "{date}T{hour:02}:{minute:02}:{second:02}.{microsecond:06}"
        )?;
        let Some(offset) = offset_minutes else {
            return Ok(());
        };
        let sign = if *offset < 0 { '-' } else { '+' };
        let minutes = offset.unsigned_abs();
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::{Date, DateTime};

    #[test]
    fn times_are_written_as_python_writes_them() {
        let date = Date {
            year: 26,
            month: 6,
            day: 1,
        };
        let mut time = DateTime {
            date,
            hour: 1,
            minute: 2,
            second: 3,
            microsecond: 4,
            offset_minutes: None,
        };
        assert_eq!(time.to_string(), "0026-06-01T01:02:03.000004");
        for (offset, text) in [(0, "+00:00"), (330, "+05:30"), (-90, "-01:30")] {
            time.offset_minutes = Some(offset);
            assert_eq!(
                time.to_string(),
                format!("0026-06-01T01:02:03.000004{text}")
            );
        }
    }
}
