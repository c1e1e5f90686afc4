//! Prints Latin-1.

use std::io::Write as _;

fn main() {
    misbehaving::note_process();
    std::io::stdout().write_all(b"{\n\"dags\": {\"gr\xf6\xdfe\": {}}}\n").unwrap();
}
