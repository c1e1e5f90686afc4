//! Answers and ends, but a daemon of it, in a session of its own, holds stdout open. With `HANG`, it does not end either.

use std::process::Command;

unsafe extern "C" {
    safe fn setsid() -> i32;
}

fn main() {
    let me = std::env::current_exe().unwrap();
    match std::env::args().nth(1).as_deref() {
        // The first child leaves the process group; its own child is nobody's any more once it has ended.
        Some("first") => {
            setsid();
            Command::new(me).arg("daemon").spawn().unwrap();
        }
        Some("daemon") => {
            misbehaving::note_process();
            misbehaving::sleep();
        }
        _ => {
            misbehaving::note_process();
            Command::new(me).arg("first").status().unwrap();
            // The daemon notes its process first.
            std::thread::sleep(std::time::Duration::from_millis(100));
            misbehaving::print(misbehaving::MANIFEST);
            if std::env::var_os("HANG").is_some() {
                misbehaving::sleep();
            }
        }
    }
}
