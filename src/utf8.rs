//! Tells where bytes stop being UTF-8, for bytes at hand and for a stream.

use std::str::Utf8Error;

/// The text that `bytes` are.
///
/// # Errors
/// The 1-based line of the first byte that is not UTF-8.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, u64> {
    std::str::from_utf8(bytes).map_err(|error| 1 + lines(before(bytes, &error)))
}

/// The bytes before the first that is not UTF-8.
fn before<'b>(bytes: &'b [u8], error: &Utf8Error) -> &'b [u8] {
    bytes.get(..error.valid_up_to()).unwrap_or_default()
}

/// How many lines end in `text`.
fn lines(text: &[u8]) -> u64 {
    text.iter().filter(|&&byte| byte == b'\n').count() as u64
}

/// Checks a stream, buffer by buffer: carries the state of the check from one buffer to the next.
#[derive(Debug)]
pub(crate) struct Utf8Check {
    /// The start of a character that the last buffer ended in.
    partial: Vec<u8>,
    line: u64,
}

impl Default for Utf8Check {
    fn default() -> Self {
        Self {
            partial: Vec::new(),
            line: 1,
        }
    }
}

impl Utf8Check {
    /// Checks the next buffer.
    ///
    /// # Errors
    /// The 1-based line of the first byte that is not UTF-8.
    pub(crate) fn feed(&mut self, mut bytes: &[u8]) -> Result<(), u64> {
        while !self.partial.is_empty() {
            let Some((&first, rest)) = bytes.split_first() else {
                return Ok(());
            };
            self.partial.push(first);
            bytes = rest;
            match std::str::from_utf8(&self.partial) {
                Ok(_) => self.partial.clear(),
                Err(error) if error.error_len().is_some() => return Err(self.line),
                Err(_) => {}
            }
        }
        match std::str::from_utf8(bytes) {
            Ok(_) => self.line += lines(bytes),
            Err(error) => {
                let valid = before(bytes, &error);
                self.line += lines(valid);
                if error.error_len().is_some() {
                    return Err(self.line);
                }
                self.partial = bytes.get(valid.len()..).unwrap_or_default().to_vec();
            }
        }
        Ok(())
    }

    /// Checks that the stream did not end inside a character.
    ///
    /// # Errors
    /// The line of that character.
    pub(crate) fn finish(&self) -> Result<(), u64> {
        if self.partial.is_empty() {
            Ok(())
        } else {
            Err(self.line)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &[u8], step: usize) -> Result<(), u64> {
        let mut check = Utf8Check::default();
        text.chunks(step).try_for_each(|chunk| check.feed(chunk))?;
        check.finish()
    }

    #[test]
    fn the_line_does_not_depend_on_the_buffers() {
        let cut = "a\n€".as_bytes();
        for (bytes, verdict) in [
            ("a\nä€😀\n".as_bytes(), Ok(())),
            (b"a\nb\n\xff\n", Err(3)),
            (&cut[..cut.len() - 1], Err(2)),
            // A surrogate.
            (b"\xed\xa0\x80", Err(1)),
        ] {
            assert_eq!(text(bytes).map(drop), verdict);
            for step in 1..9 {
                assert_eq!(check(bytes, step), verdict);
            }
        }
    }
}
