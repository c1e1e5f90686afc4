//! Writes more to stderr than a pipe holds, and answers.

fn main() {
    misbehaving::note_process();
    for _ in 0..20_000 {
        eprintln!("noisy_but_right: a line that nobody asked for, and another one after it");
    }
    misbehaving::print(misbehaving::MANIFEST);
}
