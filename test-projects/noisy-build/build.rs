//! Writes functions that nothing calls; the compiler warns about each.

use std::fmt::Write as _;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let mut code = String::new();
    for number in 0..1500 {
        // Writing to a string cannot fail.
        let _ = writeln!(code, "fn unused_{number}(argument: u32) {{}}");
    }
    let out_dir = std::env::var_os("OUT_DIR").unwrap_or_default();
    if let Err(error) = std::fs::write(Path::new(&out_dir).join("unused.rs"), code) {
        eprintln!("cannot write the code: {error}");
        std::process::exit(1);
    }
}
