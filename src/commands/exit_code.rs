//! Which exit code an error has.

use crate::cargo::CargoError;
use crate::exit;
use crate::interrupt::Interrupted;

/// The exit code of the program after `error`.
pub fn of(error: &anyhow::Error) -> u8 {
    if let Some(interrupted) = interruption(error) {
        return exit::of_signal(interrupted.signal);
    }
    let failure = error.downcast_ref::<exit::Failure>();
    failure.map_or(exit::ERROR, |failure| failure.code)
}

/// The interruption that `error` is, if it is one.
pub fn interruption(error: &anyhow::Error) -> Option<Interrupted> {
    if let Some(CargoError::Interrupted(interrupted)) = error.downcast_ref() {
        return Some(*interrupted);
    }
    error.downcast_ref::<Interrupted>().copied()
}
