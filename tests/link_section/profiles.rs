//! Every profile: one record, equal to what the executable prints. The linker is rustc's own; `tests/linkers` has the others.

use crate::builds::{
    COLLECTED, DECLARED, DEV, FAT_LTO, PANIC_ABORT, RELEASE, SMALL, STRIPPED, Variant, build,
};
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
fn panic_abort() {
    holds_one_record(PANIC_ABORT);
}

#[test]
fn fat_lto() {
    holds_one_record(FAT_LTO);
}

#[test]
fn as_small_as_it_gets() {
    holds_one_record(SMALL);
}

fn holds_one_record(variant: Variant) {
    check::declared(&build(DECLARED, variant, "default", &[]));
}
