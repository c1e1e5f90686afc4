//! Writes more to stderr than a pipe holds, and fails.

fn main() {
    misbehaving::note_process();
    eprintln!("floods_stderr: the first line");
    for _ in 0..20_000 {
        eprintln!("floods_stderr: a line that nobody asked for, and another one after it");
    }
    std::process::exit(1);
}
