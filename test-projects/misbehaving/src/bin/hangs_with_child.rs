//! Hangs, and so does a child of it.

fn main() {
    misbehaving::note_process();
    if !std::env::args().any(|arg| arg == "child") {
        let me = std::env::current_exe().unwrap();
        std::process::Command::new(me).arg("child").spawn().unwrap();
    }
    misbehaving::sleep();
}
