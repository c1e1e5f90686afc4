//! Values that mark themselves by the name of their struct, for a serializer of their own crate.
//!
//! `serde_json::Number` does so as soon as any crate of the program switches on `serde_json/arbitrary_precision`, and so do
//! decimal types; `serde_json::value::RawValue` and `toml`'s datetimes always do. Another serializer would write the mark as a
//! map.

use serde::ser::Serialize;
use serde_json::{Number, Value};

use super::key::Key;
use super::{ValueError, float};

/// What a mark means.
#[derive(Clone, Copy)]
pub(super) enum Mark {
    /// The text of a JSON number: `serde_json` with `arbitrary_precision`, `rust_decimal`, `bigdecimal`.
    Number,
    /// The text of any JSON: `serde_json` with `raw_value`.
    Json,
    /// The text of a date or time: `toml_datetime`.
    Text,
}

impl Mark {
    /// The mark that is the name of a struct, if it is one. A name that begins as one but is unknown is an error: no name in
    /// Rust begins with a dollar sign.
    pub(super) fn of(name: &'static str) -> Result<Option<Self>, ValueError> {
        match name {
            "$serde_json::private::Number" => Ok(Some(Self::Number)),
            "$serde_json::private::RawValue" => Ok(Some(Self::Json)),
            "$__toml_private_Datetime" => Ok(Some(Self::Text)),
            _ if name.starts_with('$') => Err(ValueError::new(format!(
                "a value is marked as {name:?}, for another format than Airflow's: send it as a string or a number"
            ))),
            _ => Ok(None),
        }
    }
}

/// What a marked value holds.
pub(super) enum Content {
    /// A value that can be sent.
    Checked(Value),
    /// A value whose depth and keys are not checked yet.
    Unchecked(Value),
}

/// A marked value in the making.
pub(super) struct Marked {
    mark: Mark,
    content: Option<Content>,
}

impl Marked {
    pub(super) fn new(mark: Mark) -> Self {
        Self {
            mark,
            content: None,
        }
    }

    /// Takes the only field, a text.
    pub(super) fn take<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ValueError> {
        let text = value.serialize(Key)?;
        self.content = Some(match self.mark {
            Mark::Number => Content::Checked(number(&text)?),
            Mark::Json => Content::Unchecked(json(&text)?),
            Mark::Text => Content::Checked(Value::String(text)),
        });
        Ok(())
    }

    pub(super) fn done(self) -> Result<Content, ValueError> {
        self.content
            .ok_or_else(|| ValueError::new("a marked value has nothing in it"))
    }
}

/// The number that a text denotes, if 64 bits or a float hold all of its digits.
fn number(text: &str) -> Result<Value, ValueError> {
    let whole = text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    // A negative zero is a float.
    if whole && text != "-0" {
        return text
            .parse::<i64>()
            .map(Number::from)
            .or_else(|_| text.parse::<u64>().map(Number::from))
            .map(Value::Number)
            .map_err(|_| {
                ValueError::new(format!(
                    "the integer {text} has more than 64 bits: send it as a string"
                ))
            });
    }
    let nearest: f64 = text
        .parse()
        .map_err(|_| ValueError::new(format!("{text:?} is not a JSON number")))?;
    if !nearest.is_finite() || digits(&format!("{nearest:e}")) != digits(text) {
        return Err(ValueError::new(format!(
            "the number {text} has more digits than a float holds: send it as a string"
        )));
    }
    float(nearest)
}

/// The significant digits of a decimal number, and the power of ten behind the first: equal for equal numbers. The exponent
/// is absent for zero, and if it is too large to be told.
fn digits(text: &str) -> (bool, String, Option<i64>) {
    let (negative, text) = text
        .strip_prefix('-')
        .map_or((false, text), |text| (true, text));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let significant = all.trim_start_matches('0');
    let zeros = all.len() - significant.len();
    let place = exponent.parse::<i64>().ok().and_then(|exponent| {
        let place = i64::try_from(whole.len()).ok()? - i64::try_from(zeros).ok()?;
        exponent.checked_add(place)
    });
    let significant = significant.trim_end_matches('0');
    let place = place.filter(|_| !significant.is_empty());
    (negative, significant.to_owned(), place)
}

/// The value that a JSON text denotes, if it holds all numbers and keys of the text.
fn json(text: &str) -> Result<Value, ValueError> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| ValueError::new(format!("a raw JSON text is none: {error}")))?;
    // Parsing rounds numbers and drops repeated keys, without a word.
    let mut pairs = 0;
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| matches!(c, '"' | ':' | '-' | '0'..='9')) {
        rest = rest.get(at..).unwrap_or_default();
        let end = if rest.starts_with('"') {
            string_end(rest)
        } else if rest.starts_with(':') {
            pairs += 1;
            1
        } else {
            let end = rest
                .find(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'))
                .unwrap_or(rest.len());
            number(rest.get(..end).unwrap_or_default())?;
            end
        };
        rest = rest.get(end..).unwrap_or_default();
    }
    if pairs != count_pairs(&value) {
        return Err(ValueError::new("a raw JSON text repeats a key of a map"));
    }
    Ok(value)
}

/// Where a JSON string ends that begins a text.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn count_pairs(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(count_pairs).sum(),
        Value::Object(fields) => fields.len() + fields.values().map(count_pairs).sum::<usize>(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use serde::Serialize;
    use serde_json::{Value, json};

    use crate::value::to_value;

    #[derive(Serialize)]
    #[serde(rename = "$serde_json::private::Number")]
    struct Number<'a> {
        #[serde(rename = "$serde_json::private::Number")]
        text: &'a str,
    }

    #[derive(Serialize)]
    #[serde(rename = "$serde_json::private::RawValue")]
    struct Raw<'a> {
        #[serde(rename = "$serde_json::private::RawValue")]
        text: &'a str,
    }

    fn words(result: Result<Value, super::ValueError>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn marked_numbers_are_numbers() {
        for (text, expected) in [
            ("3", json!(3)),
            ("-3", json!(-3)),
            ("18446744073709551615", json!(u64::MAX)),
            ("1.5", json!(1.5)),
            ("12.30", json!(12.3)),
            ("0.1", json!(0.1)),
            ("1e3", json!(1000.0)),
            ("1E+3", json!(1000.0)),
            ("1.7976931348623157e308", json!(f64::MAX)),
            ("5e-324", json!(5e-324)),
            ("0.00", json!(0.0)),
            ("0e99999999999999999999", json!(0.0)),
            ("-0", json!(-0.0)),
        ] {
            assert_eq!(to_value(&Number { text }).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_in_words() {
        for text in ["18446744073709551616", "-9223372036854775809"] {
            let words = words(to_value(&[Number { text }]));
            assert_eq!(
                words,
                format!("the integer {text} has more than 64 bits: send it as a string (at [0])")
            );
        }
        for text in [
            "0.12345678901234567890",
            "1e309",
            "1e-400",
            "9007199254740993.5",
        ] {
            let words = words(to_value(&Number { text }));
            assert!(words.contains("more digits than a float holds"), "{words}");
        }
        for text in ["", "-", "NaN", "1.2.3"] {
            assert!(to_value(&Number { text }).is_err(), "{text}");
        }
    }

    #[test]
    fn raw_json_is_read_under_the_same_rules() {
        let text = r#" {"a": [1, 2.50, "x:\"1"], "b": {"c": null}} "#;
        let expected = json!({"a": [1, 2.5, "x:\"1"], "b": {"c": null}});
        assert_eq!(to_value(&Raw { text }).unwrap(), expected);
        for (text, reason) in [
            (r#"{"a": 1, "a": 2}"#, "repeats a key"),
            ("[123456789012345678901]", "more than 64 bits"),
            (r#"{"__type": "x"}"#, "airflow_sdk::python"),
            ("[1", "is none"),
        ] {
            let words = words(to_value(&Raw { text }));
            assert!(words.contains(reason), "{text}: {words}");
        }
    }

    #[test]
    fn other_marks_are_no_maps() {
        #[derive(Serialize)]
        #[serde(rename = "$__toml_private_Datetime")]
        struct Toml {
            #[serde(rename = "$__toml_private_datetime")]
            text: &'static str,
        }
        #[derive(Serialize)]
        #[serde(rename = "$ron::private::RawValue")]
        struct Ron(&'static str);

        let toml = Toml { text: "2026-01-02" };
        assert_eq!(to_value(&toml).unwrap(), json!("2026-01-02"));
        assert!(words(to_value(&Ron("x"))).contains("marked as \"$ron::private::RawValue\""));
    }
}
