//! Never built: the build script does not end.

fn main() {}
