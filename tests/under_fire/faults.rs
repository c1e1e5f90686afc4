//! Calls that fail: a clear error and exit code 1, or a way around; the old bundle as it was, and nothing left behind.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use crate::packer::Outcome;
use crate::site::{Content, Site, not_written};
use crate::strace::{with_fault, with_faults};

/// Inode, mode and time of the last change of the bundle.
fn stamp(site: &Site) -> (u64, u32, i64, i64) {
    let metadata = fs::metadata(site.bundle()).unwrap();
    let (seconds, nanoseconds) = (metadata.mtime(), metadata.mtime_nsec());
    (metadata.ino(), metadata.mode(), seconds, nanoseconds)
}

/// Fails unless the pack of B failed with `message` and left A as it was.
#[track_caller]
fn refused(site: &Site, before: (u64, u32, i64, i64), outcome: Outcome, message: &str) {
    let outcome = outcome.fails(1, &[]);
    assert_eq!(outcome.stderr, not_written(&site.bundle(), message));
    assert_eq!(stamp(site), before);
    assert_eq!(site.content_at(&site.bundle()), Content::A);
    site.nothing_is_left(false);
}

#[test]
fn calls_that_fail() {
    let site = Site::new();
    site.packed(Content::A);
    let before = stamp(&site);
    let bundle = site.bundle().display().to_string();
    for (call, what, action, error) in [
        ("fsync", "EIO", "sync", "Input/output error (os error 5)"),
        (
            "fsync",
            "ENOSPC",
            "sync",
            "No space left on device (os error 28)",
        ),
        (
            "fsync",
            "EDQUOT",
            "sync",
            "Disk quota exceeded (os error 122)",
        ),
        (
            "fchmod",
            "EIO",
            "make executable",
            "Input/output error (os error 5)",
        ),
        (
            "fchmod",
            "EPERM",
            "make executable",
            "Operation not permitted (os error 1)",
        ),
        (
            "rename,renameat",
            "EIO",
            "rename the new bundle to",
            "Input/output error (os error 5)",
        ),
        (
            "rename,renameat",
            "ENOSPC",
            "rename the new bundle to",
            "No space left on device (os error 28)",
        ),
        (
            "rename,renameat",
            "EACCES",
            "rename the new bundle to",
            "Permission denied (os error 13)",
        ),
        // The folder was not removed: it is made again in vain.
        (
            "rename,renameat",
            "ENOENT",
            "rename the new bundle to",
            "No such file or directory (os error 2)",
        ),
    ] {
        let outcome = with_faults(&site.pack(Content::B), call, &format!("error={what}"));
        refused(
            &site,
            before,
            outcome,
            &format!("failed to {action} `{bundle}`: {error}"),
        );
    }
}

/// The first write fails, the second, ...: the last one is that of the path on stdout.
#[test]
fn writes_that_fail() {
    let site = Site::new();
    let bundle = site.bundle().display().to_string();
    for (what, error) in [
        ("error=ENOSPC", "No space left on device (os error 28)"),
        ("error=EIO", "Input/output error (os error 5)"),
    ] {
        site.packed(Content::A);
        let before = stamp(&site);
        let mut number = 1;
        loop {
            let outcome = with_fault(&site.pack(Content::B), "write", what, number);
            if site.content_at(&site.bundle()) == Content::B {
                break;
            }
            let message = format!("failed to write `{bundle}`: {error}");
            refused(&site, before, outcome, &message);
            number += 1;
        }
        // The copied beginning, the rest, source, manifest, trailer.
        assert!(number > 4, "{number}");
        // Folders that were made for a bundle go with it.
        let output = site.above().join("new/folders/etl");
        let outcome = with_fault(&site.pack_to(Content::B, &output), "write", what, 2);
        outcome.fails(1, &["failed to write `"]);
        site.nothing_is_left(false);
    }
}

/// Nobody needs locks, or the folder above, to get a bundle.
#[test]
fn calls_that_may_fail() {
    let site = Site::new();
    let mut content = Content::A;
    for (call, error) in [
        ("flock", "ENOLCK"),
        ("flock", "EOPNOTSUPP"),
        ("renameat2", "EXDEV"),
        ("renameat2", "EACCES"),
        ("renameat2", "EROFS"),
        ("renameat2", "ENOSPC"),
        ("renameat2", "EEXIST"),
        // An old kernel or file system: a hard link does it.
        ("renameat2", "ENOSYS"),
        ("renameat2", "EINVAL"),
        ("renameat2,link,linkat", "EINVAL"),
        ("getdents64", "EIO"),
    ] {
        let outcome = with_faults(&site.pack(content), call, &format!("error={error}"));
        outcome.ok();
        assert_eq!(site.content_at(&site.bundle()), content, "{call} {error}");
        site.nothing_is_left(false);
        content = content.other();
    }
}
