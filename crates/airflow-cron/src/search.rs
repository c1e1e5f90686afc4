//! The search for a date and time, step by step as `croniter._calc_next` does it (croniter 7.0.0), since its steps decide what it finds.
//!
//! Airflow gives croniter a time without a zone. What croniter does with zones is left out.

use jiff::civil::{Date, DateTime, Time};
use jiff::{Span, ToSpan as _};

use crate::calendar::Month;
use crate::field::Field;
use crate::read::Fields;
use crate::values::Values;

/// `max_years_between_matches` of croniter: Airflow leaves it at this.
const MOST_YEARS: i16 = 50;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Next,
    Previous,
}
use Direction::{Next, Previous};

/// The nearest time that the expression names and that is not `now`; `None` where croniter raises.
pub(crate) fn nearest(fields: &Fields, now: DateTime, direction: Direction) -> Option<DateTime> {
    let (days, weekdays) = (fields.of(Field::DayOfMonth), fields.of(Field::DayOfWeek));
    let (any_day, any_weekday) = (
        Values::any(Field::DayOfMonth),
        Values::any(Field::DayOfWeek),
    );
    let search = |days, weekdays| {
        let search = Search {
            fields,
            days,
            weekdays,
            direction,
        };
        search.run(now)
    };
    if days.star || weekdays.star {
        return search(days, weekdays);
    }
    // With both given, a date needs one of them only.
    let (by_day, by_weekday) = (search(days, &any_weekday), search(&any_day, weekdays));
    match (by_day, by_weekday, direction) {
        (Some(day), Some(weekday), Next) => Some(day.min(weekday)),
        (Some(day), Some(weekday), Previous) => Some(day.max(weekday)),
        // `clean_split`
        _ if fields.has_nth() || fields.nearest.is_some() => None,
        (found, None, _) | (None, found, _) => found,
    }
}

struct Search<'a> {
    fields: &'a Fields,
    days: &'a Values,
    weekdays: &'a Values,
    direction: Direction,
}

/// What a column says of a time.
enum Step {
    /// The time fits.
    Fits,
    /// The next time that can fit.
    Move(DateTime),
    /// No time fits any more.
    Never,
}

/// The end of a day, or of an hour, where a search backwards goes on.
const LAST_SECOND: Time = Time::constant(23, 59, 59, 0);

impl Search<'_> {
    /// `croniter._calc`
    fn run(&self, now: DateTime) -> Option<DateTime> {
        let mut time = self.start(now)?;
        let begin = time.year();
        while (time.year() - begin).abs() <= MOST_YEARS {
            let columns = [
                Self::year,
                Self::month,
                Self::day,
                Self::weekday,
                Self::hour,
                Self::minute,
                Self::second,
            ];
            let steps = columns.iter().map(|column| column(self, time));
            // The first column that the time does not fit decides.
            let mut misfits = steps.filter(|step| !matches!(step, Some(Step::Fits)));
            match misfits.next() {
                None => return Some(time),
                Some(Some(Step::Move(to))) => time = to,
                Some(_) => return None,
            }
        }
        None
    }

    /// The first time that may be found. Croniter steps by seconds or by minutes, and by a microsecond backwards.
    fn start(&self, now: DateTime) -> Option<DateTime> {
        let has_seconds = self.has_seconds();
        let offset = match self.direction {
            Next if has_seconds => 1.second(),
            Next => 1.minute(),
            Previous => -1.nanoseconds(),
        };
        let start = now.checked_add(offset).ok()?;
        let second = if has_seconds { start.second() } else { 0 };
        start
            .with()
            .second(second)
            .subsec_nanosecond(0)
            .build()
            .ok()
    }

    fn has_seconds(&self) -> bool {
        self.fields.columns > 5
    }

    fn year(&self, time: DateTime) -> Option<Step> {
        let years = self.fields.of(Field::Year);
        if years.star {
            return Some(Step::Fits);
        }
        let Some(difference) = self.difference(years, i32::from(time.year()), None) else {
            return Some(Step::Never);
        };
        if difference == 0 {
            return Some(Step::Fits);
        }
        let year = time.year().checked_add(i16::try_from(difference).ok()?)?;
        let moved = match self.direction {
            Next => Date::new(year, 1, 1).ok()?.at(0, 0, 0, 0),
            Previous => Date::new(year, 12, 31).ok()?.to_datetime(LAST_SECOND),
        };
        Some(Step::Move(moved))
    }

    fn month(&self, time: DateTime) -> Option<Step> {
        let months = self.fields.of(Field::Month);
        if months.star {
            return Some(Step::Fits);
        }
        let difference = self.difference(months, i32::from(time.month()), Some(12))?;
        if difference == 0 {
            return Some(Step::Fits);
        }
        let month = time
            .date()
            .first_of_month()
            .checked_add(difference.months())
            .ok()?;
        let moved = match self.direction {
            Next => month.at(0, 0, 0, 0),
            Previous => month.last_of_month().to_datetime(LAST_SECOND),
        };
        Some(Step::Move(moved))
    }

    fn day(&self, time: DateTime) -> Option<Step> {
        let date = time.date();
        if let Some(nearest) = self.fields.nearest {
            let day = month_of(date)?.nearest_weekday(nearest);
            return self.to_day_of_month(date, |candidate| candidate == day);
        }
        if self.days.star || self.days.last && date.day() == date.days_in_month() {
            return Some(Step::Fits);
        }
        let range = match self.direction {
            Next => date.days_in_month(),
            Previous => date.first_of_month().yesterday().ok()?.day(),
        };
        let difference = self.difference(self.days, i32::from(date.day()), Some(i32::from(range)));
        self.by_days(date, difference?)
    }

    fn weekday(&self, time: DateTime) -> Option<Step> {
        let date = time.date();
        if self.fields.has_nth() {
            let month = month_of(date)?;
            return self.to_day_of_month(date, |day| month.is_nth(self.fields.nth, day));
        }
        if self.weekdays.star {
            return Some(Step::Fits);
        }
        let weekday = i32::from(date.weekday().to_sunday_zero_offset());
        self.by_days(date, self.difference(self.weekdays, weekday, Some(7))?)
    }

    /// To the nearest day of this month that is named, or else over the end of the month.
    fn to_day_of_month(&self, date: Date, is_named: impl Fn(u32) -> bool) -> Option<Step> {
        let (today, days) = (date.day(), date.days_in_month());
        let is_named = |day: &i8| u32::try_from(*day).is_ok_and(&is_named);
        let day = match self.direction {
            Next => (today..=days).find(is_named).unwrap_or(days + 1),
            Previous => (1..=today).rev().find(is_named).unwrap_or(0),
        };
        self.by_days(date, i32::from(day) - i32::from(today))
    }

    fn by_days(&self, date: Date, difference: i32) -> Option<Step> {
        if difference == 0 {
            return Some(Step::Fits);
        }
        let date = date.checked_add(difference.days()).ok()?;
        let time = match self.direction {
            Next => Time::midnight(),
            Previous => LAST_SECOND,
        };
        Some(Step::Move(date.to_datetime(time)))
    }

    fn hour(&self, time: DateTime) -> Option<Step> {
        let edge = self.edge();
        let from = time.with().minute(edge).second(edge);
        self.by(Field::Hour, time.hour(), 24, from.build().ok()?, i32::hours)
    }

    fn minute(&self, time: DateTime) -> Option<Step> {
        let from = time.with().second(self.edge());
        self.by(
            Field::Minute,
            time.minute(),
            60,
            from.build().ok()?,
            i32::minutes,
        )
    }

    fn second(&self, time: DateTime) -> Option<Step> {
        if self.has_seconds() {
            return self.by(Field::Second, time.second(), 60, time, i32::seconds);
        }
        // Only a search backwards gets here with seconds: `d += relativedelta(second=0)`.
        if time.second() == 0 {
            return Some(Step::Fits);
        }
        Some(Step::Move(time.with().second(0).build().ok()?))
    }

    /// The second of a minute, or the minute of an hour, at which a search comes in.
    fn edge(&self) -> i8 {
        match self.direction {
            Next => 0,
            Previous => 59,
        }
    }

    fn by(
        &self,
        field: Field,
        value: i8,
        range: i32,
        from: DateTime,
        span: fn(i32) -> Span,
    ) -> Option<Step> {
        let values = self.fields.of(field);
        if values.star {
            return Some(Step::Fits);
        }
        match self.difference(values, i32::from(value), Some(range))? {
            0 => Some(Step::Fits),
            difference => Some(Step::Move(from.checked_add(span(difference)).ok()?)),
        }
    }

    /// How far a value is from the nearest that fits. `range` is the length of the cycle; years have none.
    fn difference(&self, values: &Values, value: i32, range: Option<i32>) -> Option<i32> {
        match self.direction {
            Next => next_difference(values, value, range),
            Previous => previous_difference(values, value, range),
        }
    }
}

/// `_get_next_nearest_diff`
fn next_difference(values: &Values, value: i32, range: Option<i32>) -> Option<i32> {
    let fitting = |number: &i32| range.is_none_or(|range| *number <= range) && *number >= value;
    if let Some(number) = values.numbers().find(fitting) {
        return Some(number - value);
    }
    // `L` comes after all numbers.
    if values.last {
        return Some(range? - value);
    }
    Some(values.numbers().next()? - value + range?)
}

/// `_get_prev_nearest_diff`
fn previous_difference(values: &Values, value: i32, range: Option<i32>) -> Option<i32> {
    if let Some(number) = values.numbers().rfind(|number| *number <= value) {
        return Some(number - value);
    }
    if values.last {
        return Some(-value);
    }
    let range = range?;
    match values.numbers().rfind(|number| *number <= range) {
        Some(number) => Some(number - value - range),
        None => Some(-range),
    }
}

fn month_of(date: Date) -> Option<Month> {
    let first = date.first_of_month().weekday().to_sunday_zero_offset();
    Some(Month {
        number: u32::try_from(date.month()).ok()?,
        days: u32::try_from(date.days_in_month()).ok()?,
        first: u32::try_from(first).ok()?,
    })
}
