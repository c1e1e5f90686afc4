//! The msgpack timestamp extension (type -1) in its three lengths, as Airflow's supervisor writes datetimes.

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};

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

/// Reads an instant as [`text`] and Airflow write it: `2026-01-02T03:04:05.5Z`, always in UTC.
///
/// jiff's own parser knows every form of RFC 3339, RFC 9557 and Temporal, which is 30 kB in every executable.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let (year, rest) = date.rsplit_once('-')?.0.rsplit_once('-')?;
    let day = date.rsplit_once('-')?.1;
    let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
    let mut clock = time.splitn(3, ':');
    let (hour, minute, second) = (clock.next()?, clock.next()?, clock.next()?);
    // Padded on the right: `.5` is 500 million nanoseconds.
    let nanos = fraction
        .bytes()
        .chain(std::iter::repeat(b'0'))
        .take(9)
        .try_fold(0_i32, |nanos, digit| {
            digit
                .is_ascii_digit()
                .then(|| nanos * 10 + i32::from(digit - b'0'))
        })?;
    let date = civil::Date::new(year.parse().ok()?, rest.parse().ok()?, day.parse().ok()?).ok()?;
    let time = civil::Time::new(
        hour.parse().ok()?,
        minute.parse().ok()?,
        second.parse().ok()?,
        nanos,
    )
    .ok()?;
    TimeZone::UTC.to_timestamp(date.to_datetime(time)).ok()
}

/// The lowest `bits` bits, at most 34 of them.
fn low_bits(packed: u64, bits: u32) -> i64 {
    i64::try_from(packed & ((1 << bits) - 1)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::{decode, parse, text};

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
    fn what_is_written_is_read_back() {
        for written in [
            "2026-01-02T03:04:05.5Z",
            "2026-01-02T03:04:05Z",
            "1969-12-31T23:59:59.000001Z",
            "0001-01-01T00:00:00Z",
            "9999-12-30T22:00:00.999999999Z",
        ] {
            assert_eq!(text(parse(written).unwrap()), written);
            assert_eq!(parse(written), written.parse().ok());
        }
        for nonsense in [
            "",
            "Z",
            "2026-01-02",
            "2026-01-02T03:04:05",
            "2026-01-02T03:04:05+01:00",
            "2026-13-02T03:04:05Z",
            "2026-01-02T03:04:05.xZ",
            "2026-01-02T03:04Z",
            "2026-01-02T25:04:05Z",
        ] {
            assert_eq!(parse(nonsense), None, "{nonsense}");
        }
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
