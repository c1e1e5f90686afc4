//! Reading an expression as `croniter._expand` does (croniter 7.0.0), in functions that the compiler can run.

use crate::calendar;
use crate::fault::{Fault, Problem};
use crate::field::Field;
use crate::preset;
use crate::values::Values;

/// What an expression says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fields {
    values: [Values; 7],
    /// 5, 6 or 7. The columns that are missing have `*`, and their times are computed in another way.
    pub(crate) columns: usize,
    /// For each day of the week, Sunday first, which ones of a month: bit 2 for `#2`, [`Fields::LAST`] for `L`.
    pub(crate) nth: [u8; 7],
    /// The day of `15W`.
    pub(crate) nearest: Option<u32>,
}

/// The offsets of a part of an expression.
type Span = (usize, usize);

/// Python's `int` reads no more digits than these (`sys.int_info.default_max_str_digits`).
const PYTHON_DIGITS: usize = 4300;

/// Like `?`, which const functions have not.
macro_rules! ok {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(fault) => return Err(fault),
        }
    };
}

impl Fields {
    /// The bit in [`Fields::nth`] for the last one of a month.
    pub(crate) const LAST: u8 = 1;

    pub(crate) const fn of(&self, field: Field) -> &Values {
        &self.values[field as usize]
    }

    pub(crate) const fn has_nth(&self) -> bool {
        let mut weekday = 0;
        while weekday < self.nth.len() {
            if self.nth[weekday] != 0 {
                return true;
            }
            weekday += 1;
        }
        false
    }
}

/// Reads an expression.
pub(crate) const fn read(expression: &str) -> Result<Fields, Fault> {
    let text = match preset::columns(expression) {
        Some(columns) => columns.as_bytes(),
        None => expression.as_bytes(),
    };
    let (spans, columns) = split(text);
    if columns == 1 && text[spans[0].0] == b'@' {
        return Err(Fault::new(Problem::Name, None, spans[0]));
    }
    if columns < 5 || columns > 7 {
        return Err(Fault::new(Problem::Columns, None, (0, text.len())));
    }
    let mut fields = Fields {
        values: [Values::any(Field::Minute); 7],
        columns,
        nth: [0; 7],
        nearest: None,
    };
    let mut index = 0;
    while index < 7 {
        let field = Field::ALL[index];
        fields.values[index] = if index < columns {
            let values = ok!(column(text, spans[index], field, &mut fields));
            // Both columns for days are compared as they were written, so `?` has no star here, and `*/2` has.
            let other = match field {
                Field::DayOfMonth => Some(Field::DayOfWeek),
                Field::DayOfWeek => Some(Field::DayOfMonth),
                _ => None,
            };
            let (lowest, highest) = field.range();
            let is_all = values.len() == highest - lowest + 1;
            match other {
                _ if !is_all => values,
                Some(other) if !has(part(text, spans[other as usize]), b'*') => values,
                _ => Values::any(field),
            }
        } else {
            Values::any(field)
        };
        index += 1;
    }
    ok!(check_nth(&fields, spans[Field::DayOfWeek as usize]));
    if !calendar::ever_fires(&fields) {
        return Err(Fault::new(Problem::NeverFires, None, (0, text.len())));
    }
    Ok(fields)
}

/// `5#2` and `L5` beside other days: croniter refuses them, unless the list is as long as the week.
const fn check_nth(fields: &Fields, span: Span) -> Result<(), Fault> {
    let weekdays = fields.of(Field::DayOfWeek);
    if !fields.has_nth() || weekdays.len() == 7 {
        return Ok(());
    }
    let mut weekday: u32 = 0;
    while weekday < 7 {
        if weekdays.contains(weekday) && fields.nth[weekday as usize] == 0 {
            let field = Some(Field::DayOfWeek);
            return Err(Fault::new(Problem::NthBesideWeekday, field, span));
        }
        weekday += 1;
    }
    Ok(())
}

/// The columns, and how many there are; of more than seven, only the number. Python's `\s` under `re.ASCII` separates them.
const fn split(text: &[u8]) -> ([Span; 7], usize) {
    let mut spans = [(0, 0); 7];
    let (mut count, mut index) = (0, 0);
    while index < text.len() {
        if is_space(text[index]) {
            index += 1;
            continue;
        }
        let start = index;
        while index < text.len() && !is_space(text[index]) {
            index += 1;
        }
        if count < 7 {
            spans[count] = (start, index);
        }
        count += 1;
    }
    (spans, count)
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

const fn part(text: &[u8], (start, end): Span) -> &[u8] {
    text.split_at(end).0.split_at(start).1
}

const fn has(text: &[u8], byte: u8) -> bool {
    find(text, byte).is_some()
}

const fn find(text: &[u8], byte: u8) -> Option<usize> {
    let mut index = 0;
    while index < text.len() {
        if text[index] == byte {
            return Some(index);
        }
        index += 1;
    }
    None
}

/// Reads a column.
const fn column(
    text: &[u8],
    span: Span,
    field: Field,
    fields: &mut Fields,
) -> Result<Values, Fault> {
    let whole = part(text, span);
    if let Some(problem) = chance(whole) {
        return Err(Fault::new(problem, Some(field), span));
    }
    if has(whole, b'?') {
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
    let is_list = has(whole, b',');
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

/// Whether there is a digit, and nothing else.
const fn are_digits(text: &[u8]) -> bool {
    let mut index = 0;
    while index < text.len() {
        if !text[index].is_ascii_digit() {
            return false;
        }
        index += 1;
    }
    !text.is_empty()
}

/// The number of digits; a large one if it is large, or if Python would not read it.
const fn number(digits: &[u8]) -> u32 {
    let (mut value, mut index) = (0_u32, 0);
    while index < digits.len() {
        let digit = (digits[index] - b'0') as u32;
        value = value.saturating_mul(10).saturating_add(digit);
        index += 1;
    }
    if digits.len() > PYTHON_DIGITS {
        u32::MAX
    } else {
        value
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
