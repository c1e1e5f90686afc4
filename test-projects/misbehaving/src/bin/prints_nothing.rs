//! Ignores the flag and ends well.

fn main() {
    misbehaving::note_process();
}
