//! How much a text may ask for.

/// Collections that may be open inside each other, and mappings that may merge each other in a chain.
pub const MAX_DEPTH: usize = 64;

/// Entries that merge keys may copy in all, and characters that `=` values may repeat.
pub const MAX_WORK: usize = 1 << 20;

/// More decimal digits than this make Python's `int()` raise `ValueError` (`sys.int_info.default_max_str_digits`).
pub(crate) const MAX_DIGITS: usize = 4300;
