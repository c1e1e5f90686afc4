//! Answers once it has read its standard input to the end.

use std::io::Read as _;

fn main() {
    misbehaving::note_process();
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input).unwrap();
    assert_eq!(input, "", "stdin is somebody's");
    misbehaving::print(misbehaving::MANIFEST);
}
