//! Depends on the SDK, and has no table.

use std::process::ExitCode;

fn run() -> sdk::Result<u32> {
    Ok(calendar::OPENS)
}

fn main() -> ExitCode {
    sdk::bundle! { "reports" => { run } }.serve()
}
