//! Prints line breaks only.

fn main() {
    misbehaving::note_process();
    misbehaving::print("\n  \n\t\n");
}
