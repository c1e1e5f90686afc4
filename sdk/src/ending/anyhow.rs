//! What anyhow's errors say only when they are asked as such.

use std::any::TypeId;
use std::backtrace::BacktraceStatus;
use std::error::Error as StdError;
use std::fmt;
use std::marker::PhantomData;
use std::mem::{self, ManuallyDrop};

use crate::ending::chosen::Chosen;
use crate::ending::outcome::Outcome;

/// The error, if it is anyhow's, or else as it was.
#[allow(unsafe_code, reason = "see below")]
pub(crate) fn recognise<E>(error: E) -> Result<anyhow::Error, E> {
    if id_of::<E>() != TypeId::of::<anyhow::Error>() {
        return Err(error);
    }
    let error = ManuallyDrop::new(error);
    // SAFETY: `E` is `anyhow::Error`: of all types, only it has this id, and it has no lifetime in it that the id would not tell. The
    // original is not used and not dropped any more, so that the error is moved.
    Ok(unsafe { mem::transmute_copy::<ManuallyDrop<E>, anyhow::Error>(&error) })
}

/// The id that the type has with `'static` in place of each lifetime in it. `&str` is `Into<Box<dyn Error>>` whatever its lifetime,
/// so that `E: 'static` would refuse what `?` takes.
#[allow(unsafe_code, reason = "see below")]
fn id_of<T>() -> TypeId {
    trait Identified {
        fn id(&self) -> TypeId
        where
            Self: 'static;
    }
    impl<T> Identified for PhantomData<T> {
        fn id(&self) -> TypeId
        where
            Self: 'static,
        {
            TypeId::of::<T>()
        }
    }
    let phantom = PhantomData::<T>;
    let identified: &dyn Identified = &phantom;
    // SAFETY: only the bound of the trait object changes, which has no representation. `id` looks at no value of `T`, and at nothing that
    // lives as long as a lifetime in it.
    let identified =
        unsafe { mem::transmute::<&dyn Identified, &(dyn Identified + 'static)>(identified) };
    identified.id()
}

/// The text of the backtrace that the error was made with.
pub(crate) fn backtrace(error: &anyhow::Error) -> Option<String> {
    let backtrace = error.backtrace();
    (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string())
}

/// The outermost outcome, where the sources of the error do not lead to it: an outcome that is a context.
///
/// `downcast_ref` finds the outermost context that is an outcome, or what all contexts were put in front of. The sources begin below the
/// outermost context, so that no outcome among them is further out, but for that last one, which is then the same.
pub(crate) fn hidden_outcome(error: &anyhow::Error) -> Option<Chosen> {
    error
        .downcast_ref::<Outcome>()
        .map(|outcome| outcome.0.clone())
}

/// An `anyhow::Error` that is kept as it is, since only anyhow can hand its backtrace on.
pub(crate) struct Kept(pub(crate) anyhow::Error);

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl StdError for Kept {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}
