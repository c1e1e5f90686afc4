//! An error with its sources as plain data, read by the thread that the error belongs to.

use std::error::Error as StdError;
use std::sync::Arc;

use crate::ending::chosen::{Chosen, Shown};
use crate::ending::render::{self, MAX_MESSAGE};

/// How many errors of a chain are looked at, the first included. An error may name itself as its source.
pub(crate) const MAX_ERRORS: usize = 64;

/// What stands for an error that says nothing.
pub(crate) const UNWRITABLE: &str = "an error whose message cannot be written";

/// An error of a chain.
pub(crate) struct Link {
    /// The name of its type, or `Error` where it is not known.
    pub(crate) kind: String,
    pub(crate) message: String,
}

/// The error and its sources, outermost first; `kind` is the name of the first one's type where it is known.
///
/// What an outcome holds is told by the outcome. An error in it lends its type's name.
pub(crate) fn links(error: &(dyn StdError + 'static), kind: Option<&str>) -> Vec<Link> {
    let mut kind = kind.map(str::to_owned);
    let mut steps = steps(error).peekable();
    let mut links = Vec::new();
    while let Some(step) = steps.next() {
        let own = kind.take();
        let link = match step {
            Step::Error(error) => {
                let held = steps.next_if(|next| next.chosen().is_some());
                let kind = match held.and_then(Step::held).map(|chosen| chosen.0.cause()) {
                    Some(Some(cause)) => kind_of(cause),
                    Some(None) => "Outcome".to_owned(),
                    None => own.unwrap_or_else(|| kind_of(error)),
                };
                let message = message(error, &kind);
                Link { kind, message }
            }
            Step::Note(note) => Link {
                kind: "Error".to_owned(),
                message: note.to_owned(),
            },
        };
        links.push(link);
    }
    links
}

/// The messages of a chain, joined by colons; a source that its parent quotes already is left out.
pub(crate) fn join<'a>(messages: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for message in messages {
        if text.is_empty() {
            message.clone_into(&mut text);
        } else if !text.ends_with(message) {
            text.push_str(": ");
            text.push_str(message);
        }
    }
    render::cut(&text, MAX_MESSAGE)
}

/// The messages of an error and its sources, joined.
pub(crate) fn text(error: &(dyn StdError + 'static)) -> String {
    let messages: Vec<String> = steps(error)
        .filter(|step| step.chosen().is_none())
        .map(|step| match step {
            Step::Error(error) => message(error, ""),
            Step::Note(note) => note.to_owned(),
        })
        .collect();
    join(messages.iter().map(String::as_str))
}

/// What the outermost outcome in a chain holds.
pub(crate) fn chosen<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Chosen> {
    steps(error).find_map(Step::chosen)
}

/// Whether this outcome is the outermost in the chain.
pub(crate) fn shows(error: &(dyn StdError + 'static), outcome: &Chosen) -> bool {
    chosen(error).is_some_and(|shown| Arc::ptr_eq(&shown.0, &outcome.0))
}

fn message(error: &(dyn StdError + 'static), kind: &str) -> String {
    let instead = if matches!(kind, "" | "Error") {
        UNWRITABLE.to_owned()
    } else {
        format!("{UNWRITABLE} (its type is {kind})")
    };
    render::display(error, MAX_MESSAGE, &instead)
}

/// The name of an erased error type: derived `Debug` output begins with it.
fn kind_of(error: &(dyn StdError + 'static)) -> String {
    let name = render::debug_name(error);
    if name.starts_with(char::is_uppercase) {
        name
    } else {
        "Error".to_owned()
    }
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Error(&'a (dyn StdError + 'static)),
    /// Why there is no further error.
    Note(&'static str),
}

impl<'a> Step<'a> {
    fn chosen(self) -> Option<&'a Chosen> {
        self.held().or_else(|| match self {
            Self::Error(error) => error.downcast_ref().map(|shown: &Shown| &shown.chosen),
            Self::Note(_) => None,
        })
    }

    /// What the error in front of it holds, as its own.
    fn held(self) -> Option<&'a Chosen> {
        match self {
            Self::Error(error) => error.downcast_ref(),
            Self::Note(_) => None,
        }
    }
}

/// Follows the sources, with an end.
fn steps<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = Step<'a>> {
    let mut next = Some(Step::Error(error));
    let mut count = 0;
    std::iter::from_fn(move || {
        let step = next.take()?;
        if let Step::Error(error) = step {
            count += 1;
            next = match render::guarded(|| error.source()) {
                Some(None) => None,
                Some(Some(_)) if count == MAX_ERRORS => {
                    Some(Step::Note("[the chain of errors is cut here, after 64]"))
                }
                Some(Some(source)) => Some(Step::Error(source)),
                None => Some(Step::Note("[the source of this error cannot be read]")),
            };
        }
        Some(step)
    })
}

#[cfg(test)]
mod tests {
    use std::error::Error as StdError;
    use std::fmt;

    use super::{MAX_ERRORS, chosen, links, text};
    use crate::{BoxError, Outcome};

    /// Names itself as its source.
    #[derive(Debug)]
    struct Ring;

    impl fmt::Display for Ring {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("round")
        }
    }

    impl StdError for Ring {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            Some(self)
        }
    }

    /// Panics wherever it is asked.
    struct Mute;

    #[expect(clippy::panic, reason = "the case")]
    impl fmt::Debug for Mute {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("in Debug")
        }
    }

    #[expect(clippy::panic, reason = "the case")]
    impl fmt::Display for Mute {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("in Display")
        }
    }

    #[expect(clippy::panic, reason = "the case")]
    impl StdError for Mute {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            panic!("in source")
        }
    }

    #[test]
    fn a_ring_has_an_end() {
        let chain = links(&Ring, None);
        assert_eq!(chain.len(), MAX_ERRORS + 1);
        assert_eq!(chain.first().map(|link| link.kind.as_str()), Some("Ring"));
        assert_eq!(
            text(&Ring),
            format!("round: [the chain of errors is cut here, after {MAX_ERRORS}]")
        );
        assert!(chosen(&Ring).is_none());
    }

    #[test]
    fn an_error_that_panics_is_told_all_the_same() {
        let chain = links(&Mute, Some("Mute"));
        let messages: Vec<&str> = chain.iter().map(|link| link.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "an error whose message cannot be written (its type is Mute)",
                "[the source of this error cannot be read]"
            ]
        );
        assert!(chosen(&Mute).is_none());
    }

    #[test]
    fn an_outcome_in_an_io_error_is_found() {
        let boxed: BoxError = Box::new(std::io::Error::other(Outcome::skip("no rows")));
        assert!(chosen(&*boxed).is_some());
    }
}
