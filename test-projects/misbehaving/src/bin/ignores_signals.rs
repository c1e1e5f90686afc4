//! Ignores the polite signals and hangs.

unsafe extern "C" {
    safe fn signal(number: i32, handler: usize) -> usize;
}

fn main() {
    const IGNORE: usize = 1;
    for polite in [1, 2, 15] {
        signal(polite, IGNORE);
    }
    misbehaving::note_process();
    misbehaving::sleep();
}
