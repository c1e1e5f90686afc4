//! What a column allows.

use crate::field::Field;

/// The values of a column: what croniter has in `expanded`, a sorted list of numbers, of `*` and of `l`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Values {
    /// `*` is in the list, which then allows each value, whatever else it holds.
    pub(crate) star: bool,
    /// `L` is in the list.
    pub(crate) last: bool,
    /// A bit for each value, from the smallest of the column on. The years need 130.
    bits: [u64; 3],
    lowest: u32,
}

impl Values {
    pub(crate) const fn empty(field: Field) -> Self {
        let (lowest, _) = field.range();
        Self {
            star: false,
            last: false,
            bits: [0; 3],
            lowest,
        }
    }

    pub(crate) const fn any(field: Field) -> Self {
        let mut values = Self::empty(field);
        values.star = true;
        values
    }

    /// Adds a number that is in the range of the column.
    pub(crate) const fn insert(&mut self, value: u32) {
        let bit = value - self.lowest;
        self.bits[(bit / 64) as usize] |= 1 << (bit % 64);
    }

    /// Whether the number is in the list.
    pub(crate) const fn contains(&self, value: u32) -> bool {
        let Some(bit) = value.checked_sub(self.lowest) else {
            return false;
        };
        bit < 192 && self.bits[(bit / 64) as usize] >> (bit % 64) & 1 == 1
    }

    /// The length of croniter's list.
    pub(crate) const fn len(&self) -> u32 {
        let [a, b, c] = self.bits;
        let numbers = a.count_ones() + b.count_ones() + c.count_ones();
        numbers + self.star as u32 + self.last as u32
    }

    /// Whether croniter's list is `["*"]`.
    #[cfg(feature = "jiff")]
    pub(crate) fn only_star(&self) -> bool {
        self.star && self.len() == 1
    }

    /// The numbers, the smallest first.
    #[cfg(feature = "jiff")]
    pub(crate) fn numbers(&self) -> impl DoubleEndedIterator<Item = i32> + '_ {
        let numbers = self.lowest..self.lowest + 192;
        let found = numbers.filter(|number| self.contains(*number));
        found.filter_map(|number| i32::try_from(number).ok())
    }
}
