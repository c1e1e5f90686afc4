//! Whole numbers of any size.

use std::cmp::Ordering;
use std::fmt;

/// A Python `int`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Int(Repr);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Repr {
    Small(i128),
    /// Never fits an `i128`. 32-bit digits, the lowest first, the highest not zero.
    Big {
        negative: bool,
        magnitude: Box<[u32]>,
    },
}

impl Int {
    /// The value, if 128 bits are enough for it.
    pub fn to_i128(&self) -> Option<i128> {
        match self.0 {
            Repr::Small(value) => Some(value),
            Repr::Big { .. } => None,
        }
    }

    fn new(negative: bool, mut magnitude: Vec<u32>) -> Self {
        while magnitude.last() == Some(&0) {
            magnitude.pop();
        }
        let small = (magnitude.len() <= 4)
            .then(|| {
                magnitude
                    .iter()
                    .rev()
                    .fold(0_u128, |value, &digit| value << 32 | u128::from(digit))
            })
            .and_then(|value| {
                if negative {
                    0_i128.checked_sub_unsigned(value)
                } else {
                    i128::try_from(value).ok()
                }
            });
        match small {
            Some(value) => Self(Repr::Small(value)),
            None => Self(Repr::Big {
                negative,
                magnitude: magnitude.into(),
            }),
        }
    }

    fn into_parts(self) -> (bool, Vec<u32>) {
        match self.0 {
            Repr::Big {
                negative,
                magnitude,
            } => (negative, magnitude.into_vec()),
            Repr::Small(value) => {
                let unsigned = value.unsigned_abs();
                #[allow(
                    clippy::cast_possible_truncation,
                    reason = "cuts the number into its 32-bit digits"
                )]
                let magnitude = (0..4)
                    .map(|place| (unsigned >> (32 * place)) as u32)
                    .collect();
                (value < 0, magnitude)
            }
        }
    }

    /// The number that `digits` write in base 2, 8, 10 or 16, or `None` if one of them is no digit.
    pub(super) fn from_digits(digits: &str, radix: u32) -> Option<Self> {
        if let Ok(value) = i128::from_str_radix(digits, radix) {
            return digits
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric())
                .then_some(Self(Repr::Small(value)));
        }
        let magnitude = if radix == 10 {
            from_decimal(digits)?
        } else {
            from_bits(digits, radix)?
        };
        Some(Self::new(false, magnitude))
    }

    /// The number that equals `value`, if one does.
    pub(super) fn from_f64(value: f64) -> Option<Self> {
        if !value.is_finite() || value.fract() != 0.0 {
            return None;
        }
        let bits = value.to_bits();
        let exponent = (bits >> 52) & 0x7FF;
        let fraction = bits & ((1 << 52) - 1);
        let Some(shift) = exponent.checked_sub(1075) else {
            #[allow(clippy::cast_possible_truncation, reason = "below 2^53 and whole")]
            return Some(Self(Repr::Small(value as i128)));
        };
        let mut magnitude = vec![0; usize::try_from(shift / 32).ok()?];
        let wide = u128::from(fraction | 1 << 52) << (shift % 32);
        #[allow(
            clippy::cast_possible_truncation,
            reason = "cuts the number into its 32-bit digits"
        )]
        magnitude.extend((0..3).map(|place| (wide >> (32 * place)) as u32));
        Some(Self::new(value.is_sign_negative(), magnitude))
    }

    #[must_use]
    pub(super) fn negated(self) -> Self {
        let (negative, magnitude) = self.into_parts();
        Self::new(!negative, magnitude)
    }

    /// `self * 60 + other`
    #[must_use]
    pub(super) fn times_60_plus(self, other: Self) -> Self {
        if let (Repr::Small(value), Repr::Small(addend)) = (&self.0, &other.0)
            && let Some(sum) = value
                .checked_mul(60)
                .and_then(|product| product.checked_add(*addend))
        {
            return Self(Repr::Small(sum));
        }
        let (negative, mut left) = self.into_parts();
        multiply_add(&mut left, 60, 0);
        let (other_negative, right) = other.into_parts();
        if negative == other_negative {
            return Self::new(negative, add(left, &right));
        }
        match compare(&left, &right) {
            Ordering::Less => Self::new(other_negative, subtract(right, &left)),
            _ => Self::new(negative, subtract(left, &right)),
        }
    }

    /// The nearest `f64`, ties to even; `None` beyond its range.
    pub(super) fn to_f64(&self) -> Option<f64> {
        let (negative, mut magnitude) = self.clone().into_parts();
        while magnitude.last() == Some(&0) {
            magnitude.pop();
        }
        // The top 96 bits, the last of them standing for all below, decide the rounding.
        let below = magnitude.len().saturating_sub(3);
        let (low, high) = magnitude.split_at(below);
        let sticky = u128::from(low.iter().any(|&digit| digit != 0));
        let top = high
            .iter()
            .rev()
            .fold(0_u128, |value, &digit| value << 32 | u128::from(digit))
            << 1
            | sticky;
        #[allow(clippy::cast_precision_loss, reason = "this is the rounding")]
        let mut value = top as f64 / 2.0;
        for _ in 0..below {
            value *= 4_294_967_296.0;
        }
        value
            .is_finite()
            .then_some(if negative { -value } else { value })
    }
}

impl From<bool> for Int {
    fn from(value: bool) -> Self {
        Self(Repr::Small(value.into()))
    }
}

impl From<i128> for Int {
    fn from(value: i128) -> Self {
        Self(Repr::Small(value))
    }
}

impl fmt::Display for Int {
    /// Decimal, or hexadecimal beyond 128 bits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Small(value) => write!(f, "{value}"),
            Repr::Big {
                negative,
                magnitude,
            } => {
                f.write_str(if *negative { "-0x" } else { "0x" })?;
                let mut digits = magnitude.iter().rev();
                write!(f, "{:x}", digits.next().unwrap_or(&0))?;
                digits.try_for_each(|digit| write!(f, "{digit:08x}"))
            }
        }
    }
}

/// `magnitude * factor + addend`
fn multiply_add(magnitude: &mut Vec<u32>, factor: u32, addend: u32) {
    let mut carry = u64::from(addend);
    for digit in magnitude.iter_mut() {
        carry += u64::from(*digit) * u64::from(factor);
        *digit = low_half(carry);
        carry >>= 32;
    }
    if carry > 0 {
        magnitude.push(low_half(carry));
    }
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "the low half is what is wanted"
)]
fn low_half(value: u64) -> u32 {
    value as u32
}

fn add(mut left: Vec<u32>, right: &[u32]) -> Vec<u32> {
    if left.len() < right.len() {
        left.resize(right.len(), 0);
    }
    let mut carry = 0_u64;
    for (place, digit) in left.iter_mut().enumerate() {
        carry += u64::from(*digit) + u64::from(right.get(place).copied().unwrap_or(0));
        *digit = low_half(carry);
        carry >>= 32;
    }
    if carry > 0 {
        left.push(low_half(carry));
    }
    left
}

/// `left - right`, where `left` is not the smaller.
fn subtract(mut left: Vec<u32>, right: &[u32]) -> Vec<u32> {
    let mut borrow = false;
    for (place, digit) in left.iter_mut().enumerate() {
        let (value, first) = digit.overflowing_sub(right.get(place).copied().unwrap_or(0));
        let (value, second) = value.overflowing_sub(u32::from(borrow));
        *digit = value;
        borrow = first || second;
    }
    left
}

fn compare(left: &[u32], right: &[u32]) -> Ordering {
    let digit = |digits: &[u32], place: usize| digits.get(place).copied().unwrap_or(0);
    (0..left.len().max(right.len()))
        .rev()
        .map(|place| digit(left, place).cmp(&digit(right, place)))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

fn from_decimal(digits: &str) -> Option<Vec<u32>> {
    let mut magnitude = Vec::new();
    for chunk in digits.as_bytes().chunks(9) {
        let text = std::str::from_utf8(chunk).ok()?;
        let value = text
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| text.parse().ok())
            .flatten()?;
        multiply_add(
            &mut magnitude,
            10_u32.pow(u32::try_from(chunk.len()).ok()?),
            value,
        );
    }
    Some(magnitude)
}

/// For bases that are powers of two.
fn from_bits(digits: &str, radix: u32) -> Option<Vec<u32>> {
    let width = radix.trailing_zeros();
    let mut magnitude = Vec::with_capacity(digits.len() / 8 + 1);
    let (mut pending, mut bits) = (0_u64, 0);
    for character in digits.chars().rev() {
        pending |= u64::from(character.to_digit(radix)?) << bits;
        bits += width;
        if bits >= 32 {
            magnitude.push(low_half(pending));
            pending >>= 32;
            bits -= 32;
        }
    }
    magnitude.push(low_half(pending));
    Some(magnitude)
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::float_cmp,
        reason = "a failed unwrap fails the test; exact by design"
    )]

    use super::Int;

    #[test]
    fn bases_agree_beyond_128_bits() {
        let hex = Int::from_digits("1000000000000000000000000000000000000000000", 16).unwrap();
        let decimal =
            Int::from_digits("374144419156711147060143317175368453031918731001856", 10).unwrap();
        let octal = Int::from_digits(&format!("1{}", "0".repeat(56)), 8).unwrap();
        assert_eq!(hex, decimal);
        assert_eq!(hex, octal);
        assert_eq!(hex, Int::from_f64(2.0_f64.powi(168)).unwrap());
        assert_eq!(hex.to_f64(), Some(2.0_f64.powi(168)));
        assert_eq!(
            hex.negated().to_string(),
            "-0x1000000000000000000000000000000000000000000"
        );
    }

    #[test]
    fn rounding_and_the_edges() {
        assert_eq!(Int::from_f64(-0.0), Some(Int::from(0)));
        assert_eq!(Int::from_f64(0.5), None);
        assert_eq!(Int::from_f64(f64::NAN), None);
        assert_eq!(
            Int::from_digits(&"9".repeat(400), 10).unwrap().to_f64(),
            None
        );
        let tie = Int::from_digits("20000000000001000000000000000000000000000000000", 16).unwrap();
        let above =
            Int::from_digits("20000000000001000000000000000000000000000000001", 16).unwrap();
        assert!(above.to_f64() > tie.to_f64());
        assert_eq!(
            Int::from(i128::MIN).negated().negated(),
            Int::from(i128::MIN)
        );
        let borrowed =
            Int::from(1).times_60_plus(Int::from_digits(&"f".repeat(40), 16).unwrap().negated());
        assert_eq!(borrowed.to_string(), format!("-0x{}c3", "f".repeat(38)));
    }
}
