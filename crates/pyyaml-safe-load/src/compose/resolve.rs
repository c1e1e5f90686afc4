//! The types that YAML 1.1 reads out of plain scalars.

use crate::timestamp::Timestamp;
use crate::value::PyStr;

use super::node::Tag;

/// The tag of a scalar that has none.
pub(crate) fn resolve(value: &PyStr) -> Tag {
    let Some(original) = value.as_str() else {
        return Tag::Str;
    };
    // Python's `$` also matches before a final line break, and therefore `! "12\n"` is an integer. A lone line break is a
    // string all the same: PyYAML picks the patterns that it tries by the first character, and it has none for `\n`.
    let text = match original.strip_suffix('\n') {
        Some("") => return Tag::Str,
        Some(shorter) => shorter,
        None => original,
    };
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Tag::Null,
        "yes" | "Yes" | "YES" | "no" | "No" | "NO" | "true" | "True" | "TRUE" | "false"
        | "False" | "FALSE" | "on" | "On" | "ON" | "off" | "Off" | "OFF" => Tag::Bool,
        "<<" => Tag::Merge,
        "=" => Tag::Value,
        // Only texts such as `! "!"` come here, because no plain scalar starts with one of these.
        "!" | "&" | "*" => Tag::Unknown("tag:yaml.org,2002:yaml".into()),
        _ if is_float(text) => Tag::Float,
        _ if is_int(text) => Tag::Int,
        _ if Timestamp::parse(original).is_some_and(|timestamp| timestamp.resolves) => {
            Tag::Timestamp
        }
        _ => Tag::Str,
    }
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['-', '+']).unwrap_or(text)
}

fn is_all(text: &str, wanted: impl Fn(u8) -> bool) -> bool {
    text.bytes().all(wanted)
}

fn is_digit_or_underscore(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b'_'
}

/// Takes `[0-9][0-9_]*` off the front.
fn after_digits(text: &str) -> Option<&str> {
    text.starts_with(|character: char| character.is_ascii_digit())
        .then(|| {
            text.trim_start_matches(|character: char| {
                character.is_ascii_digit() || character == '_'
            })
        })
}

/// Whether the text is empty or matches `[eE][-+][0-9]+`.
fn is_exponent(text: &str) -> bool {
    let Some(exponent) = text.strip_prefix(['e', 'E']) else {
        return text.is_empty();
    };
    exponent
        .strip_prefix(['-', '+'])
        .is_some_and(|digits| !digits.is_empty() && is_all(digits, |byte| byte.is_ascii_digit()))
}

/// Whether the text matches `(:[0-5]?[0-9])+`.
fn is_base_60_tail(text: &str) -> bool {
    text.strip_prefix(':').is_some_and(|parts| {
        parts.split(':').all(|part| {
            let digits = part
                .strip_prefix(|first: char| ('0'..='5').contains(&first))
                .unwrap_or(part);
            let digits = if digits.is_empty() { part } else { digits };
            digits.len() == 1 && is_all(digits, |byte| byte.is_ascii_digit())
        })
    })
}

fn is_float(text: &str) -> bool {
    if matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let number = unsigned(text);
    if matches!(number, ".inf" | ".Inf" | ".INF") {
        return true;
    }
    let after_fraction =
        |text: &str| -> bool {
            is_exponent(text.trim_start_matches(|character: char| {
                character.is_ascii_digit() || character == '_'
            }))
        };
    if let Some(fraction) = text.strip_prefix('.') {
        // The pattern of this form has no sign.
        return fraction.starts_with(|character: char| character.is_ascii_digit())
            && after_fraction(fraction);
    }
    let Some(rest) = after_digits(number) else {
        return false;
    };
    match rest.strip_prefix('.') {
        Some(fraction) => after_fraction(fraction),
        None => rest.rsplit_once('.').is_some_and(|(parts, fraction)| {
            is_base_60_tail(parts) && is_all(fraction, is_digit_or_underscore)
        }),
    }
}

fn is_int(text: &str) -> bool {
    let number = unsigned(text);
    if number == "0" {
        return true;
    }
    if let Some(rest) = number.strip_prefix('0') {
        let (digits, radix) = match rest.as_bytes().first() {
            Some(b'b') => (rest.get(1..), 2),
            Some(b'x') => (rest.get(1..), 16),
            _ => (Some(rest), 8),
        };
        return digits.is_some_and(|digits| {
            !digits.is_empty()
                && is_all(digits, |byte| {
                    byte == b'_' || char::from(byte).is_digit(radix)
                })
        });
    }
    after_digits(number).is_some_and(|rest| rest.is_empty() || is_base_60_tail(rest))
}

#[cfg(test)]
mod tests {
    use super::{Tag, resolve};

    #[test]
    fn reads_yaml_1_1_types() {
        for (tag, texts) in [
            (Tag::Null, &["", "~", "null", "~\n"][..]),
            (Tag::Bool, &["yes", "On", "FALSE"]),
            (
                Tag::Int,
                &[
                    "0",
                    "-0",
                    "1_000",
                    "0x_",
                    "0b1_",
                    "017",
                    "00",
                    "12:30",
                    "-1:0:59",
                    "190:20:30",
                    "12\n",
                ],
            ),
            (
                Tag::Float,
                &[
                    "1.", "1.0e+3", ".5", "1._5", "1:20.5", "-.inf", ".NaN", "0.e-1",
                ],
            ),
            (
                Tag::Timestamp,
                &[
                    "2026-06-16",
                    "2026-13-45",
                    "2001-1-1t1:00:00Z",
                    "2001-01-01 \t 01:00:00.5 -5:30",
                ],
            ),
            (Tag::Merge, &["<<"]),
            (Tag::Value, &["="]),
            (
                Tag::Str,
                &[
                    "\n",
                    "yEs",
                    "nan",
                    "1e3",
                    "1.0e3",
                    "08",
                    "0o7",
                    "+.5",
                    "-.nan",
                    "1:60",
                    "1:2:",
                    "01:20",
                    "0x",
                    "0b2",
                    "_1",
                    "2026-6-16",
                    "2026-06-16 12",
                    "12:30:",
                    ".",
                    "+",
                    "-",
                    "1:2.5e+3",
                ],
            ),
        ] {
            for text in texts {
                assert_eq!(resolve(&(*text).into()), tag, "{text:?}");
            }
        }
    }
}
