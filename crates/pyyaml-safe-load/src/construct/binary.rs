//! Base64 as Python's `base64.decodebytes` reads it: characters outside of the alphabet are skipped.

/// The bytes that `text` encodes, or why it encodes none.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, &'static str> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut place, mut left, mut pads) = (0, 0_u8, 0);
    for byte in text.bytes() {
        if byte == b'=' {
            if place >= 2 {
                pads += 1;
                if place + pads >= 4 {
                    // Python reads nothing behind the padding.
                    return Ok(bytes);
                }
            }
            continue;
        }
        let Some(value) = sextet(byte) else {
            continue;
        };
        pads = 0;
        match place {
            0 => left = value,
            1 => {
                bytes.push(left << 2 | value >> 4);
                left = value & 0x0F;
            }
            2 => {
                bytes.push(left << 4 | value >> 2);
                left = value & 0x03;
            }
            _ => bytes.push(left << 6 | value),
        }
        place = (place + 1) % 4;
    }
    match place {
        0 => Ok(bytes),
        1 => Err("the base64 text has one letter too many"),
        _ => Err("the base64 text lacks its padding"),
    }
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn as_python_decodes() {
        assert_eq!(decode("QUJD\nRA==").as_deref(), Ok(&b"ABCD"[..]));
        assert_eq!(decode("=Q=U!J-D").as_deref(), Ok(&b"ABC"[..]));
        assert_eq!(decode("QQ=\n=QUJD").as_deref(), Ok(&b"A"[..]));
        assert_eq!(decode("QUI=QUI=").as_deref(), Ok(&b"AB"[..]));
        assert_eq!(decode("").as_deref(), Ok(&b""[..]));
        assert!(decode("Q").is_err());
        assert!(decode("QQ").is_err());
        assert!(decode("QQ=").is_err());
    }
}
