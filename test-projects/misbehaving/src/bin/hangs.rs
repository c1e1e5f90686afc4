//! Prints nothing and does not end, like a server that does not know the flag.

fn main() {
    misbehaving::note_process();
    eprintln!("hangs: waiting for connections");
    misbehaving::sleep();
}
