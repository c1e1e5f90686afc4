//! Prints UTF-16 with a byte order mark, as PowerShell redirects it.

use std::io::Write as _;

fn main() {
    misbehaving::note_process();
    let units = std::iter::once(0xfeff).chain(misbehaving::MANIFEST.encode_utf16());
    let bytes: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
    std::io::stdout().write_all(&bytes).unwrap();
}
