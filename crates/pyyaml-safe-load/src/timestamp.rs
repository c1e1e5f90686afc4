//! Texts that have the form of a timestamp. The composer asks whether a plain scalar has it, the constructor for the moment.

use crate::value::{Date, DateTime};

/// The value of a timestamp.
pub(crate) enum Moment {
    Date(Date),
    DateTime(DateTime),
}

/// The parts of a text with a timestamp's form. The date may not exist.
pub(crate) struct Timestamp {
    year: u16,
    month: u8,
    day: u8,
    time: Option<Time>,
    /// Whether a plain scalar of this form is a timestamp without being tagged so.
    pub(crate) resolves: bool,
}

struct Time {
    hour: u8,
    minute: u8,
    second: u8,
    microsecond: u32,
    offset_minutes: Option<i16>,
}

/// The part of the text that is not read yet.
struct Cursor<'t>(&'t str);

impl<'t> Cursor<'t> {
    fn digits(&mut self, least: usize, most: usize) -> Option<&'t str> {
        let count = self
            .0
            .bytes()
            .take(most)
            .take_while(u8::is_ascii_digit)
            .count();
        let (digits, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        (count >= least).then_some(digits)
    }

    fn number(&mut self, least: usize, most: usize) -> Option<u8> {
        self.digits(least, most)?.parse().ok()
    }

    fn take(&mut self, wanted: impl Fn(char) -> bool) -> Option<char> {
        let first = self
            .0
            .chars()
            .next()
            .filter(|&character| wanted(character))?;
        self.0 = self.0.get(first.len_utf8()..)?;
        Some(first)
    }

    fn literal(&mut self, wanted: char) -> Option<()> {
        self.take(|character| character == wanted).map(|_| ())
    }

    /// Skips blanks, and returns whether there were any.
    fn blanks(&mut self) -> bool {
        let before = self.0.len();
        self.0 = self.0.trim_start_matches([' ', '\t']);
        self.0.len() < before
    }
}

impl Timestamp {
    /// Takes a text apart, or returns `None` if it has another form. As in Python, one line break may stand at its end.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut cursor = Cursor(text.strip_suffix('\n').unwrap_or(text));
        let year = cursor.digits(4, 4)?.parse().ok()?;
        cursor.literal('-')?;
        let month = cursor.digits(1, 2)?;
        cursor.literal('-')?;
        let day = cursor.digits(1, 2)?;
        let full_date = month.len() == 2 && day.len() == 2;
        let (month, day) = (month.parse().ok()?, day.parse().ok()?);
        if cursor.0.is_empty() {
            return Some(Self {
                year,
                month,
                day,
                time: None,
                resolves: full_date,
            });
        }
        if cursor
            .take(|character| matches!(character, 'T' | 't'))
            .is_none()
            && !cursor.blanks()
        {
            return None;
        }
        let time = Some(Time::parse(&mut cursor)?);
        cursor.0.is_empty().then_some(Self {
            year,
            month,
            day,
            time,
            resolves: true,
        })
    }

    /// The moment, or why it does not exist.
    pub(crate) fn moment(&self) -> Result<Moment, &'static str> {
        let date = Date::new(self.year, self.month, self.day);
        let Some(time) = &self.time else {
            return date.map(Moment::Date).ok_or("this date does not exist");
        };
        // Python makes the zone first, and fails on it first.
        if time
            .offset_minutes
            .is_some_and(|offset| offset.abs() >= 24 * 60)
        {
            return Err("the time zone is a day or more from UTC");
        }
        let date = date.ok_or("this date does not exist")?;
        if time.hour > 23 || time.minute > 59 || time.second > 59 {
            return Err("this time of day does not exist");
        }
        Ok(Moment::DateTime(DateTime {
            date,
            hour: time.hour,
            minute: time.minute,
            second: time.second,
            microsecond: time.microsecond,
            offset_minutes: time.offset_minutes,
        }))
    }
}

impl Time {
    fn parse(cursor: &mut Cursor<'_>) -> Option<Self> {
        let hour = cursor.number(1, 2)?;
        cursor.literal(':')?;
        let minute = cursor.number(2, 2)?;
        cursor.literal(':')?;
        let second = cursor.number(2, 2)?;
        let mut microsecond = 0;
        if cursor.literal('.').is_some() {
            let fraction = cursor.digits(0, usize::MAX)?;
            let padded = fraction.bytes().chain(std::iter::repeat(b'0')).take(6);
            microsecond = padded.fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
        }
        let blanks = cursor.blanks();
        let offset_minutes = match cursor.take(|character| matches!(character, 'Z' | '+' | '-')) {
            None if blanks => return None,
            None => None,
            Some('Z') => Some(0),
            Some(sign) => {
                let hours = i16::from(cursor.number(1, 2)?);
                let minutes = if cursor.literal(':').is_some() {
                    i16::from(cursor.number(2, 2)?)
                } else {
                    0
                };
                let offset = hours * 60 + minutes;
                Some(if sign == '-' { -offset } else { offset })
            }
        };
        Some(Self {
            hour,
            minute,
            second,
            microsecond,
            offset_minutes,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::panic,
        reason = "a failed unwrap fails the test"
    )]

    use super::{Moment, Timestamp};

    fn time(text: &str) -> super::DateTime {
        match Timestamp::parse(text).unwrap().moment() {
            Ok(Moment::DateTime(time)) => time,
            _ => panic!("{text} is no time"),
        }
    }

    #[test]
    fn equal_instants_in_different_zones() {
        let utc = time("2024-03-01T00:30:00.123456789Z");
        assert_eq!(utc.microsecond, 123_456);
        assert_eq!(
            utc.instant(),
            time("2024-02-29 23:00:00.123456 -1:30").instant()
        );
        assert_eq!(
            time("1900-02-28 00:00:00Z").instant().unwrap() + 86_400_000_000,
            time("1900-03-01 00:00:00Z").instant().unwrap()
        );
    }

    #[test]
    fn moments_that_do_not_exist_are_refused() {
        for text in [
            "0000-01-01",
            "2023-02-29",
            "1900-02-29",
            "2024-00-10",
            "2024-01-00",
            "2024-01-01 24:00:00",
            "2024-01-01 0:00:60",
            "2024-01-01 0:00:00+23:60",
            "2024-01-01 0:00:00-99",
        ] {
            assert!(Timestamp::parse(text).unwrap().moment().is_err(), "{text}");
        }
        assert_eq!(time("2024-01-01 0:00:00-22:99").offset_minutes, Some(-1419));
    }
}
