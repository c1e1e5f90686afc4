//! Python's `int()` and `float()`, and how `PyYAML` prepares a text for them.

use crate::limits::MAX_DIGITS;
use crate::value::Int;

/// The most parts of a base-60 integer. Python's time for more grows with their square, and so would ours.
const MAX_PARTS: usize = 1000;

/// Why a text is no number.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NumberError {
    /// `IndexError`: `PyYAML` looks at the first character where underscores and the sign have left none.
    Empty,
    /// `ValueError`.
    Invalid,
    /// `OverflowError`.
    TooLarge,
    /// The text passes a limit of this crate, and none of Python's.
    TooComplex,
}

/// The value of a `!!float`.
#[derive(Debug, PartialEq)]
pub(crate) enum Float {
    Value(f64),
    /// The NaN object that `PyYAML` returns for every `.nan`. As a mapping's key it equals itself.
    SharedNan,
}

/// Does what `SafeConstructor.construct_yaml_int` does.
pub(crate) fn int(text: &str) -> Result<Int, NumberError> {
    let text = text.replace('_', "");
    let (negative, number) = split_sign(&text)?;
    let value = if number == "0" {
        return Ok(Int::from(0));
    } else if let Some(digits) = number.strip_prefix("0b") {
        python_int(digits, 2)?
    } else if let Some(digits) = number.strip_prefix("0x") {
        python_int(digits, 16)?
    } else if number.starts_with('0') {
        python_int(number, 8)?
    } else if number.is_empty() {
        return Err(NumberError::Empty);
    } else if number.contains(':') {
        base_60_int(number)?
    } else {
        python_int(number, 10)?
    };
    Ok(if negative { value.negated() } else { value })
}

/// Does what `SafeConstructor.construct_yaml_float` does.
pub(crate) fn float(text: &str) -> Result<Float, NumberError> {
    let text = text.replace('_', "").to_lowercase();
    let (negative, number) = split_sign(&text)?;
    let value = match number {
        ".inf" => f64::INFINITY,
        ".nan" => return Ok(Float::SharedNan),
        _ if number.contains(':') => base_60_float(number)?,
        _ => python_float(number)?,
    };
    Ok(Float::Value(if negative { -value } else { value }))
}

fn split_sign(text: &str) -> Result<(bool, &str), NumberError> {
    if text.is_empty() {
        return Err(NumberError::Empty);
    }
    Ok((
        text.starts_with('-'),
        text.strip_prefix(['-', '+']).unwrap_or(text),
    ))
}

fn base_60_int(number: &str) -> Result<Int, NumberError> {
    if number.split(':').count() > MAX_PARTS {
        return Err(NumberError::TooComplex);
    }
    number.split(':').try_fold(Int::from(0), |value, part| {
        Ok(value.times_60_plus(python_int(part, 10)?))
    })
}

/// Adds from the last part on, as `PyYAML` does: the order decides the rounding.
fn base_60_float(number: &str) -> Result<f64, NumberError> {
    // PyYAML reads all parts before it multiplies: a part that is no number is the first error.
    number
        .split(':')
        .try_for_each(|part| python_float(part).map(|_| ()))?;
    let mut base = Int::from(1);
    let mut value = 0.0;
    for part in number.rsplit(':') {
        value += python_float(part)? * base.to_f64().ok_or(NumberError::TooLarge)?;
        base = base.times_60_plus(Int::from(0));
    }
    Ok(value)
}

/// Does what `int(text, radix)` does with a text without underscores.
fn python_int(text: &str, radix: u32) -> Result<Int, NumberError> {
    let text = to_ascii(text);
    let text = strip(&text);
    let (negative, unsigned) = (
        text.starts_with('-'),
        text.strip_prefix(['-', '+']).unwrap_or(text),
    );
    let prefixes = match radix {
        2 => ["0b", "0B"],
        8 => ["0o", "0O"],
        16 => ["0x", "0X"],
        _ => ["", ""],
    };
    let digits = prefixes
        .iter()
        .find_map(|prefix| unsigned.strip_prefix(prefix))
        .unwrap_or(unsigned);
    let valid = !digits.is_empty()
        && digits.chars().all(|character| character.is_digit(radix))
        && (radix != 10 || digits.len() <= MAX_DIGITS);
    let value = valid
        .then(|| Int::from_digits(digits, radix))
        .flatten()
        .ok_or(NumberError::Invalid)?;
    Ok(if negative { value.negated() } else { value })
}

/// Does what `float(text)` does with a text without underscores.
fn python_float(text: &str) -> Result<f64, NumberError> {
    strip(&to_ascii(text))
        .parse()
        .map_err(|_| NumberError::Invalid)
}

/// Strips the characters that C's `isspace` takes for spaces.
fn strip(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\x0B', '\x0C', '\r'])
}

/// Replaces the decimal digits of every script by ASCII's, and every space by `' '`, as Python does before it reads a number.
/// Python leaves a text of ASCII alone as it is.
fn to_ascii(text: &str) -> std::borrow::Cow<'_, str> {
    if text.is_ascii() {
        return text.into();
    }
    let translated = text.chars().map(|character| {
        if character < '\x7F' {
            return character;
        }
        if matches!(
            character,
            '\u{85}' | '\u{A0}' | '\u{1680}' | '\u{2000}'
                ..='\u{200A}' | '\u{2028}' | '\u{2029}' | '\u{202F}' | '\u{205F}' | '\u{3000}'
        ) {
            return ' ';
        }
        decimal_digit(character).unwrap_or('?')
    });
    translated.collect::<String>().into()
}

/// The zeros of Unicode 15.0's decimal digits (category Nd). Each script's other nine digits follow its zero.
const ZEROS: &[u32] = &[
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66,
    0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90,
    0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
    0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650,
    0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x11F50, 0x16A60, 0x16AC0,
    0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E4F0, 0x1E950,
    0x1FBF0,
];

fn decimal_digit(character: char) -> Option<char> {
    let code = u32::from(character);
    let zero = ZEROS.get(ZEROS.partition_point(|&zero| zero <= code).checked_sub(1)?)?;
    char::from_digit(code - zero, 10).filter(|_| code - zero < 10)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use super::{Float, Int, NumberError, float, int};

    #[test]
    fn integers_as_python_reads_them() {
        for (text, value) in [
            ("0", 0),
            ("-0", 0),
            ("1_000", 1000),
            ("0b1_0", 2),
            ("0b0b10", 2),
            ("0x1F", 31),
            ("0x-1F", -31),
            ("-0x0x1F", -31),
            ("017", 15),
            ("0o17", 15),
            ("--1", 1),
            (" 12\n", 12),
            ("12:30:45", 45045),
            ("-1:-2", -58),
            ("1: 2", 62),
            ("١٢", 12),
            ("\u{A0}7", 7),
        ] {
            assert_eq!(int(text), Ok(Int::from(value)), "{text:?}");
        }
        for text in ["", "_", "-", "+_"] {
            assert_eq!(int(text), Err(NumberError::Empty), "{text:?}");
        }
        let long = "1".repeat(4301);
        for text in [
            "x", "08", "0x_", "0X1F", "0B1", "1:", "-- 1", "1.5", " 0x1", "\u{1C}1", &long,
        ] {
            assert_eq!(int(text), Err(NumberError::Invalid), "{text:?}");
        }
        assert!(int(&"1".repeat(4300)).is_ok());
    }

    #[test]
    fn floats_as_python_reads_them() {
        for (text, value) in [
            ("1_0.5", 10.5),
            ("-.inf", f64::NEG_INFINITY),
            ("INFINITY", f64::INFINITY),
            ("1:30.5", 90.5),
            ("--1e3", 1000.0),
            (" 1.\n", 1.0),
            ("1e999", f64::INFINITY),
            ("1:inf", f64::INFINITY),
            ("٣.٥", 3.5),
        ] {
            assert_eq!(float(text), Ok(Float::Value(value)), "{text:?}");
        }
        assert_eq!(float("-.NaN"), Ok(Float::SharedNan));
        assert_eq!(float("__"), Err(NumberError::Empty));
        for text in ["-", ".", "x", ".inf\n", "1e", "0x1p3", "1:"] {
            assert_eq!(float(text), Err(NumberError::Invalid), "{text:?}");
        }
        assert_eq!(
            float(&format!("{}1.", "1:".repeat(200))),
            Err(NumberError::TooLarge)
        );
    }
}
