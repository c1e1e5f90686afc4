//! Checks that a stream is UTF-8, buffer by buffer.

/// Carries the state of the check from one buffer to the next.
#[derive(Debug)]
pub struct Utf8Check {
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
    /// Checks the next buffer. An error is the 1-based line of the first byte that is not UTF-8.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<(), u64> {
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
        let lines = |text: &[u8]| text.iter().filter(|&&byte| byte == b'\n').count() as u64;
        match std::str::from_utf8(bytes) {
            Ok(_) => self.line += lines(bytes),
            Err(error) => {
                let (valid, rest) = bytes.split_at(error.valid_up_to());
                self.line += lines(valid);
                if error.error_len().is_some() {
                    return Err(self.line);
                }
                self.partial = rest.to_vec();
            }
        }
        Ok(())
    }

    /// Checks that the stream did not end inside a character.
    pub fn finish(&self) -> Result<(), u64> {
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
    fn verdict_does_not_depend_on_the_buffers() {
        for step in 1..9 {
            assert_eq!(check("a\nä€😀\n".as_bytes(), step), Ok(()));
            assert_eq!(check(b"a\nb\n\xff\n", step), Err(3));
            assert_eq!(
                check(
                    "a\n€".as_bytes().split_last().map_or(&[], |(_, rest)| rest),
                    step
                ),
                Err(2)
            );
            assert_eq!(check(b"\xed\xa0\x80", step), Err(1), "a surrogate");
        }
    }
}
