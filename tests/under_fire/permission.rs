//! An unprivileged user who may not write here or there.

use std::os::unix::fs::{chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::packer::{Outcome, mode, run, set_mode};
use crate::scan::Scans;
use crate::site::{Content, Site, modes, names, not_written, refused, wrapped};
use crate::strace::with_fault;

const NOBODY: u32 = 65534;

/// A site that everybody may look into, and a packer that everybody may run.
struct Shared {
    site: Site,
    packer: PathBuf,
}

impl Shared {
    fn new() -> Self {
        let site = Site::new();
        set_mode(site.bench.root(), 0o755);
        // The packer's own folder may be closed to others. A file that this process had open for writing might not be
        // executable while another thread starts something.
        let packer = site.bench.path("packer");
        let mut install = Command::new("install");
        install
            .args(["-m", "755"])
            .arg(env!("CARGO_BIN_EXE_cargo-airflow-bundle"));
        run(install.arg(&packer)).ok();
        Self { site, packer }
    }

    /// A pack by nobody.
    fn command(&self, content: Content, output: &Path) -> Command {
        let pack = self.site.pack_to(content, output);
        let mut own = Command::new(&self.packer);
        own.args(pack.get_args());
        for (name, _) in pack.get_envs() {
            own.env_remove(name);
        }
        let user = format!("--reuid={NOBODY}");
        let group = format!("--regid={NOBODY}");
        wrapped("setpriv", [&*user, &*group, "--clear-groups"], &own)
    }

    /// Packs as nobody.
    fn pack(&self, content: Content, output: &Path) -> Outcome {
        let outcome = run(&mut self.command(content, output));
        assert!(
            !outcome.stderr.contains("setpriv"),
            "this test becomes another user: run it as root, with `setpriv` (Debian: util-linux).\n{}",
            outcome.stderr
        );
        outcome
    }
}

fn give(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    assert_eq!(mode(path) & 0o700, 0o700);
}

#[test]
fn a_folder_that_belongs_to_somebody_else() {
    let shared = Shared::new();
    let site = &shared.site;
    site.packed(Content::A);
    let must_fail = |output: &Path, what: &str| {
        let outcome = shared.pack(Content::B, output).fails(1, &[]);
        let why = format!("{what}: Permission denied (os error 13)");
        assert_eq!(outcome.stderr, not_written(output, &why));
        assert_eq!(site.content_at(&site.bundle()), Content::A);
        site.nothing_is_left(false);
    };
    let folder = site.folder();
    let what = format!("failed to create a file in `{}`", folder.display());
    must_fail(&site.bundle(), &what);
    let new = folder.join("new");
    let what = format!("failed to create the folder `{}`", new.display());
    must_fail(&new.join("etl"), &what);
    // What is there already needs no permission.
    let outcome = shared.pack(Content::A, &site.bundle()).ok();
    assert!(outcome.stderr.contains("Fresh"), "{outcome:?}");
    // Nor may nobody look into a folder.
    set_mode(&folder, 0o700);
    let outcome = shared.pack(Content::B, &site.bundle()).fails(1, &[]);
    let why = "Permission denied (os error 13)";
    assert_eq!(outcome.stderr, refused(&site.bundle(), why));
}

/// As in `/tmp`: everybody may write, and nobody may replace what is somebody else's.
#[test]
fn a_bundle_that_belongs_to_somebody_else() {
    let shared = Shared::new();
    let site = &shared.site;
    site.packed(Content::A);
    set_mode(&site.folder(), 0o1777);
    let outcome = shared.pack(Content::B, &site.bundle()).fails(1, &[]);
    let bundle = site.bundle();
    let why = format!(
        "failed to rename the new bundle to `{}`: Operation not permitted (os error 1)",
        bundle.display()
    );
    assert_eq!(outcome.stderr, not_written(&bundle, &why));
    assert_eq!(site.content_at(&site.bundle()), Content::A);
    site.nothing_is_left(false);
}

/// A worker that searches the folder above too finds no staged file, whoever packs: root, whose staged files are there, or
/// nobody, whose staged files cannot go there.
#[test]
fn a_staged_file_is_hidden_from_who_searches_the_folder_above_too() {
    let shared = Shared::new();
    let site = &shared.site;
    give(&site.folder());
    let mut old = Content::A;
    shared.pack(old, &site.bundle()).ok();
    let mut scans = Scans::load();
    scans.start(site, &site.above(), NOBODY);
    for by_root in [true, false] {
        let command = |content| {
            if by_root {
                site.pack(content)
            } else {
                shared.command(content, &site.bundle())
            }
        };
        let mut left = Vec::new();
        for call in ["mkdir", "fchmod", "rename,renameat", "renameat2", "rmdir"] {
            for number in 1.. {
                let outcome = with_fault(&command(old.other()), call, "signal=KILL", number);
                left.extend(site.staged().iter().map(|staged| modes(staged)));
                old = site.content_at(&site.bundle());
                if outcome.code == 0 {
                    assert!(number > 1, "{call} was never called");
                    break;
                }
                assert_eq!(outcome.code, 137, "{call} {number}: {outcome:#?}");
                run(&mut command(old)).ok();
                site.nothing_is_left(false);
            }
        }
        // A folder without and with a file, before and after it became executable.
        for modes in [vec![0o300], vec![0o300, 0o600], vec![0o300, 0o755]] {
            assert!(left.contains(&modes), "{by_root}: {modes:?}: {left:?}");
        }
    }
    scans.found_nothing_wrong(20);
}

/// The staged file cannot step out; the bundle is written all the same.
#[test]
fn a_folder_above_that_belongs_to_somebody_else() {
    let shared = Shared::new();
    let site = &shared.site;
    give(&site.folder());
    for content in [Content::A, Content::B] {
        shared.pack(content, &site.bundle()).ok();
        assert_eq!(site.content_at(&site.bundle()), content);
        site.nothing_is_left(false);
    }
    // By a link in a folder that is nobody's own: the folder above is that of the target.
    let links = site.bench.path("links");
    std::fs::create_dir(&links).unwrap();
    give(&links);
    symlink(site.folder(), links.join("linked")).unwrap();
    shared.pack(Content::A, &links.join("linked/etl")).ok();
    assert_eq!(site.content_at(&site.bundle()), Content::A);
    site.nothing_is_left(false);
    assert_eq!(names(&links), ["linked"]);
}

/// What root has left behind, nobody cannot remove, and is not kept from packing.
#[test]
fn a_left_file_that_belongs_to_somebody_else() {
    let shared = Shared::new();
    let site = &shared.site;
    let left = site.folder().join(".airflow-bundle-abc123.tmp");
    std::fs::write(&left, "left by root").unwrap();
    set_mode(&left, 0o600);
    set_mode(&site.folder(), 0o1777);
    shared.pack(Content::A, &site.bundle()).ok();
    assert_eq!(names(&site.folder()), [".airflow-bundle-abc123.tmp", "etl"]);
    site.packed(Content::B);
    site.nothing_is_left(false);
}
