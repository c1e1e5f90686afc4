//! Prints a byte now and then, so that there is always something to read.

fn main() {
    misbehaving::note_process();
    for _ in 0..2000 {
        misbehaving::print(" ");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}
