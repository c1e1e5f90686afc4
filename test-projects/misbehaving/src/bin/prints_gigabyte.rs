//! Prints a gigabyte, and ends well.

use std::io::Write as _;

fn main() {
    misbehaving::note_process();
    let line = [b'y'; 65536];
    for _ in 0..(1 << 14) {
        if std::io::stdout().write_all(&line).is_err() {
            std::process::exit(5);
        }
    }
}
