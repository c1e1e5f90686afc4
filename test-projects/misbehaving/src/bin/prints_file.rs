//! Prints the file that `MANIFEST_FILE` names; a manifest of its own if there is none.

fn main() {
    misbehaving::note_process();
    match std::env::var_os("MANIFEST_FILE") {
        Some(path) => {
            let mut file = std::fs::File::open(path).unwrap();
            std::io::copy(&mut file, &mut std::io::stdout()).unwrap();
        }
        None => misbehaving::print(misbehaving::MANIFEST),
    }
}
