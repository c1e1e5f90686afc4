//! Which executables are packed.

use crate::bundles::{bundles_below, manifest, name};
use crate::project::Project;

/// A package with a table and one with the SDK are candidates, one with the SDK as a
/// dev-dependency is not.
#[test]
fn candidates_have_a_table_or_depend_on_the_sdk() {
    let project = Project::with_sdk("workspace-two-bins");
    assert_eq!(project.pack("--workspace").names(), ["etl", "reports"]);
    assert!(!project.path("target/debug/tools").exists());
}

/// `app` has its tasks from `tasks`, a library of the same workspace; `tools` does not, and `outside` is no member.
#[test]
fn the_sdk_is_reached_through_members() {
    let project = Project::with_sdk("workspace-library");
    for args in ["--workspace", "", "-p app", "-p tasks -p app -p tools"] {
        assert_eq!(project.pack(args).names(), ["app"], "{args}");
    }
    let manifest = project.pack("-p app --message-format json").ok();
    let line = manifest.json().pop().unwrap();
    assert_eq!(line["introspection"], "section");
    assert_eq!(line["dags"]["sales"]["tasks"][0], "extract");
    assert!(!project.path("target/debug/tools").exists());
    for (changed, why) in [
        ("dev-dependencies", "for tests"),
        ("build-dependencies", "for builds"),
    ] {
        project.replace(
            "middle/Cargo.toml",
            "[dependencies]",
            &format!("[{changed}]"),
        );
        let outcome = project
            .pack("--workspace")
            .fails(1, &["no executable to pack"]);
        assert!(!outcome.stderr.contains("panicked"), "{why}");
        project.replace(
            "middle/Cargo.toml",
            &format!("[{changed}]"),
            "[dependencies]",
        );
    }
    // What the workspace does not hold is somebody else's.
    project.replace("Cargo.toml", "\"middle\", ", "");
    project.append("Cargo.toml", "exclude = [\"middle\"]");
    project
        .pack("--workspace")
        .fails(1, &["no executable to pack"]);
}

#[test]
fn several_candidates_need_a_choice() {
    let project = Project::with_sdk("workspace-two-bins");
    project.replace("Cargo.toml", "default-members = [\"etl\"]\n", "");
    let outcome = project.pack("").fails(
        1,
        &[
            "-p etl --bin etl",
            "-p reports --bin reports",
            "--workspace",
        ],
    );
    assert!(!outcome.stderr.contains("tools"), "{}", outcome.stderr);
    assert!(!project.path("target").exists(), "nothing was built");
}

#[test]
fn packages_are_selected_as_in_cargo() {
    let project = Project::with_sdk("workspace-two-bins");
    for (args, names) in [
        ("", &["etl"][..]),
        ("-p reports", &["reports"]),
        ("--package reports@1.2.3", &["reports"]),
        ("-p reports@1.2", &["reports"]),
        ("-p reports:1.2.3", &["reports"]),
        ("-p etl -p etl", &["etl"]),
        ("-p rep*", &["reports"]),
        ("-p reports -p etl", &["reports", "etl"]),
        ("-p [er]*", &["etl", "reports"]),
        ("--workspace --exclude etl", &["reports"]),
        ("--all --exclude r* --exclude tools", &["etl"]),
        ("--manifest-path reports/Cargo.toml", &["reports"]),
        ("--workspace --bin etl", &["etl"]),
        ("--workspace --bin etl --bin reports", &["etl", "reports"]),
        ("-p etl -p reports --bin *t*", &["etl", "reports"]),
    ] {
        let mut found = project.pack(args).names();
        let mut names = names.to_vec();
        found.sort();
        names.sort_unstable();
        assert_eq!(found, names, "{args}");
    }
}

#[test]
fn a_package_can_be_named_by_its_id() {
    let project = Project::with_sdk_as("workspace-two-bins", "näme with spaces");
    let metadata = project.cargo("metadata --no-deps --format-version 1").run();
    let metadata = metadata.ok().json().remove(0);
    let id = &metadata["workspace_members"][2];
    let id = id.as_str().expect("an id");
    assert!(id.ends_with("/reports#1.2.3"), "{id}");
    // `cargo pkgid` would want one.
    std::fs::remove_file(project.path("Cargo.lock")).unwrap();
    for id in [
        id,
        id.trim_start_matches("path+"),
        id.trim_end_matches("#1.2.3"),
    ] {
        let outcome = project.program().args("-p").arg(id).run();
        assert_eq!(outcome.names(), ["reports"], "{id}");
    }
    let nowhere = id.replace("reports", "nowhere");
    let outcome = project.program().args("-p").arg(&nowhere).run();
    outcome.fails(1, &["nowhere", "package"]);
}

#[test]
fn wrong_packages_are_explained() {
    let project = Project::with_sdk("workspace-two-bins");
    for (args, words) in [
        ("-p report", &["`report`", "did you mean `reports`"][..]),
        ("-p nothing-like-it", &["`calendar`, `etl`, `reports`"]),
        ("-p reports@2.0.0", &["`reports@2.0.0`", "1.2.3"]),
        ("-p calendar", &["calendar", "[[bin]]"]),
        ("--bin reports", &["no bin target `reports`", "-p reports"]),
        ("--bin etll", &["did you mean `etl`", "there is `etl`"]),
        ("--workspace --bin report", &["did you mean `reports`"]),
        ("--example x", &["no example target `x`", "there is none"]),
    ] {
        project.pack(args).fails(1, words);
    }
    project.pack("--exclude etl").fails(2, &["--workspace"]);
    assert!(!project.path("target").exists(), "nothing was built");
}

/// cargo warns about it, and goes on.
#[test]
fn an_exclusion_that_matches_nothing_is_a_warning_as_in_cargo() {
    let project = Project::with_sdk("workspace-two-bins");
    let outcome = project.pack("--workspace --exclude reports --exclude nowhere");
    let outcome = outcome.says(&["warning", "`nowhere`"]);
    assert_eq!(outcome.names(), ["etl"]);
}

#[test]
fn the_current_folder_counts_as_in_cargo() {
    let project = Project::with_sdk("workspace-two-bins");
    let within = |folder: &str| {
        let run = project.program().folder(&project.path(folder));
        run.run()
    };
    assert_eq!(within("reports/src").names(), ["reports"]);
    assert_eq!(within(".").names(), ["etl"]);
    within("calendar").fails(1, &["no executable to pack in `calendar`"]);
}

/// A root package is not the whole workspace, and default members come before it.
#[test]
fn a_root_package_is_what_cargo_build_takes() {
    let project = Project::with_sdk("one-bin");
    project.replace(
        "Cargo.toml",
        "[workspace]",
        "[workspace]\nmembers = [\"more\"]",
    );
    project.write(
        "more/Cargo.toml",
        "[package]\nname = \"more\"\nedition = \"2024\"\n[package.metadata.airflow-bundle]\n\
         [dependencies]\nairflow-sdk = \"0.1\"\n",
    );
    let main = std::fs::read_to_string(project.path("src/main.rs")).unwrap();
    project.write("more/src/main.rs", &main.replace("one_bin", "more"));
    assert_eq!(project.pack("").names(), ["one-bin"]);
    assert_eq!(project.pack("--workspace").names(), ["more", "one-bin"]);
    project.replace(
        "Cargo.toml",
        "members = [\"more\"]",
        "members = [\"more\"]\ndefault-members = [\"more\"]",
    );
    assert_eq!(project.pack("").names(), ["more"]);
}

/// Without a table and without the SDK, all bins are candidates.
#[test]
fn a_helper_is_packed_if_it_is_all_there_is() {
    let project = Project::with_sdk("workspace-two-bins");
    let outcome = project.pack("-p tools");
    // It is a candidate, is built and run; what it says of itself is no manifest.
    outcome.fails(1, &["tools", "--airflow-metadata"]);
    let table = "[package.metadata.airflow-bundle]\n";
    project.replace("etl/Cargo.toml", table, "");
    assert_eq!(project.pack("-p etl").names(), ["etl"]);
}

#[test]
fn the_table_names_the_bundles() {
    let project = Project::with_sdk("helper-bins");
    let mark = project.path("mark");
    let run = project.program().env("HELPER_MARK", &mark);
    assert_eq!(run.run().names(), ["pipeline"]);
    assert!(!project.path("target/debug/migrate").exists());
    assert!(!mark.exists(), "a helper was run");
    assert_eq!(
        project.pack("--bin pipeline-nightly").names(),
        ["pipeline-nightly"]
    );
    let run = project.program().env("HELPER_MARK", &mark);
    let outcome = run.args("--bin migrate").run();
    outcome.fails(1, &["migrate", "exit", "3"]);
    assert!(mark.exists(), "a bin that is named is run");
}

#[test]
fn a_table_that_names_several_packs_them() {
    let project = Project::with_sdk("helper-bins");
    project.replace(
        "Cargo.toml",
        "[\"pipeline\"]",
        "[\"pipeline\", \"*-nightly\"]",
    );
    assert_eq!(project.pack("").names(), ["pipeline", "pipeline-nightly"]);
}

#[test]
fn a_package_with_several_bins_and_an_empty_table_needs_a_choice() {
    let project = Project::with_sdk("helper-bins");
    project.replace("Cargo.toml", "bins = [\"pipeline\"]\n", "");
    for args in ["", "-p helper-bins", "-r"] {
        let words = ["--bin pipeline", "--bin migrate", "default-run", "`bins`"];
        project.pack(args).fails(1, &words);
    }
    assert_eq!(
        project
            .pack("--bin pipeline --bin pipeline-nightly")
            .names(),
        ["pipeline", "pipeline-nightly"]
    );
    let two = project.pack("--bin pipeline*");
    assert_eq!(two.names(), ["pipeline", "pipeline-nightly"]);
}

#[test]
fn default_run_is_honoured() {
    let project = Project::with_sdk("default-run");
    assert_eq!(project.pack("").names(), ["pipeline"]);
    assert_eq!(project.pack("--workspace").names(), ["pipeline"]);
    assert!(!project.path("target/debug/migrate").exists());
    project.replace("Cargo.toml", "default-run = \"pipeline\"\n", "");
    project
        .pack("")
        .fails(1, &["--bin migrate", "--bin pipeline"]);
}

#[test]
fn examples_are_packed_if_they_are_named() {
    let project = Project::with_sdk("with-examples");
    assert_eq!(project.pack("").names(), ["with-examples"]);
    let bundle = project.pack("--example sensor").bundle();
    assert_eq!(
        bundle,
        project.path("target/debug/examples/airflow-bundle/sensor")
    );
    assert!(manifest(&bundle).contains("\"examples/sensor.rs\""));
    let both = project.pack("--example s* --bin with-examples").bundles();
    assert_eq!(
        both.iter().map(|path| name(path)).collect::<Vec<_>>(),
        ["with-examples", "sensor"]
    );
}

/// A bin and an example may have one name, and one folder would take only one of them.
#[test]
fn two_bundles_are_never_written_to_one_file() {
    let project = Project::with_sdk("with-examples");
    let args = "--example with-examples --bin with-examples";
    assert_eq!(project.pack(args).bundles().len(), 2);
    project.clean();
    let outcome = project.pack(&format!("{args} --out-dir dags"));
    outcome.fails(1, &["with-examples", "--out-dir"]);
    assert!(!project.path("dags").exists());
    assert!(
        !project.path("target").exists(),
        "found out before the build"
    );
}

#[test]
fn one_bin_name_in_two_packages() {
    let project = Project::with_sdk("duplicate-bin-names");
    // Each package has a helper with the name of the other's bundle, which must not be built: it
    // would lie where the bundle's executable lies.
    let bundles = project.pack("--workspace").bundles();
    assert_eq!(bundles.len(), 2);
    assert!(manifest(&bundles[0]).contains("east_load"));
    assert!(manifest(&bundles[1]).contains("west_sync"));
    for bundle in bundles {
        std::fs::remove_file(bundle).unwrap();
    }
    let outcome = project.pack("--workspace --bin load");
    outcome.fails(1, &["east", "west", "load", "-p"]);
    assert_eq!(
        bundles_below(project.root()),
        Vec::<std::path::PathBuf>::new()
    );
    let bundle = project.pack("-p west --bin load").bundle();
    assert!(manifest(&bundle).contains("west_load"));
}

/// Each is built by a call of its own there, and the second would replace the first unseen.
#[test]
fn one_bin_name_in_two_packages_with_folders_of_their_own() {
    let project = Project::with_sdk("duplicate-bin-names");
    for (package, old, bins) in [
        ("east", "[\"load\"]", "[\"load\"]"),
        ("west", "[\"sync\"]", "[\"load\", \"sync\"]"),
    ] {
        let table = format!("{bins}\nout-dir = \"../{package}-dags\"");
        project.replace(&format!("{package}/Cargo.toml"), old, &table);
    }
    let words = ["`load`", "package `east`", "package `west`", "`-p`"];
    project.pack("--workspace").fails(1, &words);
    assert!(
        !project.path("target").exists(),
        "found out before the build"
    );
    assert_eq!(project.pack("-p west").names(), ["load", "sync"]);
}

/// Only `--workspace`, several `-p` or several `--bin` pack several packages together.
#[test]
fn tables_of_two_packages_do_not_choose_both() {
    let project = Project::with_sdk("duplicate-bin-names");
    project
        .pack("")
        .fails(1, &["-p east --bin load", "-p west --bin sync"]);
    assert_eq!(project.pack("-p east -p west").names(), ["load", "sync"]);
}

#[test]
fn no_project_is_cargos_own_error() {
    let folder = tempfile::TempDir::new().unwrap();
    let project = Project::with_sdk("one-bin");
    let run = project.program().folder(folder.path()).run();
    run.fails(101, &["could not find `Cargo.toml`", "--executable"]);
}

/// cargo passes over bins whose `required-features` are off, unless somebody names them.
#[test]
fn bins_with_features_that_are_off_are_passed_over() {
    let project = Project::with_sdk("workspace-two-bins");
    project.append(
        "etl/Cargo.toml",
        "\n[features]\nhourly = [\"often\"]\noften = []\n\n[[bin]]\nname = \"etl\"\npath = \"src/main.rs\"\n\n\
         [[bin]]\nname = \"backfill\"\npath = \"src/main.rs\"\nrequired-features = [\"often\"]\n",
    );
    let note = "the bin `backfill` of `etl` requires the feature `often`; `-F often --bin backfill` packs it";
    for args in ["-p etl", "--workspace"] {
        project.cargo_build(args).run().ok();
        assert!(!project.path("target/debug/backfill").exists(), "{args}");
        let outcome = project.pack(args).says(&[note]);
        assert!(!outcome.names().contains(&"backfill".to_owned()), "{args}");
    }
    project
        .pack("-p etl -F etl/hourly")
        .fails(1, &["-p etl --bin etl", "-p etl --bin backfill"]);
    project.pack("-p etl --bin backfill").fails(101, &["often"]);
    project.replace(
        "etl/Cargo.toml",
        "path = \"src/main.rs\"\n\n",
        "path = \"src/main.rs\"\nrequired-features = [\"hourly\"]\n\n",
    );
    project.pack("-p etl").fails(
        1,
        &[
            "no executable to pack",
            "the bin `etl` of `etl` requires the feature `hourly`",
        ],
    );
}

/// Whoever types the command in the wrong folder learns that a program of his was run.
#[test]
fn a_program_that_nothing_marks_is_not_run_in_silence() {
    let project = Project::with_sdk("without-sdk");
    let note = "`without-sdk` neither depends on `airflow-sdk` nor has a table [package.metadata.airflow-bundle]; its bin \
                `without-sdk` is run to learn its dags";
    project.pack("").ok().says_nothing_of(&["neither"]);
    project.replace("Cargo.toml", "[package.metadata.airflow-bundle]\n", "");
    project.pack("").ok().says(&[note]);
    let named = project.pack("--bin without-sdk");
    named.ok().says_nothing_of(&["neither"]);
}
