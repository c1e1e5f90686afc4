//! Texts, in functions that the compiler can run.

/// The offsets of a part of an expression.
pub(crate) type Span = (usize, usize);

/// Python's `int` reads no more digits than these (`sys.int_info.default_max_str_digits`).
pub(crate) const PYTHON_DIGITS: usize = 4300;

/// Like `?`, which const functions have not.
macro_rules! ok {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(fault) => return Err(fault),
        }
    };
}
pub(crate) use ok;

pub(crate) const fn part(text: &[u8], (start, end): Span) -> &[u8] {
    text.split_at(end).0.split_at(start).1
}

/// Whether the byte is in the text.
pub(crate) const fn contains(text: &[u8], byte: u8) -> bool {
    find(text, byte).is_some()
}

pub(crate) const fn find(text: &[u8], byte: u8) -> Option<usize> {
    let mut index = 0;
    while index < text.len() {
        if text[index] == byte {
            return Some(index);
        }
        index += 1;
    }
    None
}

/// Whether there is a digit, and nothing else.
pub(crate) const fn are_digits(text: &[u8]) -> bool {
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
pub(crate) const fn number(digits: &[u8]) -> u32 {
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
