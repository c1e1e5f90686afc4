//! Whether workers with an old GNU C library can start a bundle.
//!
//! The worker's reader does not ask; the loader refuses the executable when a task starts.

use super::verdict::Candidate;
use super::verdicts::Verdicts;
use super::{Code, Finding};
use crate::executable::{GlibcVersion, glibc_symbols};
use crate::text::one_line;

/// Why the bundle in `candidate`, of which `verdicts` were given, does not run with version `limit` of the GNU C library; `None`
/// if it does, if it needs none (static, musl, other formats), and for files that are no bundles.
pub(crate) fn problem(
    candidate: &Candidate,
    verdicts: &Verdicts,
    limit: GlibcVersion,
) -> Option<Finding> {
    let bundle = candidate.bundle()?;
    let Some(executable) = &verdicts.executable else {
        return Some(Finding::new(
            Code::Glibc,
            "which glibc it needs cannot be told: the executable region is no executable that is known",
        ));
    };
    let needed = executable.glibc.filter(|&needed| needed > limit)?;
    let region = bundle.executable();
    let size = region.size();
    // A damaged list of symbols leaves the message without names; the version was read without that list.
    let symbols: Vec<_> = glibc_symbols(region, 0, size, needed)
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
        Code::Glibc,
        format!(
            "it needs glibc {needed}{symbols}, and {limit} is all that may be needed: build it where glibc is that old, \
             with `cargo zigbuild --target <TRIPLE>.{limit}`, or for a musl target"
        ),
    ))
}
