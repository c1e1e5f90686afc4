//! Running the user's own code for the log and the outcome: `Display`, `Debug`, `source` and `Drop` may panic, report an error,
//! or write without end.
//!
//! All of it runs on the thread that the value belongs to, never on the session's, and a text has a longest length.

use std::any::Any;
use std::fmt::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The longest message of one error, in bytes.
pub(crate) const MAX_MESSAGE: usize = 64 * 1024;

/// The longest text in a log record, in bytes: its message, or the value of a field.
pub(crate) const MAX_LOGGED: usize = 1024 * 1024;

/// Runs code of the user's; `None` if it panics. The panic hook has told the place then.
pub(crate) fn guarded<T>(call: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(value) => Some(value),
        Err(payload) => {
            discard(payload);
            None
        }
    }
}

/// Drops a value of the user's, whose `Drop` may panic.
pub(crate) fn discard<T>(value: T) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        // The payload's own `Drop` may panic as well, and so on: it is leaked.
        std::mem::forget(payload);
    }
}

/// A value's `Display`; `instead` if nothing of it can be written.
pub(crate) fn display(value: &(impl fmt::Display + ?Sized), limit: usize, instead: &str) -> String {
    written(limit, instead, |out| write!(out, "{value}"))
}

/// A value's `Debug`; `instead` if nothing of it can be written.
#[cfg(feature = "tracing")]
pub(crate) fn debug(value: &(impl fmt::Debug + ?Sized), limit: usize, instead: &str) -> String {
    written(limit, instead, |out| write!(out, "{value:?}"))
}

/// The identifier that a value's `Debug` begins with, which for a derived one is the name of its type.
pub(crate) fn debug_name(value: &(impl fmt::Debug + ?Sized)) -> String {
    let mut name = Identifier(String::new());
    guarded(|| write!(name, "{value:?}"));
    name.0
}

/// A text, cut to the limit.
pub(crate) fn cut(text: &str, limit: usize) -> String {
    written(limit, "", |out| out.write_str(text))
}

fn written(limit: usize, instead: &str, write: impl FnOnce(&mut Bounded) -> fmt::Result) -> String {
    let mut out = Bounded {
        text: String::new(),
        limit,
        full: false,
    };
    let result = guarded(|| write(&mut out));
    let Bounded { mut text, full, .. } = out;
    match result {
        // Writing to a string has no way to fail.
        _ if full => {
            let _ = write!(text, " [cut after {limit} bytes]");
        }
        Some(Ok(())) => {}
        _ if text.is_empty() => instead.clone_into(&mut text),
        _ => text.push_str(" [the rest cannot be written]"),
    }
    text
}

/// A string that takes no more than so many bytes; the error beyond ends what writes into it.
struct Bounded {
    text: String,
    limit: usize,
    full: bool,
}

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.limit.saturating_sub(self.text.len());
        let fits = text.floor_char_boundary(room);
        self.text.push_str(text.get(..fits).unwrap_or_default());
        if fits < text.len() {
            self.full = true;
            return Err(fmt::Error);
        }
        Ok(())
    }
}

/// Takes the letters, digits and underscores up to the first other character, a hundred at most.
struct Identifier(String);

impl Write for Identifier {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            if self.0.len() > 100 || !(c.is_alphanumeric() || c == '_') {
                return Err(fmt::Error);
            }
            self.0.push(c);
        }
        Ok(())
    }
}

/// The message of a panic by its payload: `panic!` gives a text, `std::panic::panic_any` whatever it is called with.
pub(crate) fn panic_text(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        text
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else {
        "a value that is not a text"
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::{self, Display, Formatter};

    use super::{cut, debug_name, discard, display, guarded};

    struct By(fn(&mut Formatter<'_>) -> fmt::Result);

    impl Display for By {
        fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
            (self.0)(f)
        }
    }

    fn text(write: fn(&mut Formatter<'_>) -> fmt::Result) -> String {
        display(&By(write), 10, "unwritable")
    }

    #[test]
    fn whatever_a_display_does_there_is_a_text() {
        assert_eq!(text(|f| f.write_str("whole")), "whole");
        assert_eq!(text(|_| Err(fmt::Error)), "unwritable");
        assert_eq!(text(|_| panic!("in Display")), "unwritable");
        assert_eq!(
            text(|f| f.write_str("half").and(Err(fmt::Error))),
            "half [the rest cannot be written]"
        );
        assert_eq!(
            text(|f| loop {
                f.write_str("ab")?;
            }),
            "ababababab [cut after 10 bytes]"
        );
        // One that does not look at the error ends by itself.
        assert_eq!(
            text(|f| {
                let _ = f.write_str("ü".repeat(9).as_str());
                Ok(())
            }),
            "üüüüü [cut after 10 bytes]"
        );
        assert_eq!(cut("short", 10), "short");
    }

    #[test]
    fn a_type_is_named_by_its_debug() {
        #[derive(Debug)]
        struct Load;
        assert_eq!(debug_name(&Load), "Load");
        assert_eq!(debug_name(&Some(3)), "Some");
        assert_eq!(debug_name("text"), "");
    }

    #[test]
    fn payloads_may_panic_when_they_are_dropped() {
        struct Again;
        impl Drop for Again {
            #[expect(clippy::panic, reason = "the case")]
            fn drop(&mut self) {
                panic!("in Drop");
            }
        }
        discard(Again);
        assert_eq!(guarded(|| std::panic::panic_any(Again)), None::<()>);
    }
}
