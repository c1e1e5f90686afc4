//! As build scripts of well-known crates do: asks to be run again when a variable that `cargo run` sets is another one.

fn main() {
    for name in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "OUT_DIR", "LD_LIBRARY_PATH"] {
        println!("cargo::rerun-if-env-changed={name}");
    }
}
