//! Whether workers with an old GNU C library can start a bundle.
//!
//! The worker's reader does not ask; the loader refuses the executable when a task starts.

use super::Finding;
use super::verdict::Verdict;
use crate::bundle::reader::Bundle;
use crate::executable::{GlibcVersion, glibc_symbols};
use crate::text::one_line;

/// Why the bundle that was judged does not run with version `limit` of the GNU C library; `None` if it does, if it needs
/// none (static, musl, other formats), and for files that are no bundles.
pub fn problem(verdict: &Verdict, limit: GlibcVersion) -> Option<Finding> {
    let bundle = Bundle::open(&verdict.path).ok()?;
    let Some(executable) = &verdict.executable else {
        return Some(Finding::new(
            "glibc",
            "which glibc it needs cannot be told: the executable region is no executable that is known",
        ));
    };
    let needed = executable.glibc.filter(|&needed| needed > limit)?;
    // Only an explanation: the verdict stands without it.
    let region = bundle.executable();
    let size = region.size();
    let symbols = glibc_symbols(region, 0, size, needed);
    let symbols: Vec<_> = symbols
        .unwrap_or_default()
        .iter()
        .map(|symbol| format!("`{}`", one_line(symbol)))
        .collect();
    let symbols = match symbols.as_slice() {
        [] => String::new(),
        [first, second, third, _, ..] => format!(" for {first}, {second}, {third} and others"),
        some => format!(" for {}", some.join(", ")),
    };
    Some(Finding::new(
        "glibc",
        format!(
            "it needs glibc {needed}{symbols}, and {limit} is all that may be needed: build it where glibc is that old, \
             with `cargo zigbuild --target <TRIPLE>.{limit}`, or for a musl target"
        ),
    ))
}
