//! A kill at every call that changes something, one after the other: no random moment can miss one.

use crate::packer::run;
use crate::site::{Content, Site, modes};
use crate::strace::with_fault;

/// All that a pack does to files.
const CALLS: [&str; 10] = [
    "mkdir",
    "write",
    "flock",
    "fsync",
    "fchmod",
    "rename,renameat",
    "renameat2",
    "rmdir",
    "unlink",
    "copy_file_range",
];

/// A pack has fewer calls of each kind than this.
const MANY: usize = 60;

#[test]
fn a_kill_at_every_call() {
    let site = Site::new();
    let mut old = Content::A;
    site.packed(old);
    let mut left = Vec::new();
    for call in CALLS {
        let mut number = 1;
        let kills = loop {
            assert!(number < MANY, "{call}");
            let outcome = with_fault(&site.pack(old.other()), call, "signal=KILL", number);
            let now = site.content_at(&site.bundle());
            if outcome.code == 0 {
                break number - 1;
            }
            assert_eq!(outcome.code, 137, "{call} {number}: {outcome:#?}");
            for staged in site.staged() {
                let beside = staged.parent() == Some(&*site.folder());
                left.push((beside, modes(&staged)));
                // A scan finds it, but takes no empty file for a bundle.
                assert!(
                    !beside || staged.metadata().unwrap().len() == 0,
                    "{call} {number} left {staged:?}"
                );
            }
            // The next pack removes it, also one that has nothing to write.
            run(&mut site.pack(now)).ok();
            site.nothing_is_left(false);
            old = now;
            number += 1;
        };
        // No pack unlinks anything, unless somebody has left something.
        let expected = match call {
            "unlink" | "copy_file_range" => 0,
            _ => 1,
        };
        assert!(kills >= expected, "{call}: {kills} kills");
        old = site.content_at(&site.bundle());
    }
    // Each state that a kill can leave behind was left.
    let hidden = 0o300;
    for state in [
        (true, vec![0o600]),
        (false, vec![hidden]),
        (false, vec![hidden, 0o600]),
        (false, vec![hidden, 0o755]),
    ] {
        assert!(left.contains(&state), "{state:?}: {left:?}");
    }
}
