//! Instants: the msgpack timestamp extension (type -1) in its three lengths, as Airflow's supervisor writes datetimes, and their text.
//!
//! Python's datetimes go to 9999-12-31T23:59:59.999999, jiff's timestamps end 26 hours earlier. The text of an instant is exact; where a
//! `Timestamp` is wanted, what lies outside is the nearest that it can hold.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, civil};
use serde::{Deserialize, Deserializer};

use crate::WireError;

/// The extension type of timestamps in the msgpack specification.
pub const EXTENSION: i8 = -1;

/// The text of the instant in the payload of a timestamp extension: 4 bytes (u32 seconds), 8 bytes (30 bits of nanoseconds, 34 bits of
/// seconds) or 12 bytes (u32 nanoseconds, i64 seconds).
pub fn decode(payload: &[u8]) -> Result<String, WireError> {
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
    match i32::try_from(nanos) {
        Ok(nanos) if nanos <= 999_999_999 => Ok(instant(seconds, nanos)),
        _ => Err(WireError::new(format!(
            "a timestamp with {nanos} ns in its second"
        ))),
    }
}

/// The text of an instant, in seconds and nanoseconds since 1970; the years go from -9999 to 9999.
pub fn instant(seconds: i64, nanos: i32) -> String {
    let epoch = civil::DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
    let at = match epoch.checked_add(SignedDuration::new(seconds, nanos)) {
        Ok(at) => at,
        Err(_) if seconds < 0 => civil::DateTime::MIN,
        Err(_) => civil::DateTime::MAX,
    };
    format!("{at}Z")
}

/// The text of an instant as messages carry it: RFC 3339 in UTC. The supervisor refuses a datetime without an offset, and does not
/// answer for a year that Python does not have: an instant before the year 1 is sent as the first second of that year.
pub fn text(at: Timestamp) -> String {
    /// 0001-01-01T00:00:00Z.
    const FIRST: i64 = -62_135_596_800;
    if at.as_second() < FIRST {
        return "0001-01-01T00:00:00Z".to_owned();
    }
    at.to_string()
}

/// Reads an instant as [`text`] and Airflow write it: `2026-01-02T03:04:05.5Z`, `2026-01-02 03:04:05+01:00`; without an offset it is
/// in UTC. What a [`Timestamp`] cannot hold is the nearest that it can.
///
/// jiff's own parser adds 9 kB to the do-nothing bundle (Rust 1.95, `--release`, stripped). It also fails for instants that a
/// [`Timestamp`] cannot hold, and takes a date without a time, which Airflow never writes.
pub fn parse(text: &str) -> Option<Timestamp> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let (time, offset) = match time.rfind(['+', '-']) {
        Some(place) => (time.get(..place)?, seconds(time.get(place..)?)?),
        None => (time.strip_suffix(['Z', 'z']).unwrap_or(time), 0),
    };
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
    let nearest = if date.year() < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    let at = date
        .to_datetime(time)
        .checked_sub(SignedDuration::from_secs(offset))
        .and_then(|at| TimeZone::UTC.to_timestamp(at));
    Some(at.unwrap_or(nearest))
}

/// An offset in seconds: `+01:00`, `-0530`, `+01`.
fn seconds(offset: &str) -> Option<i64> {
    let digits: String = offset.chars().skip(1).filter(|c| *c != ':').collect();
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = digits.split_at(2);
    let minutes: i64 = if minutes.is_empty() {
        0
    } else {
        minutes.parse().ok()?
    };
    let seconds = hours.parse::<i64>().ok()? * 3600 + minutes * 60;
    Some(if offset.starts_with('-') {
        -seconds
    } else {
        seconds
    })
}

/// The instant of a field, for derived implementations.
pub fn field<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    read(&String::deserialize(deserializer)?)
}

/// The instant of a field that may be null, for derived implementations.
pub fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    Option::<String>::deserialize(deserializer)?
        .map(|text| read(&text))
        .transpose()
}

fn read<E: serde::de::Error>(text: &str) -> Result<Timestamp, E> {
    parse(text).ok_or_else(|| E::custom(format!("{text:?} is not a time")))
}

/// The lowest `bits` bits, at most 34 of them.
fn low_bits(packed: u64, bits: u32) -> i64 {
    i64::try_from(packed & ((1 << bits) - 1)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use jiff::Timestamp;

    use super::{decode, parse, text};

    fn long(seconds: i64, nanos: u32) -> Vec<u8> {
        let mut long = nanos.to_be_bytes().to_vec();
        long.extend(seconds.to_be_bytes());
        long
    }

    #[test]
    fn the_three_lengths() {
        assert_eq!(decode(&[0, 0, 0, 1]).unwrap(), "1970-01-01T00:00:01Z");
        let packed: u64 = (500_000_000 << 34) + 1_767_323_045;
        assert_eq!(
            decode(&packed.to_be_bytes()).unwrap(),
            "2026-01-02T03:04:05.5Z"
        );
        assert_eq!(
            decode(&long(-2, 250_000_000)).unwrap(),
            "1969-12-31T23:59:58.25Z"
        );
    }

    #[test]
    fn all_of_pythons_datetimes_have_their_text() {
        for (seconds, nanos, written) in [
            (253_402_214_400, 0, "9999-12-31T00:00:00Z"),
            (253_402_300_799, 999_999_000, "9999-12-31T23:59:59.999999Z"),
            (-62_135_596_800, 0, "0001-01-01T00:00:00Z"),
            (i64::MAX, 0, "9999-12-31T23:59:59.999999999Z"),
            (i64::MIN, 0, "-009999-01-01T00:00:00Z"),
        ] {
            assert_eq!(decode(&long(seconds, nanos)).unwrap(), written);
            assert!(parse(written).is_some(), "{written}");
        }
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
            "2026-13-02T03:04:05Z",
            "2026-01-02T03:04:05.xZ",
            "2026-01-02T03:04Z",
            "2026-01-02T25:04:05Z",
            "2026-01-02T03:04:05+1",
            "2026-01-02T03:04:05+ab:cd",
        ] {
            assert_eq!(parse(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn offsets_are_known() {
        let expected = "2026-01-02T03:04:05Z".parse().ok();
        for written in [
            "2026-01-02T03:04:05",
            "2026-01-02 03:04:05+00:00",
            "2026-01-02t04:34:05+01:30",
            "2026-01-01T22:04:05-0500",
            "2026-01-02T04:04:05+01",
        ] {
            assert_eq!(parse(written), expected, "{written}");
        }
        assert_eq!(
            parse("9999-12-31T12:00:00+14:00"),
            "9999-12-30T22:00:00Z".parse().ok()
        );
    }

    #[test]
    fn what_a_timestamp_cannot_hold_is_the_nearest() {
        for written in [
            "9999-12-31T00:00:00Z",
            "9999-12-31T23:59:59.999999Z",
            "9999-12-31T23:59:59-12:00",
            "9999-12-30T22:00:01Z",
        ] {
            assert_eq!(parse(written), Some(Timestamp::MAX), "{written}");
        }
        for written in ["-009999-01-01T00:00:00Z", "-009999-01-02T00:00:00+14:00"] {
            assert_eq!(parse(written), Some(Timestamp::MIN), "{written}");
        }
        assert_eq!(text(Timestamp::MIN), "0001-01-01T00:00:00Z");
    }

    #[test]
    fn nonsense_is_an_error() {
        assert!(decode(&[]).is_err());
        assert!(decode(&[0; 5]).is_err());
        assert!(decode(&[0xFF; 8]).is_err());
        assert!(decode(&long(0, u32::MAX)).is_err());
    }
}
