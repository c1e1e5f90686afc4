//! Writes more to stderr than a pipe holds, and fails.

fn main() {
    misbehaving::note_process();
    for _ in 0..20_000 {
        eprintln!("floods_stderr: a line that nobody asked for, and another one after it");
    }
    eprintln!("floods_stderr: the last line, which says why");
    std::process::exit(1);
}
