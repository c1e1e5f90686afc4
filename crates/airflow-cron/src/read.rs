//! Reading an expression as `croniter._expand` does (croniter 7.0.0), in functions that the compiler can run.

use crate::calendar;
use crate::column;
use crate::fault::{Fault, Problem};
use crate::field::Field;
use crate::preset;
use crate::text::{Span, contains, ok, part};
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
            let values = ok!(column::read(text, spans[index], field, &mut fields));
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
                Some(other) if !contains(part(text, spans[other as usize]), b'*') => values,
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
