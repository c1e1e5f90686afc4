//! Whole numbers of any size.

use std::fmt;

use num_bigint::{BigInt, Sign};
use num_traits::ToPrimitive as _;

/// A Python `int`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Int(BigInt);

impl Int {
    /// The value, if 128 bits are enough for it.
    pub fn to_i128(&self) -> Option<i128> {
        i128::try_from(&self.0).ok()
    }

    /// The number that `digits` write in base `radix` (2, 8, 10 or 16), or `None` if there are none or one of them is no digit.
    ///
    /// Takes time that grows with the square of their count in base 10, and with their count in the others.
    pub(crate) fn from_digits(digits: &str, radix: u32) -> Option<Self> {
        let digits: Option<Vec<u8>> = digits
            .chars()
            .map(|digit| u8::try_from(digit.to_digit(radix)?).ok())
            .collect();
        let digits = digits.filter(|digits| !digits.is_empty())?;
        BigInt::from_radix_be(Sign::Plus, &digits, radix).map(Self)
    }

    /// The number that equals `value`, if one does.
    pub(crate) fn from_f64(value: f64) -> Option<Self> {
        // Infinities and NaN have a fraction of NaN.
        (value.fract() == 0.0)
            .then(|| num_traits::FromPrimitive::from_f64(value))
            .flatten()
            .map(Self)
    }

    #[must_use]
    pub(crate) fn negated(self) -> Self {
        Self(-self.0)
    }

    /// `self * 60 + other`
    #[must_use]
    pub(crate) fn times_60_plus(self, other: Self) -> Self {
        Self(self.0 * 60_u32 + other.0)
    }

    /// The nearest `f64`, ties to even; `None` beyond its range.
    pub(crate) fn to_f64(&self) -> Option<f64> {
        self.0.to_f64().filter(|value| value.is_finite())
    }
}

impl From<bool> for Int {
    fn from(value: bool) -> Self {
        Self(value.into())
    }
}

impl From<i128> for Int {
    fn from(value: i128) -> Self {
        Self(value.into())
    }
}

impl fmt::Display for Int {
    /// Decimal; beyond 128 bits hexadecimal, which takes no more time than there are digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_i128() {
            Some(value) => write!(f, "{value}"),
            None => write!(f, "{:#x}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::float_cmp,
        reason = "a failed unwrap fails the test; exact by design"
    )]

    use super::Int;

    fn hex(digits: &str) -> Int {
        Int::from_digits(digits, 16).unwrap()
    }

    #[test]
    fn bases_agree_beyond_128_bits() {
        let number = hex("1000000000000000000000000000000000000000000");
        let decimal =
            Int::from_digits("374144419156711147060143317175368453031918731001856", 10).unwrap();
        let octal = Int::from_digits(&format!("1{}", "0".repeat(56)), 8).unwrap();
        assert_eq!(number, decimal);
        assert_eq!(number, octal);
        assert_eq!(number, Int::from_f64(2.0_f64.powi(168)).unwrap());
        assert_eq!(number.to_f64(), Some(2.0_f64.powi(168)));
        assert_eq!(
            number.negated().to_string(),
            "-0x1000000000000000000000000000000000000000000"
        );
    }

    #[test]
    fn a_sign_or_an_underscore_is_no_digit() {
        for digits in ["", "+1", "-1", "1_0", " 1", "g", "\u{661}"] {
            assert_eq!(Int::from_digits(digits, 16), None, "{digits:?}");
        }
        assert_eq!(Int::from_digits("8", 8), None);
    }

    #[test]
    fn only_whole_floats_are_whole_numbers() {
        assert_eq!(Int::from_f64(-0.0), Some(Int::from(0)));
        assert_eq!(Int::from_f64(-3.0), Some(Int::from(-3)));
        for value in [0.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Int::from_f64(value), None, "{value}");
        }
        let largest = Int::from_f64(f64::MAX).unwrap();
        assert_eq!(largest.to_f64(), Some(f64::MAX));
    }

    #[test]
    fn rounding_and_the_edges() {
        assert_eq!(
            Int::from_digits(&"9".repeat(400), 10).unwrap().to_f64(),
            None
        );
        // The largest float ends in 53 ones; from one half of its last place on, the next would be 2^1024.
        let ones = "f".repeat(13);
        let below_the_tie = format!("{ones}b{}", "f".repeat(256 - 14));
        assert_eq!(hex(&below_the_tie).to_f64(), Some(f64::MAX));
        let tie = format!("{ones}c{}", "0".repeat(256 - 14));
        assert_eq!(hex(&tie).to_f64(), None);

        let even = hex("20000000000001000000000000000000000000000000000");
        let above = hex("20000000000001000000000000000000000000000000001");
        assert_eq!(even.to_f64(), Some(2.0_f64.powi(185)));
        assert!(above.to_f64() > even.to_f64());
        assert_eq!(
            Int::from(i128::MIN).negated().negated(),
            Int::from(i128::MIN)
        );
        assert_eq!(Int::from(i128::MIN).to_i128(), Some(i128::MIN));
        assert_eq!(Int::from(i128::MIN).negated().to_i128(), None);
        let borrowed = Int::from(1).times_60_plus(hex(&"f".repeat(40)).negated());
        assert_eq!(borrowed.to_string(), format!("-0x{}c3", "f".repeat(38)));
    }
}
