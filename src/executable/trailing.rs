//! Bytes behind what the headers of an executable describe.

use super::region::{Fault, Region};

/// Linkers and other tools fill the last page of a file with zeros; no processor has larger ones than this, in bytes.
const LARGEST_PAGE: u64 = 64 << 10;

/// How many bytes of the region stand at `end` and behind it; zeros that only fill a page do not count.
pub(super) fn bytes_behind(region: &mut Region<'_>, end: u64) -> Result<u64, Fault> {
    let behind = region.len().saturating_sub(end);
    if behind > LARGEST_PAGE {
        return Ok(behind);
    }
    let mut at = end;
    while at < region.len() {
        let (bytes, count) = region.head::<1024>(at)?;
        if bytes.iter().any(|&byte| byte != 0) {
            return Ok(behind);
        }
        at += count as u64;
    }
    Ok(0)
}
