//! The failures of a pack. A failure of the only bundle ends the pack; one of several is reported, and the others go on.

use crate::commands::exit_code;
use crate::exit::Failure;
use crate::shell::Shell;

/// The failures so far.
pub struct Failures {
    planned: usize,
    failed: usize,
    code: Option<u8>,
}

impl Failures {
    /// No failures yet, of `planned` bundles.
    pub fn new(planned: usize) -> Self {
        Self {
            planned,
            failed: 0,
            code: None,
        }
    }

    /// Takes the failure of `count` of the bundles.
    ///
    /// # Errors
    /// The same error, where nothing is left that could go on.
    pub fn take(
        &mut self,
        error: anyhow::Error,
        count: usize,
        shell: &mut Shell,
    ) -> anyhow::Result<()> {
        if self.planned == count || exit_code::interruption(&error).is_some() {
            return Err(error);
        }
        shell.error(&error);
        self.failed += count;
        self.code.get_or_insert(exit_code::of(&error));
        Ok(())
    }

    /// Ends the pack if there was a failure, with the code of the first one.
    ///
    /// # Errors
    /// How many bundles were not packed; each failure has been shown.
    pub fn check(&self) -> Result<(), Failure> {
        let Some(code) = self.code else {
            return Ok(());
        };
        let Self {
            planned, failed, ..
        } = self;
        let were = if *failed == 1 { "was" } else { "were" };
        let message = format!("{failed} of {planned} bundles {were} not packed; see above");
        Err(Failure { code, message })
    }
}
