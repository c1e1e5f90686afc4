//! Values as JSON.

use serde_json::{Number, Value as Json, json};

use super::document::{Value, ValueRef};
use super::int::Int;
use crate::limits::MAX_DEPTH;

impl ValueRef<'_> {
    /// The value as JSON, for people and programs that look at it.
    ///
    /// JSON has fewer types. Dates and times become strings in ISO 8601; bytes become strings; a whole number beyond 64 bits
    /// and a float that is not finite become strings of their digits or names; a mapping's key becomes its string, or its own
    /// JSON as a string; tuples and sets become `"<list>"` and `"<set>"`. A lone surrogate becomes U+FFFD, and so do bytes that
    /// are not UTF-8. Of two keys that become the same string, the last one's value stays.
    ///
    /// A value that several places share is written out in each of them, which can make a short text endless. Therefore `"…"`
    /// stands for a value below [`MAX_DEPTH`] levels, and for each value that `budget` no longer allows: every value costs 1
    /// and the length of its text in bytes.
    pub fn to_json(self, mut budget: usize) -> Json {
        to_json(self, 0, &mut budget)
    }
}

fn to_json(value: ValueRef<'_>, depth: usize, budget: &mut usize) -> Json {
    let cost = 1 + text_len(value.value());
    if *budget < cost || depth > MAX_DEPTH {
        return json!("…");
    }
    *budget -= cost;
    let mut inner = |value| to_json(value, depth + 1, budget);
    match value.value() {
        Value::None => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Int(int) => number(int).map_or_else(|| json!(int.to_string()), Json::Number),
        Value::Float(float) => {
            Number::from_f64(*float).map_or_else(|| json!(float.to_string()), Json::Number)
        }
        Value::Str(text) => json!(text.to_string_lossy()),
        Value::Bytes(bytes) => json!(String::from_utf8_lossy(bytes)),
        Value::Date(date) => json!(date.to_string()),
        Value::DateTime(time) => json!(time.to_string()),
        Value::List(_) => value.items().map(inner).collect(),
        Value::Map(_) => value
            .entries()
            .map(|(key, value)| (key_text(inner(key)), inner(value)))
            .collect(),
        Value::Pairs(_) | Value::Set(_) => json!(format!("<{}>", value.value().type_name())),
    }
}

/// The number, if 64 bits are enough for it. `Number::from_i128` accepts more where any crate of a build switches
/// `serde_json/arbitrary_precision` on.
fn number(int: &Int) -> Option<Number> {
    let int = int.to_i128()?;
    let unsigned = || u64::try_from(int).map(Number::from);
    i64::try_from(int)
        .map(Number::from)
        .or_else(|_| unsigned())
        .ok()
}

/// The length of a value's own text, in bytes.
fn text_len(value: &Value) -> usize {
    match value {
        Value::Str(text) => text.to_string_lossy().len(),
        Value::Bytes(bytes) => bytes.len(),
        _ => 0,
    }
}

fn key_text(key: Json) -> String {
    match key {
        Json::String(text) => text,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use serde_json::json;

    use crate::safe_load;

    /// With `--features json,serde_json/arbitrary_precision` too.
    #[test]
    fn values_that_json_lacks_become_strings() {
        let text = "1: [~, yes, 'a', 1.5, .inf]\n\
                    fits: [-9223372036854775808, 9223372036854775808, 18446744073709551615]\n\
                    larger: [-9223372036854775809, 18446744073709551616]\n\
                    2026-06-16: 2026-06-16 1:02:03.5+1\n\
                    bytes: !!binary QUL/\n\
                    tuples: !!pairs [a: 1]\n\
                    set: !!set {a}\n\
                    \"\\ud800\": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\n";
        let document = safe_load(text).unwrap();
        assert_eq!(
            document.root().to_json(1000),
            json!({
                "1": [null, true, "a", 1.5, "inf"],
                "fits": [i64::MIN, i64::MAX.unsigned_abs() + 1, u64::MAX],
                "larger": ["-9223372036854775809", "18446744073709551616"],
                "2026-06-16": "2026-06-16T01:02:03.500000+01:00",
                "bytes": "AB\u{FFFD}",
                "tuples": "<list>",
                "set": "<set>",
                "\u{FFFD}": "0xffffffffffffffffffffffffffffffffff",
            })
        );
    }

    #[test]
    fn shared_and_circular_values_end() {
        let document = safe_load("- &a [xxx, xxx]\n- *a\n- *a\n").unwrap();
        let root = document.root();
        let pair = json!(["xxx", "xxx"]);
        assert_eq!(root.to_json(28), json!([pair, pair, pair]));
        assert_eq!(root.to_json(27), json!([pair, pair, ["xxx", "…"]]));
        assert_eq!(root.to_json(0), json!("…"));

        let circular = safe_load("&a [*a]").unwrap();
        let mut json = circular.root().to_json(1000);
        let mut levels = 0;
        while let Some(inner) = json.get(0) {
            json = inner.clone();
            levels += 1;
        }
        assert_eq!((levels, json), (crate::MAX_DEPTH + 1, json!("…")));
    }
}
