//! Which days of a month an expression names, and whether there are any.

use crate::field::Field;
use crate::read::Fields;
use crate::values::Values;

/// A month: all that croniter asks of one to find its days.
#[derive(Clone, Copy)]
pub(crate) struct Month {
    pub(crate) number: u32,
    /// The number of its days.
    pub(crate) days: u32,
    /// The day of the week of its first day; 0 is Sunday.
    pub(crate) first: u32,
}

impl Month {
    pub(crate) const fn weekday(self, day: u32) -> u32 {
        (self.first + day - 1) % 7
    }

    /// Whether `5#2` and `L5` name the day: `proc_day_of_week_nth`.
    pub(crate) const fn is_nth(self, nth: [u8; 7], day: u32) -> bool {
        let wanted = nth[self.weekday(day) as usize];
        let is_last = day + 7 > self.days;
        wanted >> ((day - 1) / 7 + 1) & 1 == 1 || is_last && wanted & Fields::LAST != 0
    }

    /// The working day that `15W` names: `_get_nearest_weekday`.
    pub(crate) const fn nearest_weekday(self, day: u32) -> u32 {
        let day = if day < self.days { day } else { self.days };
        match self.weekday(day) {
            6 if day > 1 => day - 1,
            6 => day + 2,
            0 if day < self.days => day + 1,
            0 => day - 2,
            _ => day,
        }
    }

    /// Whether the column of the day of the month names the day.
    const fn has_day(self, fields: &Fields, days: &Values, day: u32) -> bool {
        if let Some(nearest) = fields.nearest {
            return self.nearest_weekday(nearest) == day;
        }
        days.star || days.contains(day) || days.last && day == self.days
    }

    /// Whether the column of the day of the week names the day.
    const fn has_weekday(self, fields: &Fields, weekdays: &Values, day: u32) -> bool {
        if fields.has_nth() {
            return self.is_nth(fields.nth, day);
        }
        weekdays.star || weekdays.contains(self.weekday(day))
    }
}

/// Whether there is a time at which croniter's `_calc_next` finds another one.
pub(crate) const fn ever_fires(fields: &Fields) -> bool {
    let days = *fields.of(Field::DayOfMonth);
    let weekdays = *fields.of(Field::DayOfWeek);
    if days.star || weekdays.star {
        return has_date(fields, &days, &weekdays);
    }
    // With both columns given, a date needs one of them only. Croniter looks for a date of each and takes the nearer one. Where `#`, `L5`
    // or `W` is used, it raises if it finds none for either.
    let of_days = has_date(fields, &days, &Values::any(Field::DayOfWeek));
    let of_weekdays = has_date(fields, &Values::any(Field::DayOfMonth), &weekdays);
    if fields.has_nth() || fields.nearest.is_some() {
        of_days && of_weekdays
    } else {
        of_days || of_weekdays
    }
}

/// Whether a month holds a day that both columns name. Years differ in their first day and in February only, so fourteen are all.
const fn has_date(fields: &Fields, days: &Values, weekdays: &Values) -> bool {
    let years = fields.of(Field::Year);
    let mut seen: u16 = 0;
    let (mut year, end) = Field::Year.range();
    while year <= end {
        // 1970 began on a Thursday, and each fourth year up to 2099 is a leap year.
        let first = (4 + 365 * (year - 1970) + (year - 1969) / 4) % 7;
        let is_leap = year % 4 == 0;
        let kind = 1 << (first * 2 + is_leap as u32);
        if (years.star || years.contains(year)) && seen & kind == 0 {
            seen |= kind;
            if year_has_date(fields, days, weekdays, first, is_leap) {
                return true;
            }
        }
        year += 1;
    }
    false
}

const fn year_has_date(
    fields: &Fields,
    days: &Values,
    weekdays: &Values,
    first: u32,
    is_leap: bool,
) -> bool {
    const DAYS: [u32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let months = fields.of(Field::Month);
    let mut month = Month {
        number: 1,
        days: 0,
        first,
    };
    while month.number <= 12 {
        month.days = DAYS[month.number as usize - 1];
        if month.number == 2 && is_leap {
            month.days += 1;
        }
        if months.star || months.contains(month.number) {
            let mut day = 1;
            while day <= month.days {
                if month.has_day(fields, days, day) && month.has_weekday(fields, weekdays, day) {
                    return true;
                }
                day += 1;
            }
        }
        month.first = (month.first + month.days) % 7;
        month.number += 1;
    }
    false
}
