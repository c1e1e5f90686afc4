//! Dies by a signal, after a manifest without fault.

fn main() {
    misbehaving::note_process();
    misbehaving::print(misbehaving::MANIFEST);
    eprintln!("dies: assertion failed");
    std::process::abort();
}
