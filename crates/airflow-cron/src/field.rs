//! The columns of an expression.

/// A column of a cron expression, in the order in which croniter reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Field {
    /// 0 to 59.
    Minute,
    /// 0 to 23.
    Hour,
    /// 1 to 31, and `L` for the last.
    DayOfMonth,
    /// 1 to 12, or `JAN` to `DEC`.
    Month,
    /// 0 to 7, or `SUN` to `SAT`; 0 and 7 are Sunday.
    DayOfWeek,
    /// 0 to 59: the sixth column, not the first.
    Second,
    /// 1970 to 2099: the seventh column.
    Year,
}

/// `croniter.M_ALPHAS`.
const MONTHS: [&[u8; 3]; 12] = [
    b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec",
];

/// `croniter.DOW_ALPHAS`.
const WEEKDAYS: [&[u8; 3]; 7] = [b"sun", b"mon", b"tue", b"wed", b"thu", b"fri", b"sat"];

impl Field {
    /// All, in the order of the columns.
    pub(crate) const ALL: [Self; 7] = [
        Self::Minute,
        Self::Hour,
        Self::DayOfMonth,
        Self::Month,
        Self::DayOfWeek,
        Self::Second,
        Self::Year,
    ];

    /// The smallest and the largest value: `croniter.RANGES`.
    pub(crate) const fn range(self) -> (u32, u32) {
        match self {
            Self::Minute | Self::Second => (0, 59),
            Self::Hour => (0, 23),
            Self::DayOfMonth => (1, 31),
            Self::Month => (1, 12),
            Self::DayOfWeek => (0, 6),
            Self::Year => (1970, 2099),
        }
    }

    /// The number that a name of three letters, in any case, stands for in this column: `croniter.ALPHACONV`.
    pub(crate) const fn named(self, name: &[u8]) -> Option<u32> {
        match self {
            Self::Month => match position(&MONTHS, name) {
                Some(index) => Some(index + 1),
                None => None,
            },
            Self::DayOfWeek => position(&WEEKDAYS, name),
            _ => None,
        }
    }
}

const fn position(names: &[&[u8; 3]], name: &[u8]) -> Option<u32> {
    let mut index = 0;
    while index < names.len() {
        if names[index].eq_ignore_ascii_case(name) {
            #[allow(clippy::cast_possible_truncation, reason = "at most twelve")]
            return Some(index as u32);
        }
        index += 1;
    }
    None
}
