//! Asks the person at the terminal, whatever stdin is.

use std::io::Read as _;

fn main() {
    misbehaving::note_process();
    match std::fs::File::open("/dev/tty") {
        Ok(mut terminal) => {
            let mut answer = [0];
            terminal.read_exact(&mut answer).unwrap();
        }
        Err(error) => {
            eprintln!("reads_terminal: no terminal: {error}");
            std::process::exit(4);
        }
    }
    misbehaving::print(misbehaving::MANIFEST);
}
