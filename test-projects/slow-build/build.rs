//! Sleeps, and so does a child of it, as a build script does that runs a C compiler. Both write their
//! process ids to the file that `PID_FILE` names.

use std::fs::OpenOptions;
use std::io::Write as _;

fn main() {
    let path = std::env::var_os("PID_FILE").expect("PID_FILE names a file");
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    let child = std::process::Command::new("sleep").arg("120").spawn().unwrap();
    writeln!(file, "{}\n{}", std::process::id(), child.id()).unwrap();
    std::thread::sleep(std::time::Duration::from_secs(120));
}
