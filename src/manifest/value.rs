//! A value of the manifest, kept so that Airflow's YAML 1.1 reader gets back what was meant.

/// Any value that a manifest can hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, in a spelling that YAML 1.1 reads as this very number.
    Number(Number),
    /// A string.
    String(String),
    /// A list.
    Sequence(Vec<Value>),
    /// A mapping, in the author's order.
    Mapping(Vec<(Value, Value)>),
}

impl Value {
    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The entry of a mapping with the string `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Self::Mapping(entries) => entries
                .iter()
                .find(|(name, _)| name.as_str() == Some(key))
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// As [`Self::get`], to be changed.
    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        match self {
            Self::Mapping(entries) => entries
                .iter_mut()
                .find(|(name, _)| name.as_str() == Some(key))
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// Removes the entry of a mapping with the string `key`.
    pub(super) fn remove(&mut self, key: &str) -> Option<Value> {
        let Self::Mapping(entries) = self else {
            return None;
        };
        let at = entries
            .iter()
            .position(|(name, _)| name.as_str() == Some(key))?;
        Some(entries.remove(at).1)
    }

    /// What the value is, in words for a message.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Sequence(_) => "a list",
            Self::Mapping(_) => "a mapping",
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(Number(number.to_string()))
    }
}

/// A number as text, so that none loses digits on its way. The spelling is valid in YAML 1.1, where
/// `1e3` is a string and `1.0e+3` a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number(String);

impl Number {
    /// The number that JSON spells as `text`.
    pub(super) fn from_json(text: &str) -> Self {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (text, None),
        };
        let Some(exponent) = exponent else {
            return Self(mantissa.to_owned());
        };
        let point = if mantissa.contains('.') { "" } else { ".0" };
        let sign = if exponent.starts_with(['+', '-']) {
            ""
        } else {
            "+"
        };
        Self(format!("{mantissa}{point}e{sign}{exponent}"))
    }

    pub(super) fn from_integer(number: &impl ToString) -> Self {
        Self(number.to_string())
    }

    pub(super) fn from_float(number: f64) -> Self {
        if number.is_nan() {
            Self(".nan".to_owned())
        } else if number.is_infinite() {
            Self(if number > 0.0 { ".inf" } else { "-.inf" }.to_owned())
        } else {
            // `Debug` writes the shortest text that is this very number, and always a float.
            Self::from_json(&format!("{number:?}"))
        }
    }

    /// The number in YAML 1.1.
    pub fn as_yaml(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spelled_for_yaml_1_1() {
        for (json, yaml) in [
            ("0", "0"),
            ("-17", "-17"),
            (
                "123456789012345678901234567890",
                "123456789012345678901234567890",
            ),
            ("1.5", "1.5"),
            ("1e3", "1.0e+3"),
            ("1E-7", "1.0e-7"),
            ("-2.50E+9", "-2.50e+9"),
        ] {
            assert_eq!(Number::from_json(json).as_yaml(), yaml);
        }
        for (float, yaml) in [
            (1.0, "1.0"),
            (1e300, "1.0e+300"),
            (5e-324, "5.0e-324"),
            (f64::NEG_INFINITY, "-.inf"),
        ] {
            assert_eq!(Number::from_float(float).as_yaml(), yaml);
        }
    }
}
