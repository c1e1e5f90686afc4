//! Checks of the arguments that need no workspace.

use crate::cargo::extra_args;
use crate::cli::PackArgs;
use crate::exit::Failure;
use crate::text::listed;

/// Refuses arguments that do not fit together, before cargo is asked anything.
///
/// # Errors
/// A message for the user that names the arguments.
pub fn check(args: &PackArgs) -> Result<(), Failure> {
    let formats = args.cargo.check_message_format();
    formats.map_err(|error| Failure::usage(error.to_string()))?;
    let extra = extra_args::check(&args.extra);
    extra.map_err(|error| Failure::usage(error.to_string()))?;
    if args.executable.is_some() {
        let mut given = args.cargo.given();
        if !args.extra.is_empty() {
            given.push("--");
        }
        if !given.is_empty() {
            return Err(Failure::usage(format!(
                "{} cannot be used with `--executable`: nothing is built or selected there",
                listed(&given)
            )));
        }
    }
    Ok(())
}
