//! One record, equal to what the executable prints: in dev, in release, and in the profile that has most that could lose it.
//! The linker is rustc's own; `cargo xtask linkers --all` has the other profiles, and the other linkers.

use crate::builds::{COLLECTED, DECLARED, DEV, RELEASE, SMALL, STRIPPED, Variant, build};
use crate::check;

#[test]
fn dev() {
    holds_one_record(DEV);
}

#[test]
fn release() {
    holds_one_record(RELEASE);
}

#[test]
fn stripped() {
    holds_one_record(STRIPPED);
}

#[test]
fn sections_collected() {
    holds_one_record(COLLECTED);
}

#[test]
fn as_small_as_it_gets() {
    holds_one_record(SMALL);
}

fn holds_one_record(variant: Variant) {
    check::declared(&build(DECLARED, variant, "default", &[]));
}
