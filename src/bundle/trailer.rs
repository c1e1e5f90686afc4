//! The last 64 bytes of a bundle. Pure: no I/O, no allocation.

use std::fmt;

/// Length of the trailer, in bytes.
pub const TRAILER_LEN: usize = 64;

/// The last eight bytes of every bundle.
pub const MAGIC: [u8; 8] = *b"AFBNDL01";

/// The only `footer_ver` that the readers of Airflow 3.3.2 and 3.4.0b2 take.
pub const FOOTER_VERSION: u32 = 1;

/// What a trailer records.
///
/// | bytes | field |
/// | --- | --- |
/// | 0..4 | `source_len`, u32 little-endian |
/// | 4..8 | `metadata_len`, u32 little-endian |
/// | 8..12 | `footer_ver`, u32 little-endian |
/// | 12..44 | SHA-256 of the executable region |
/// | 44..56 | reserved, all zero |
/// | 56..64 | magic |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trailer {
    /// Length of the source region, in bytes.
    pub source_len: u32,
    /// Length of the manifest, in bytes.
    pub metadata_len: u32,
    /// SHA-256 of the executable region.
    pub binary_sha256: [u8; 32],
}

/// Where the regions of a bundle lie. All values are byte offsets from the start of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// End of the executable and start of the source region.
    pub source_start: u64,
    /// End of the source region and start of the manifest.
    pub metadata_start: u64,
    /// End of the manifest and start of the trailer.
    pub trailer_start: u64,
}

/// Why 64 bytes are not a trailer that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrailerError {
    /// The magic is missing: this is no bundle at all.
    NoMagic,
    /// A version of the format that this reader does not know.
    UnknownVersion(u32),
    /// The twelve reserved bytes are not all zero.
    ReservedNotZero,
    /// The recorded lengths reach beyond the start of the file.
    RegionsTooLong,
    /// The recorded lengths leave nothing for the executable.
    NoExecutable,
}

impl fmt::Display for TrailerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMagic => write!(
                f,
                "the file does not end in the bundle magic `{}`",
                MAGIC.escape_ascii()
            ),
            Self::UnknownVersion(version) => write!(
                f,
                "the trailer has footer version {version}; only version {FOOTER_VERSION} is known"
            ),
            Self::ReservedNotZero => f.write_str("the trailer's reserved bytes are not zero"),
            Self::RegionsTooLong => {
                f.write_str("the trailer's lengths reach beyond the start of the file")
            }
            Self::NoExecutable => {
                f.write_str("the trailer's lengths leave no room for the executable")
            }
        }
    }
}

impl std::error::Error for TrailerError {}

impl Trailer {
    /// The 64 bytes that this trailer is written as.
    pub fn encode(&self) -> [u8; TRAILER_LEN] {
        let mut bytes = [0; TRAILER_LEN];
        bytes[0..4].copy_from_slice(&self.source_len.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.metadata_len.to_le_bytes());
        bytes[8..12].copy_from_slice(&FOOTER_VERSION.to_le_bytes());
        bytes[12..44].copy_from_slice(&self.binary_sha256);
        bytes[56..64].copy_from_slice(&MAGIC);
        bytes
    }

    /// Reads a trailer, checking what the released reader checks and in its order: magic, version,
    /// reserved bytes.
    pub fn decode(bytes: &[u8; TRAILER_LEN]) -> Result<Self, TrailerError> {
        if bytes[56..64] != MAGIC {
            return Err(TrailerError::NoMagic);
        }
        let word = |at: usize| {
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let version = word(8);
        if version != FOOTER_VERSION {
            return Err(TrailerError::UnknownVersion(version));
        }
        if bytes[44..56].iter().any(|&byte| byte != 0) {
            return Err(TrailerError::ReservedNotZero);
        }
        let mut binary_sha256 = [0; 32];
        binary_sha256.copy_from_slice(&bytes[12..44]);
        Ok(Self {
            source_len: word(0),
            metadata_len: word(4),
            binary_sha256,
        })
    }

    /// Where the regions lie in a file of `file_size` bytes.
    pub fn layout(&self, file_size: u64) -> Result<Layout, TrailerError> {
        let regions = || {
            let trailer_start = file_size.checked_sub(TRAILER_LEN as u64)?;
            let metadata_start = trailer_start.checked_sub(u64::from(self.metadata_len))?;
            let source_start = metadata_start.checked_sub(u64::from(self.source_len))?;
            Some(Layout {
                source_start,
                metadata_start,
                trailer_start,
            })
        };
        let layout = regions().ok_or(TrailerError::RegionsTooLong)?;
        if layout.source_start == 0 {
            return Err(TrailerError::NoExecutable);
        }
        Ok(layout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRAILER: Trailer = Trailer {
        source_len: 0x0102_0304,
        metadata_len: 7,
        binary_sha256: [0xab; 32],
    };

    #[test]
    fn bytes_are_where_the_format_says() {
        let bytes = TRAILER.encode();
        assert_eq!(bytes[0..4], [4, 3, 2, 1]);
        assert_eq!(bytes[4..8], [7, 0, 0, 0]);
        assert_eq!(bytes[8..12], [1, 0, 0, 0]);
        assert_eq!(bytes[12..44], [0xab; 32]);
        assert_eq!(bytes[44..56], [0; 12]);
        assert_eq!(&bytes[56..], b"AFBNDL01");
        assert_eq!(Trailer::decode(&bytes), Ok(TRAILER));
    }

    #[test]
    fn every_broken_field_has_its_own_error() {
        let broken = |at: usize, value: u8| {
            let mut bytes = TRAILER.encode();
            bytes[at] = value;
            Trailer::decode(&bytes)
        };
        for at in 56..64 {
            assert_eq!(broken(at, b'?'), Err(TrailerError::NoMagic));
        }
        for at in 44..56 {
            assert_eq!(broken(at, 1), Err(TrailerError::ReservedNotZero));
        }
        assert_eq!(broken(8, 2), Err(TrailerError::UnknownVersion(2)));
        assert_eq!(
            broken(11, 1),
            Err(TrailerError::UnknownVersion(0x0100_0001))
        );
    }

    #[test]
    fn lengths_are_checked_at_their_limits() {
        let trailer = Trailer {
            source_len: 10,
            metadata_len: 20,
            ..TRAILER
        };
        assert_eq!(trailer.layout(63), Err(TrailerError::RegionsTooLong));
        assert_eq!(trailer.layout(93), Err(TrailerError::RegionsTooLong));
        assert_eq!(trailer.layout(94), Err(TrailerError::NoExecutable));
        assert_eq!(
            trailer.layout(95),
            Ok(Layout {
                source_start: 1,
                metadata_start: 11,
                trailer_start: 31
            })
        );
        let longest = Trailer {
            source_len: u32::MAX,
            metadata_len: u32::MAX,
            ..TRAILER
        };
        assert_eq!(
            longest.layout(u64::MAX).map(|l| l.trailer_start),
            Ok(u64::MAX - 64)
        );
        assert_eq!(longest.layout(1 << 32), Err(TrailerError::RegionsTooLong));
    }
}
