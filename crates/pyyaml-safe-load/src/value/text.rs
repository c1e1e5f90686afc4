//! Python's `str`: code points, lone surrogates included.

use std::fmt;
use std::sync::Arc;

/// A Python string.
///
/// `"\ud800"` in a YAML text makes a string that no UTF-8 text equals. Clones share one text.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PyStr(Repr);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    Utf8(Arc<str>),
    /// Text with at least one surrogate, each in the three bytes that UTF-8's scheme would give it.
    Surrogates(Arc<[u8]>),
}

impl PyStr {
    /// The text, or `None` if it holds a lone surrogate.
    pub fn as_str(&self) -> Option<&str> {
        match &self.0 {
            Repr::Utf8(text) => Some(text),
            Repr::Surrogates(_) => None,
        }
    }

    /// UTF-8, with surrogates encoded as Python's `surrogatepass` error handler does.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Utf8(text) => text.as_bytes(),
            Repr::Surrogates(bytes) => bytes,
        }
    }

    /// The text with U+FFFD in place of each surrogate, which UTF-8 has no bytes for.
    pub fn to_string_lossy(&self) -> std::borrow::Cow<'_, str> {
        let bytes = match &self.0 {
            Repr::Utf8(text) => return text.as_ref().into(),
            Repr::Surrogates(bytes) => bytes,
        };
        let mut out = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            out.push_str(chunk.valid());
            // The other two bytes of a surrogate come as chunks of their own.
            if chunk.invalid().first() == Some(&0xed) {
                out.push(char::REPLACEMENT_CHARACTER);
            }
        }
        out.into()
    }
}

impl From<&str> for PyStr {
    fn from(text: &str) -> Self {
        Self(Repr::Utf8(text.into()))
    }
}

impl From<String> for PyStr {
    fn from(text: String) -> Self {
        Self(Repr::Utf8(text.into()))
    }
}

impl PartialEq<str> for PyStr {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == Some(other)
    }
}

impl fmt::Debug for PyStr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string_lossy())
    }
}

/// Collects a [`PyStr`].
#[derive(Default)]
pub(crate) struct PyStrBuilder {
    text: String,
    /// Takes over from `text` at the first surrogate.
    bytes: Option<Vec<u8>>,
}

impl PyStrBuilder {
    pub(crate) fn push_str(&mut self, text: &str) {
        match &mut self.bytes {
            Some(bytes) => bytes.extend_from_slice(text.as_bytes()),
            None => self.text.push_str(text),
        }
    }

    pub(crate) fn push(&mut self, character: char) {
        self.push_str(character.encode_utf8(&mut [0; 4]));
    }

    pub(crate) fn extend(&mut self, characters: impl IntoIterator<Item = char>) {
        for character in characters {
            self.push(character);
        }
    }

    /// Appends a surrogate, `0xD800..=0xDFFF`.
    pub(crate) fn push_surrogate(&mut self, unit: u16) {
        let [high, low] = unit.to_be_bytes();
        let encoded = [
            0xE0 | (high >> 4),
            0x80 | ((high & 0x0F) << 2) | (low >> 6),
            0x80 | (low & 0x3F),
        ];
        self.bytes
            .get_or_insert_with(|| std::mem::take(&mut self.text).into_bytes())
            .extend_from_slice(&encoded);
    }

    pub(crate) fn finish(self) -> PyStr {
        match self.bytes {
            Some(bytes) => PyStr(Repr::Surrogates(bytes.into())),
            None => self.text.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PyStrBuilder;

    #[test]
    fn a_surrogate_pair_stays_two_surrogates() {
        let mut builder = PyStrBuilder::default();
        builder.push('a');
        builder.push_surrogate(0xD83D);
        builder.push_surrogate(0xDE00);
        builder.push_str("b");
        let text = builder.finish();
        assert_eq!(text.as_str(), None);
        assert_eq!(text.as_bytes(), b"a\xED\xA0\xBD\xED\xB8\x80b");
    }
}
