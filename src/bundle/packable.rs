//! Which executables can be packed: those that are known, and are no bundles already.

use std::io::{self, Read, Seek, SeekFrom};

use super::trailer::{TRAILER_LEN, Trailer, TrailerError};
use crate::executable::{self, Executable, Refusal};

/// Looks at the bytes `[start, start + len)` of `reader` as [`executable::examine`] does, and refuses a bundle.
///
/// For the executable inside of a bundle, pass the bundle's executable region. The position of `reader` changes.
///
/// # Errors
/// [`Refusal::AlreadyBundle`] for what ends as a bundle does, or why the bytes are no executable that is known.
pub fn examine<R: Read + Seek>(mut reader: R, start: u64, len: u64) -> Result<Executable, Refusal> {
    if ends_in_magic(&mut reader, start, len).map_err(Refusal::Read)? {
        return Err(Refusal::AlreadyBundle);
    }
    executable::examine(reader, start, len)
}

/// Whether the bytes are as long as a trailer, and end as one does, however broken it is otherwise.
fn ends_in_magic<R: Read + Seek>(reader: &mut R, start: u64, len: u64) -> io::Result<bool> {
    let Some(trailer) = len.checked_sub(TRAILER_LEN as u64) else {
        return Ok(false);
    };
    let position = start
        .checked_add(trailer)
        .ok_or(io::ErrorKind::InvalidInput)?;
    let mut bytes = [0; TRAILER_LEN];
    reader.seek(SeekFrom::Start(position))?;
    reader.read_exact(&mut bytes)?;
    Ok(Trailer::decode(&bytes) != Err(TrailerError::NoMagic))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::trailer::MAGIC;
    use std::io::Cursor;

    #[test]
    fn what_ends_in_the_magic_is_a_bundle_already() {
        let trailer = Trailer {
            source_len: 0,
            metadata_len: 0,
            binary_sha256: [0; 32],
        };
        let mut broken = trailer.encode();
        broken[8] = 9;
        for end in [trailer.encode(), broken] {
            let bytes = [&b"before\x7fELF"[..], &end, b"behind"].concat();
            let examined = |start, len| examine(Cursor::new(&bytes), start, len);
            assert!(matches!(examined(6, 68), Err(Refusal::AlreadyBundle)));
            assert!(matches!(examined(10, 64), Err(Refusal::AlreadyBundle)));
            // Shorter than a trailer; one byte of it is missing.
            assert!(!matches!(examined(11, 63), Err(Refusal::AlreadyBundle)));
            assert!(!matches!(examined(6, 67), Err(Refusal::AlreadyBundle)));
        }
        // `executable` imports nobody, so that the text cannot take the constant.
        let refusal = Refusal::AlreadyBundle.to_string();
        let magic = format!("(it ends in `{}`)", MAGIC.escape_ascii());
        assert!(refusal.contains(&magic), "{refusal}");
        let shrunk = examine(Cursor::new(b"short"), 0, 100);
        assert!(matches!(shrunk, Err(Refusal::Read(_))));
    }
}
