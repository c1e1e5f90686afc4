//! Never stops printing.

use std::io::Write as _;

fn main() {
    misbehaving::note_process();
    let line = [b'y'; 65536];
    // Ends when the reader goes away.
    while std::io::stdout().write_all(&line).is_ok() {}
}
