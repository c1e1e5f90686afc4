//! Answers and ends, but leaves a child behind that holds stdout open.

fn main() {
    misbehaving::note_process();
    if std::env::args().any(|arg| arg == "child") {
        return misbehaving::sleep();
    }
    let me = std::env::current_exe().unwrap();
    std::process::Command::new(me).arg("child").spawn().unwrap();
    // The child notes its process first.
    std::thread::sleep(std::time::Duration::from_millis(100));
    misbehaving::print(misbehaving::MANIFEST);
}
