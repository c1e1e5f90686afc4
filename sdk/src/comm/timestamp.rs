//! The msgpack timestamp extension (type -1) in its three lengths, as Airflow's supervisor writes datetimes.

use jiff::Timestamp;

use super::WireError;

/// The extension type of timestamps in the msgpack specification.
pub(crate) const EXTENSION: i8 = -1;

/// Reads the payload of a timestamp extension: 4 bytes (u32 seconds), 8 bytes (30 bits of nanoseconds, 34 bits of
/// seconds) or 12 bytes (u32 nanoseconds, i64 seconds).
pub(crate) fn decode(payload: &[u8]) -> Result<Timestamp, WireError> {
    let (seconds, nanos) = if let Ok(bytes) = <[u8; 4]>::try_from(payload) {
        (i64::from(u32::from_be_bytes(bytes)), 0)
    } else if let Ok(bytes) = <[u8; 8]>::try_from(payload) {
        let packed = u64::from_be_bytes(bytes);
        (low_bits(packed, 34), low_bits(packed >> 34, 30))
    } else if let Some((nanos, seconds)) = payload.split_first_chunk::<4>()
        && let Ok(seconds) = <[u8; 8]>::try_from(seconds)
    {
        (
            i64::from_be_bytes(seconds),
            i64::from(u32::from_be_bytes(*nanos)),
        )
    } else {
        return Err(WireError::new(format!(
            "a timestamp of {} bytes (4, 8 or 12 are known)",
            payload.len()
        )));
    };
    let out_of_range = || {
        WireError::new(format!(
            "a timestamp out of range: {seconds} s and {nanos} ns since 1970"
        ))
    };
    if nanos > 999_999_999 {
        return Err(out_of_range());
    }
    let nanos = i32::try_from(nanos).map_err(|_| out_of_range())?;
    Timestamp::new(seconds, nanos).map_err(|_| out_of_range())
}

/// The text of an instant as messages carry it: RFC 3339 in UTC. The supervisor refuses a datetime without an offset.
pub(crate) fn text(at: Timestamp) -> String {
    at.to_string()
}

/// The lowest `bits` bits, at most 34 of them.
fn low_bits(packed: u64, bits: u32) -> i64 {
    i64::try_from(packed & ((1 << bits) - 1)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::decode;

    #[test]
    fn the_three_lengths() {
        assert_eq!(
            decode(&[0, 0, 0, 1]).unwrap().to_string(),
            "1970-01-01T00:00:01Z"
        );
        let packed: u64 = (500_000_000 << 34) + 1_767_323_045;
        assert_eq!(
            decode(&packed.to_be_bytes()).unwrap().to_string(),
            "2026-01-02T03:04:05.5Z"
        );
        let mut long = 250_000_000_u32.to_be_bytes().to_vec();
        long.extend((-2_i64).to_be_bytes());
        assert_eq!(
            decode(&long).unwrap().to_string(),
            "1969-12-31T23:59:58.25Z"
        );
    }

    #[test]
    fn nonsense_is_an_error() {
        assert!(decode(&[]).is_err());
        assert!(decode(&[0; 5]).is_err());
        assert!(decode(&[0xFF; 8]).is_err());
        let mut far = 0_u32.to_be_bytes().to_vec();
        far.extend(i64::MAX.to_be_bytes());
        assert!(decode(&far).is_err());
    }
}
