//! Is run again, and its package built again, when one of these differs between two builds.

const WATCHED: [&str; 9] = [
    "CARGO_MANIFEST_DIR",
    "CARGO_PKG_NAME",
    "CARGO_TERM_COLOR",
    "LD_LIBRARY_PATH",
    "NO_COLOR",
    "OUT_DIR",
    "PATH",
    "RUSTUP_TOOLCHAIN",
    "RUST_RECURSION_COUNT",
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for name in WATCHED {
        println!("cargo::rerun-if-env-changed={name}");
    }
}
