//! The variables of the environment that set something, read once.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use super::{KEYS, Key};

/// The values of the variables. An empty value counts as none.
#[derive(Debug, Default)]
pub struct Variables(BTreeMap<&'static str, OsString>);

/// A variable whose value should be text and is not.
#[derive(Debug, PartialEq, Eq)]
pub struct NotText(&'static str);

impl std::fmt::Display for NotText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the value of `{}` is not UTF-8", self.0)
    }
}

impl std::error::Error for NotText {}

impl Variables {
    /// Reads the environment of this process.
    pub fn read() -> Self {
        Self::of(|name| std::env::var_os(name))
    }

    /// Reads an environment in which `value` looks variables up.
    pub fn of(value: impl Fn(&str) -> Option<OsString>) -> Self {
        let values = KEYS.iter().filter_map(|key| {
            let value = value(key.variable)?;
            (!value.is_empty()).then_some((key.variable, value))
        });
        Self(values.collect())
    }

    /// The variable of `key` as a path.
    pub fn path(&self, key: &Key) -> Option<PathBuf> {
        self.0.get(key.variable).map(PathBuf::from)
    }

    /// The variable of `key` as text.
    ///
    /// # Errors
    /// If the value is not UTF-8.
    pub fn text(&self, key: &Key) -> Result<Option<&str>, NotText> {
        let value = self.0.get(key.variable);
        value
            .map(|value| value.to_str().ok_or(NotText(key.variable)))
            .transpose()
    }

    /// The variable of `key` as a list of words with commas or spaces between. A list without a word counts as none.
    ///
    /// # Errors
    /// If the value is not UTF-8.
    pub fn words(&self, key: &Key) -> Result<Option<Vec<String>>, NotText> {
        let words = self.text(key)?.unwrap_or_default().split([',', ' ']);
        let words: Vec<_> = words
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        Ok((!words.is_empty()).then_some(words))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{BINS, SOURCE};
    use super::*;

    #[test]
    fn words_are_split_and_empty_values_count_as_none() {
        let bins = |value: &str| Variables::of(|_| Some(value.into())).words(&BINS);
        let two = Ok(Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(bins("a,b"), two);
        assert_eq!(bins(" a  b,"), two);
        assert_eq!(bins(", "), Ok(None));
        assert_eq!(Variables::of(|_| Some(OsString::new())).path(&SOURCE), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_value_that_should_be_text_and_is_not_is_an_error() {
        use std::os::unix::ffi::OsStringExt as _;

        let variables = Variables::of(|_| Some(OsString::from_vec(vec![0xff])));
        let error = variables.words(&BINS).map_err(|error| error.to_string());
        let expected = "the value of `CARGO_AIRFLOW_BUNDLE_BINS` is not UTF-8";
        assert_eq!(error, Err(expected.to_owned()));
        assert!(variables.path(&SOURCE).is_some());
    }
}
