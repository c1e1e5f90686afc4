//! Text from outside, made safe to show: no control character, no change of writing direction.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a terminal would act on the character, or show it in a misleading place.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // Bidirectional controls, see <https://trojansource.codes>.
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            // Line and paragraph separators, and invisible characters.
            | '\u{2028}' | '\u{2029}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// `text` for one line of a message: unsafe characters are escaped as in Rust, line breaks too.
pub fn one_line(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

/// `text` for a terminal: line breaks and tabs are kept, other unsafe characters are escaped.
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| matches!(c, '\n' | '\t'))
}

/// JSON on one line: unsafe characters, which stand in strings only, are escaped as JSON does.
///
/// # Errors
/// If `value` says that it cannot be written.
pub fn json(value: &impl serde::Serialize) -> serde_json::Result<String> {
    let text = serde_json::to_string(value)?;
    let plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if plain || !text.chars().any(is_unsafe) {
        return Ok(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_unsafe(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    Ok(out)
}

/// The start of program output for a message, at most `limit` characters, as one line.
pub fn beginning(bytes: &[u8], limit: usize) -> String {
    // Four bytes a character are enough, and a gigabyte of output need not be looked at.
    let start = bytes.get(..limit * 4).unwrap_or(bytes);
    let text = String::from_utf8_lossy(start);
    let mut shown: String = text.chars().take(limit).collect();
    if shown.len() < text.len() || start.len() < bytes.len() {
        shown.push('…');
    }
    one_line(&shown).into_owned()
}

fn escaped(text: &str, keep: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(|c| is_unsafe(c) && !keep(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if !is_unsafe(c) || keep(c) {
            out.push(c);
        } else if matches!(c, '\n' | '\r' | '\t') {
            out.extend(c.escape_default());
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_that_it_would_act_on() {
        assert_eq!(
            one_line("a\u{1b}[31m\u{202e}b\nc"),
            "a\\u{1b}[31m\\u{202e}b\\nc"
        );
        assert_eq!(lines("a\r\n\tb\u{9b}"), "a\\r\n\tb\\u{9b}");
        assert_eq!(one_line("größe 日本 😀"), "größe 日本 😀");
        assert_eq!(beginning(b"\x7fELF\xff", 3), "\\u{7f}EL…");
    }

    #[test]
    fn json_says_the_same_with_its_escapes() {
        let value = serde_json::json!({"a\u{9b}": "\u{202e}b\n\u{7f}\u{e0041}é😀"});
        let text = json(&value).unwrap_or_default();
        assert!(!text.chars().any(is_unsafe), "{text}");
        assert!(text.contains("é😀"), "{text}");
        assert_eq!(serde_json::from_str(&text).ok(), Some(value));
    }
}
