//! Same inputs, same bytes; and the same bytes are not written again.

use std::fs;
use std::path::Path;

use crate::bundles::manifest;
use crate::project::Project;

/// A workspace whose bundle depends on a path dependency, with a text that names its own file.
fn workspace(folder_name: &str) -> Project {
    let project = Project::with_sdk_as("workspace-two-bins", folder_name);
    project.append(
        "calendar/src/lib.rs",
        "/// Where this stands.\npub fn place() -> &'static str {\n    \
         std::panic::Location::caller().file()\n}",
    );
    project.replace(
        "reports/src/main.rs",
        "    Ok(calendar::OPENS)\n",
        "    println!(\"{}\", calendar::place());\n    \
         std::env::args().nth(1).map_or(Ok(calendar::OPENS), |arg| panic!(\"{arg}\"))\n",
    );
    project
}

#[test]
fn two_folders_give_one_bundle() {
    let one = workspace("one");
    let two = workspace("another folder, with a much longer name");
    let pack = |project: &Project| {
        let bundles = project.pack("--workspace --release").bundles();
        assert_eq!(bundles.len(), 2);
        bundles
    };
    for (one, two) in pack(&one).iter().zip(pack(&two)) {
        assert_ne!(*one, two);
        assert_eq!(manifest(one), manifest(&two));
        assert!(
            fs::read(one).unwrap() == fs::read(&two).unwrap(),
            "{} and {} differ",
            one.display(),
            two.display()
        );
    }
    // What would show if it were otherwise.
    let other = workspace("one");
    other.replace(
        "reports/src/main.rs",
        "map_or(Ok(calendar::OPENS)",
        "map_or(Ok(calendar::OPENS + 1)",
    );
    let changed = other.pack("-p reports --release").bundle();
    let original = one.pack("-p reports --release").bundle();
    assert_ne!(fs::read(changed).unwrap(), fs::read(original).unwrap());
}

#[test]
fn a_second_build_from_nothing_gives_the_same_bundle() {
    let project = Project::with_sdk("one-bin");
    let bundle = project.pack("-r -o first").bundle();
    let first = fs::read(bundle).unwrap();
    // With the SDK, which the first build found built already.
    let args = "-r --target-dir elsewhere --config build.build-dir=\"elsewhere\" -o second";
    let second = project.pack(args).bundle();
    assert!(first.eq(&fs::read(second).unwrap()));
}

#[cfg(unix)]
fn identity(path: &Path) -> (u64, std::time::SystemTime, u32) {
    use std::os::unix::fs::MetadataExt as _;

    let metadata = fs::metadata(path).unwrap();
    let modified = metadata.modified().unwrap();
    (metadata.ino(), modified, metadata.mode() & 0o7777)
}

/// The workers' digest cache is keyed on inode and modification time.
#[cfg(unix)]
#[test]
fn a_fresh_bundle_is_left_alone() {
    let project = Project::with_sdk("one-bin");
    let outcome = project.pack("").ok().says(&["Packed"]);
    let bundle = outcome.bundle();
    let before = identity(&bundle);
    assert_eq!(before.2, 0o755);
    for args in ["", "-v", "--message-format json"] {
        let outcome = project.pack(args).ok().says(&["Fresh"]);
        outcome.says_nothing_of(&["Packed"]);
        assert_eq!(identity(&bundle), before, "{args}");
    }
    // cargo links anew, and the bytes are the same.
    fs::remove_file(project.path("target/debug/one-bin")).unwrap();
    project.pack("").ok().says(&["Fresh"]);
    assert_eq!(identity(&bundle), before);
}

#[cfg(unix)]
#[test]
fn a_lost_execute_bit_is_given_back() {
    use std::os::unix::fs::PermissionsExt as _;

    let project = Project::with_sdk("one-bin");
    let bundle = project.pack("").bundle();
    let before = identity(&bundle);
    fs::set_permissions(&bundle, fs::Permissions::from_mode(0o600)).unwrap();
    project.pack("").ok().says(&["Fresh"]);
    assert_eq!(identity(&bundle), before);
}

/// One byte of executable, source, manifest or trailer makes another bundle of it.
#[test]
fn a_bundle_that_differs_is_replaced() {
    let project = Project::with_sdk("one-bin");
    let bundle = project.pack("").bundle();
    let good = fs::read(&bundle).unwrap();
    let manifest_start = good.len() - 64 - manifest(&bundle).len();
    for at in [100, manifest_start - 2, manifest_start + 2, good.len() - 30] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&bundle, &bad).unwrap();
        project.pack("").ok().says(&["Packed"]);
        assert!(fs::read(&bundle).unwrap().eq(&good), "byte {at}");
    }
    let mut longer = good.clone();
    longer.push(0);
    for other in [&longer[..], &good[..good.len() - 1], b"text", b""] {
        fs::write(&bundle, other).unwrap();
        project.pack("").ok().says(&["Packed"]);
        assert!(fs::read(&bundle).unwrap().eq(&good));
    }
}

/// `target/debug/one-bin` and its twin in `deps` are one file: what is appended to one spoils both.
#[cfg(unix)]
#[test]
fn cargos_output_is_never_modified() {
    let project = Project::with_sdk("one-bin").building_in("target", "");
    project.cargo_build("").run().ok();
    let executable = project.path("target/debug/one-bin");
    let before = (identity(&executable), fs::read(&executable).unwrap());
    project.pack("").bundle();
    assert_eq!(identity(&executable), before.0);
    assert!(fs::read(&executable).unwrap().eq(&before.1));
    // Onto cargo's own file by name, and onto what it is built from: refused.
    project.write("src/a module.rs", "");
    project.append("src/main.rs", "\n#[path = \"a module.rs\"]\nmod module;\n");
    project.cargo_build("").run().ok();
    let before = (identity(&executable), fs::read(&executable).unwrap());
    fs::copy(
        project.path("src/a module.rs"),
        project.path("src/other.rs"),
    )
    .unwrap();
    std::os::unix::fs::symlink("a module.rs", project.path("src/link.rs")).unwrap();
    for output in [
        "target/debug/one-bin",
        "src/main.rs",
        "src/link.rs",
        "Cargo.toml",
    ] {
        let outcome = project.pack(&format!("-o {output}"));
        outcome.fails(1, &["is the same file as the input"]);
    }
    assert_eq!(identity(&executable), before.0);
    assert!(fs::read(&executable).unwrap().eq(&before.1));
    let plain = project.cargo_build("").run().ok();
    plain.says_nothing_of(&["Compiling"]);
}
