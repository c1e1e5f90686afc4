//! Reading a column: numbers, ranges, steps, lists, and what croniter knows beside them.

use crate::fault::{Fault, Problem};
use crate::field::Field;
use crate::read::Fields;
use crate::text::{PYTHON_DIGITS, Span, are_digits, contains, find, number, ok, part};
use crate::values::Values;

/// Reads a column.
pub(crate) const fn read(
    text: &[u8],
    span: Span,
    field: Field,
    fields: &mut Fields,
) -> Result<Values, Fault> {
    let whole = part(text, span);
    if let Some(problem) = chance(whole) {
        return Err(Fault::new(problem, Some(field), span));
    }
    if contains(whole, b'?') {
        return match field {
            Field::DayOfMonth | Field::DayOfWeek if whole.len() == 1 => Ok(Values::any(field)),
            _ => Err(Fault::new(Problem::QuestionMark, Some(field), span)),
        };
    }
    let mut column = Column {
        field,
        values: Values::empty(field),
        nth: &mut fields.nth,
        nearest: &mut fields.nearest,
    };
    let is_list = contains(whole, b',');
    let (mut start, mut index) = (span.0, span.0);
    while index <= span.1 {
        if index == span.1 || text[index] == b',' {
            if let Err(problem) = column.element(part(text, (start, index)), is_list) {
                return Err(Fault::new(problem, Some(field), (start, index)));
            }
            start = index + 1;
        }
        index += 1;
    }
    Ok(column.values)
}

/// Whether a column is a hashed or a random number: `hash_expression_re`.
const fn chance(column: &[u8]) -> Option<Problem> {
    let problem = match column {
        [b'h' | b'H', ..] => Problem::Hash,
        [b'r' | b'R', ..] => Problem::Chance,
        _ => return None,
    };
    let mut rest = column.split_at(1).1;
    if let [b'(', inner @ ..] = rest {
        let Some(end) = find(inner, b')') else {
            return None;
        };
        let (range, after) = inner.split_at(end);
        let Some(middle) = find(range, b'-') else {
            return None;
        };
        let (begin, end) = range.split_at(middle);
        if !are_digits(begin) || !are_digits(end.split_at(1).1) {
            return None;
        }
        rest = after.split_at(1).1;
    }
    match rest {
        [] => Some(problem),
        [b'/', divisor @ ..] if are_digits(divisor) => Some(problem),
        _ => None,
    }
}

/// A column that is being read.
struct Column<'a> {
    field: Field,
    values: Values,
    nth: &'a mut [u8; 7],
    nearest: &'a mut Option<u32>,
}

impl Column<'_> {
    /// Reads an element of the list.
    const fn element(&mut self, text: &[u8], is_list: bool) -> Result<(), Problem> {
        match self.field {
            Field::DayOfWeek => match text {
                // `L5`
                [b'l' | b'L', digits @ ..] if are_digits(digits) => {
                    return self.single(digits, Fields::LAST);
                }
                _ => {
                    if let Some(at) = find(text, b'#') {
                        let (days, number) = text.split_at(at);
                        return self.nth(days, number.split_at(1).1);
                    }
                }
            },
            // `15W`
            Field::DayOfMonth => {
                if let Some(digits) = nearest(text) {
                    let day = number(digits);
                    if day < 1 || day > 31 {
                        return Err(Problem::OutOfRange);
                    }
                    if is_list {
                        return Err(Problem::NearestInList);
                    }
                    *self.nearest = Some(day);
                    self.values.insert(day);
                    return Ok(());
                }
            }
            _ => {}
        }
        self.range_or_single(text)
    }

    /// `5#2`, `FRI#2`, `MON-FRI#2`; no `1-5#2`, which croniter does not read either (`special_dow_re`).
    const fn nth(&mut self, days: &[u8], digits: &[u8]) -> Result<(), Problem> {
        if !are_digits(digits) {
            return Err(Problem::Malformed);
        }
        let which = number(digits);
        let Some(middle) = find(days, b'-') else {
            return if 1 <= which && which <= 5 {
                self.single(days, 1 << which)
            } else {
                Err(Problem::Nth)
            };
        };
        let (low, high) = days.split_at(middle);
        let (low, high) = (self.field.named(low), self.field.named(high.split_at(1).1));
        let (Some(low), Some(high)) = (low, high) else {
            return Err(Problem::Malformed);
        };
        if which < 1 || which > 5 {
            return Err(Problem::Nth);
        }
        self.range(low, high, 1, false, 1 << which)
    }

    const fn range_or_single(&mut self, text: &[u8]) -> Result<(), Problem> {
        let (lowest, highest) = self.field.range();
        let (text, step) = match find(text, b'/') {
            Some(at) => {
                let (text, step) = text.split_at(at);
                let step = step.split_at(1).1;
                if !are_digits(step) || text.is_empty() {
                    return Err(Problem::Malformed);
                }
                if step.len() > PYTHON_DIGITS || number(step) == 0 {
                    return Err(Problem::Step);
                }
                (text, Some(number(step)))
            }
            None => (text, None),
        };
        match (text, step) {
            ([b'*'], Some(step)) => return self.range(lowest, highest, step, false, 0),
            ([b'*'], None) => {
                self.values.star = true;
                return Ok(());
            }
            ([b'l' | b'L'], None) if matches!(self.field, Field::DayOfMonth) => {
                self.values.last = true;
                return Ok(());
            }
            _ => {}
        }
        match (find(text, b'-'), step) {
            (Some(middle), _) => {
                let (low, high) = text.split_at(middle);
                let high = high.split_at(1).1;
                let high = match (self.field, high) {
                    (Field::DayOfMonth, [b'l' | b'L']) => highest,
                    _ => ok!(self.value(high)),
                };
                let low = ok!(self.value(low));
                let step = match step {
                    Some(step) => step,
                    None => 1,
                };
                self.range(low, high, step, false, 0)
            }
            (None, Some(step)) => {
                let low = ok!(self.value(text));
                self.range(low, highest, step, true, 0)
            }
            (None, None) => self.single(text, 0),
        }
    }

    /// A number or a name. It may be out of range.
    const fn value(&self, text: &[u8]) -> Result<u32, Problem> {
        if !are_digits(text) {
            return match self.field.named(text) {
                Some(value) => Ok(value),
                None => Err(Problem::Malformed),
            };
        }
        match (self.field, number(text)) {
            (Field::DayOfWeek, 7) => Ok(0),
            (_, value) => Ok(value),
        }
    }

    const fn single(&mut self, text: &[u8], nth: u8) -> Result<(), Problem> {
        let value = ok!(self.value(text));
        self.insert(value, nth)
    }

    /// Adds a value, or the days of the week in a month that `nth` names.
    const fn insert(&mut self, value: u32, nth: u8) -> Result<(), Problem> {
        let (lowest, highest) = self.field.range();
        if value < lowest || value > highest {
            return Err(Problem::OutOfRange);
        }
        self.values.insert(value);
        if nth != 0 {
            self.nth[value as usize] |= nth;
        }
        Ok(())
    }

    /// Adds a range. `to_the_end` is for `a/n`, which has no end of its own.
    const fn range(
        &mut self,
        low: u32,
        high: u32,
        step: u32,
        to_the_end: bool,
        nth: u8,
    ) -> Result<(), Problem> {
        let (lowest, highest) = self.field.range();
        if low > highest || high > highest {
            return Err(Problem::OutOfRange);
        }
        // Croniter takes a range from a value to itself for the whole column, out of range or not: `0-0` is each day of a month.
        let (low, high) = if low == high && !to_the_end {
            (lowest, highest)
        } else {
            (low, high)
        };
        if low < lowest {
            return Err(Problem::OutOfRange);
        }
        if low <= high {
            return self.values_from(low, high, step, nth);
        }
        // A range around the end: from the first value to the largest, and from the smallest to the last.
        ok!(self.values_from(low, highest, step, nth));
        let skipped = (highest - low) % step;
        let reached = highest - skipped - lowest;
        let size = highest - lowest + 1;
        let mut start = lowest;
        if reached.saturating_add(step) > size && skipped < step {
            start = start.saturating_add(step - skipped);
        }
        self.values_from(start, high, step, nth)
    }

    const fn values_from(
        &mut self,
        start: u32,
        end: u32,
        step: u32,
        nth: u8,
    ) -> Result<(), Problem> {
        let mut value = start;
        while value <= end {
            ok!(self.insert(value, nth));
            value = value.saturating_add(step);
        }
        Ok(())
    }
}

/// The digits of `15W` or `W15`: `nearest_weekday_re`.
const fn nearest(text: &[u8]) -> Option<&[u8]> {
    match text {
        [digits @ .., b'w' | b'W'] | [b'w' | b'W', digits @ ..] if are_digits(digits) => {
            Some(digits)
        }
        _ => None,
    }
}
