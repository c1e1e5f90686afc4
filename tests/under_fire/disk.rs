//! Full and read-only disks, other file systems, and paths at their length limits.

use std::fs;
use std::path::Path;

use crate::namespace::Namespace;
use crate::packer::run;
use crate::site::{Content, Site, names, not_written, refused};

/// What stands in the mounted folder: the names, and the bundle.
#[track_caller]
fn is_as_before(site: &Site, inside: &Namespace, old: Content) {
    let folder = inside.seen(&site.folder());
    assert_eq!(names(&folder), ["etl"]);
    assert_eq!(site.content_at(&folder.join("etl")), old);
    assert_eq!(names(&site.above()), ["bundles"]);
}

/// A site whose output folder is a small disk of its own with bundle A on it.
fn on_small_disk(options: &str) -> (Site, Namespace) {
    let site = Site::new();
    let mount = format!("mount -t tmpfs -o {options} tmpfs \"$1\"");
    let inside = Namespace::new(&mount, &site.folder());
    let bundle = inside.seen(&site.bundle());
    fs::copy(site.reference(Content::A), bundle).unwrap();
    (site, inside)
}

#[test]
fn a_full_disk() {
    // Room for one bundle and a half.
    let room = fs::metadata(Site::new().reference(Content::A))
        .unwrap()
        .len()
        * 3
        / 2;
    let (site, inside) = on_small_disk(&format!("size={room}"));
    let outcome = run(&mut inside.inside(&site.pack(Content::B))).fails(1, &[]);
    let bundle = site.bundle();
    let why = format!(
        "failed to write `{}`: No space left on device (os error 28)",
        bundle.display()
    );
    assert_eq!(outcome.stderr, not_written(&bundle, &why));
    is_as_before(&site, &inside, Content::A);

    // A new bundle, in a new folder.
    let output = site.folder().join("new/etl");
    let outcome = run(&mut inside.inside(&site.pack_to(Content::B, &output)));
    outcome.fails(1, &["No space left on device"]);
    is_as_before(&site, &inside, Content::A);

    // The same bytes need no room.
    let outcome = run(&mut inside.inside(&site.pack(Content::A))).ok();
    assert!(outcome.stderr.contains("Fresh"), "{outcome:?}");

    inside.run("mount -o remount,size=64m \"$1\"", &site.folder());
    run(&mut inside.inside(&site.pack(Content::B))).ok();
    is_as_before(&site, &inside, Content::B);
}

#[test]
fn a_disk_without_inodes() {
    // One for the folder, one for the bundle.
    let (site, inside) = on_small_disk("size=64m,nr_inodes=2");
    let outcome = run(&mut inside.inside(&site.pack(Content::B))).fails(1, &[]);
    let why = format!(
        "failed to create a file in `{}`: No space left on device (os error 28)",
        site.folder().display()
    );
    assert_eq!(outcome.stderr, not_written(&site.bundle(), &why));
    is_as_before(&site, &inside, Content::A);
}

#[test]
fn a_read_only_disk() {
    let (site, inside) = on_small_disk("size=64m");
    inside.run("mount -o remount,ro \"$1\"", &site.folder());
    let must_fail = |output: &Path, what: &str| {
        let outcome = run(&mut inside.inside(&site.pack_to(Content::B, output))).fails(1, &[]);
        let why = format!("{what}: Read-only file system (os error 30)");
        assert_eq!(outcome.stderr, not_written(output, &why));
        is_as_before(&site, &inside, Content::A);
    };
    let folder = site.folder();
    must_fail(
        &site.bundle(),
        &format!("failed to create a file in `{}`", folder.display()),
    );
    let new = folder.join("new");
    must_fail(
        &new.join("etl"),
        &format!("failed to create the folder `{}`", new.display()),
    );
    run(&mut inside.inside(&site.pack(Content::A))).ok();
}

/// The folder above is on another file system: the staged file cannot step out.
#[test]
fn an_output_folder_that_is_a_mount_point() {
    let (site, inside) = on_small_disk("size=64m");
    site.add_similar_files();
    let before = names(&site.above());
    for content in [Content::B, Content::A, Content::B] {
        run(&mut inside.inside(&site.pack(content))).ok();
        let folder = inside.seen(&site.folder());
        assert_eq!(names(&folder), ["etl"]);
        assert_eq!(site.content_at(&folder.join("etl")), content);
        assert_eq!(names(&site.above()), before);
    }
}

/// The output and the folder above it are on another file system than the executable.
#[test]
fn an_output_on_another_file_system() {
    let site = Site::new();
    let inside = Namespace::new(
        "mount -t tmpfs tmpfs \"$1\"; mkdir \"$1/bundles\"",
        &site.above(),
    );
    for content in [Content::A, Content::B] {
        run(&mut inside.inside(&site.pack(content))).ok();
        assert_eq!(names(&inside.seen(&site.folder())), ["etl"]);
        assert_eq!(names(&inside.seen(&site.above())), ["bundles"]);
        assert_eq!(site.content_at(&inside.seen(&site.bundle())), content);
    }
}

#[test]
fn a_name_at_the_length_limit() {
    let site = Site::new();
    let pack = |name: &str| run(&mut site.pack_to(Content::A, &site.folder().join(name)));
    let longest = "n".repeat(255);
    pack(&longest).ok();
    assert_eq!(names(&site.folder()), [longest.as_str()]);
    let outcome = pack(&"n".repeat(256)).fails(1, &[]);
    let path = site.folder().join("n".repeat(256));
    let too_long = "File name too long (os error 36)";
    assert_eq!(outcome.stderr, refused(&path, too_long));
    assert_eq!(names(&site.folder()), [longest]);
}

/// A path has 4095 bytes at most; a staged file's must fit too.
#[test]
fn a_path_at_the_length_limit() {
    let site = Site::new();
    // The folders, so that `left` bytes stay for a name and the slash before it.
    let deep = |left: usize| {
        let mut path = site.folder().display().to_string();
        let mut room = 4095 - left - path.len();
        while room > 0 {
            // Not so long that a single byte, which would have to be the slash, stays.
            let length = if room > 202 { 200 } else { room };
            path.push('/');
            path.push_str(&"d".repeat(length - 1));
            room -= length;
        }
        path
    };
    let long = "n".repeat(40);
    let output = format!("{}/{long}", deep(41));
    assert_eq!(output.len(), 4095);
    run(&mut site.pack_to(Content::A, Path::new(&output))).ok();
    assert_eq!(names(Path::new(&deep(41))), [long.as_str()]);
    fs::remove_dir_all(site.folder().join("d".repeat(199))).unwrap();

    let too_long = "File name too long (os error 36)";
    let must_say = |output: &Path, message: &str| {
        let outcome = run(&mut site.pack_to(Content::A, output)).fails(1, &[]);
        assert_eq!(outcome.stderr, message);
        assert_eq!(names(&site.folder()), [] as [&str; 0]);
    };
    let output = format!("{}/{long}", deep(40));
    let output = Path::new(&output);
    must_say(output, &refused(output, too_long));
    let folder = deep(4);
    let output = format!("{folder}/etl");
    assert_eq!(output.len(), 4095);
    let output = Path::new(&output);
    let why = format!("failed to create a file in `{folder}`: {too_long}");
    must_say(output, &not_written(output, &why));
}
