//! A helper with the name of the other package's bundle.

fn main() {
    // Tells a test that it was run, for which there is no reason while something else is packed.
    if let Some(mark) = std::env::var_os("HELPER_MARK") {
        let _ = std::fs::write(mark, "was run");
    }
    std::process::exit(3);
}
