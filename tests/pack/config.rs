//! The settings: flag, environment, package table, workspace table, default, in this order.

use std::path::Path;

use crate::bundles::{manifest, name, source};
use crate::project::{Project, Run};

/// Each line beats those before it.
fn each_beats_the_last(project: &Project, steps: &[Step], check: impl Fn(Run, &str)) {
    let mut env = None;
    for step in steps {
        let mut run = project.program();
        match step {
            Step::Default => {}
            Step::Workspace(line) => project.append(
                "Cargo.toml",
                &format!("[workspace.metadata.airflow-bundle]\n{line}"),
            ),
            Step::Package(line) => project.replace(
                "Cargo.toml",
                "[package.metadata.airflow-bundle]\n",
                &format!("[package.metadata.airflow-bundle]\n{line}\n"),
            ),
            Step::Env(name, value) => env = Some((*name, *value)),
            Step::Flag(args) => run = run.args(args),
        }
        if let Some((name, value)) = env {
            run = run.env(name, value);
        }
        check(run, step.name());
    }
}

enum Step {
    Default,
    Workspace(&'static str),
    Package(&'static str),
    Env(&'static str, &'static str),
    Flag(&'static str),
}

impl Step {
    fn name(&self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Workspace(_) => "workspace",
            Self::Package(_) => "package",
            Self::Env(..) => "environment",
            Self::Flag(_) => "flag",
        }
    }
}

#[test]
fn out_dir_by_flag_environment_package_workspace_default() {
    let project = Project::with_sdk("one-bin");
    let steps = [
        Step::Default,
        Step::Workspace("out-dir = \"from/workspace\""),
        Step::Package("out-dir = \"from/package\""),
        Step::Env("CARGO_AIRFLOW_BUNDLE_OUT_DIR", "from/environment"),
        Step::Flag("--out-dir from/flag"),
    ];
    each_beats_the_last(&project, &steps, |run, step| {
        let folder = match step {
            "default" => "target/debug/airflow-bundle".to_owned(),
            step => format!("from/{step}"),
        };
        let bundle = run.run().bundle();
        assert_eq!(bundle.parent(), Some(&*project.path(&folder)), "{step}");
    });
    let file = project.program().args("-o one.file");
    let run = file.env("CARGO_AIRFLOW_BUNDLE_OUT_DIR", "from/environment");
    assert_eq!(run.run().bundle(), project.path("one.file"));
}

#[test]
fn source_by_flag_environment_package_workspace_default() {
    let project = Project::with_sdk("one-bin");
    for step in ["workspace", "package", "environment", "flag"] {
        project.write(&format!("dags/{step}.rs"), &format!("// by {step}\n"));
    }
    let steps = [
        Step::Default,
        Step::Workspace("source = \"dags/workspace.rs\""),
        Step::Package("source = \"dags/package.rs\""),
        Step::Env("CARGO_AIRFLOW_BUNDLE_SOURCE", "dags/environment.rs"),
        Step::Flag("--source dags/flag.rs"),
    ];
    each_beats_the_last(&project, &steps, |run, step| {
        let bundle = run.run().bundle();
        let (path, text) = match step {
            "default" => (
                "src/main.rs".to_owned(),
                std::fs::read_to_string(project.path("src/main.rs")).unwrap(),
            ),
            step => (format!("dags/{step}.rs"), format!("// by {step}\n")),
        };
        assert_eq!(source(&bundle), text, "{step}");
        let manifest = manifest(&bundle);
        let file_name = path.rsplit('/').next().unwrap();
        let lines = [
            format!("source: \"{file_name}\"\n"),
            format!("entrypoint_path: \"{path}\"\n"),
        ];
        for line in lines {
            assert!(manifest.contains(&line), "{line} in {manifest}");
        }
    });
}

#[test]
fn airflow_by_flag_environment_package_workspace_default() {
    let project = Project::with_sdk("one-bin");
    let steps = [
        Step::Default,
        Step::Workspace("airflow = \"3.4\""),
        Step::Package("airflow = \"both\""),
        Step::Env("CARGO_AIRFLOW_BUNDLE_AIRFLOW", "3.4"),
        Step::Flag("--airflow 3.3"),
    ];
    each_beats_the_last(&project, &steps, |run, step| {
        let pin = match step {
            "workspace" | "environment" => "2026-10-30",
            _ => "2026-06-16",
        };
        let manifest = manifest(&run.run().bundle());
        let line = format!("supervisor_schema_version: \"{pin}\"\n");
        assert!(manifest.contains(&line), "{step}: {manifest}");
    });
    let wrong = project.program();
    let wrong = wrong.env("CARGO_AIRFLOW_BUNDLE_AIRFLOW", "3.5");
    wrong.run().fails(
        2,
        &["`CARGO_AIRFLOW_BUNDLE_AIRFLOW`: `3.5` is none of `3.3`, `3.4`, `both`"],
    );
}

/// The program prints its record itself. The feature takes the handler with parameters in.
const TWO_FILES: &str = r##"
fn main() {
    println!("{}",
        r#"{"airflow_bundle_metadata_version": "1.0", "dags": {"sales": {"tasks": ["load"], "parameters": {"load": 2}}},
            "sdk": {"language": "rust", "version": "1", "supervisor_schema_versions": ["2026-10-30", "2026-06-16"]}}"#
    );
}
"##;

/// The commands that the error names make two files, which are for two releases.
#[test]
fn the_error_names_the_commands_that_make_two_files() {
    let project = Project::without_sdk();
    project.write(
        "Cargo.toml",
        "[package]\nname = \"etl\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
         [package.metadata.airflow-bundle]\nairflow = \"both\"\nout-dir = \"dist\"\n[workspace]\n",
    );
    project.write("src/main.rs", TWO_FILES);
    project.lock(&[]);
    let run = |args: &str| {
        let run = project.command(std::process::Command::new(crate::project::PROGRAM));
        run.arg("airflow-bundle").args(args).run()
    };
    let refused = run("").fails(
        1,
        &[
            "for Airflow 3.3 and 3.4, as `airflow` in [package.metadata.airflow-bundle] in ",
            "these handlers take some: `sales.load` (2 parameters)",
            "make two files, in two folders",
        ],
    );
    let commands = refused.stderr.lines();
    let commands: Vec<_> = commands
        .filter_map(|line| line.trim().strip_prefix("cargo airflow-bundle "))
        .collect();
    let pins = commands.iter().map(|command| {
        let bundle = run(command).bundle();
        let folder = bundle.parent().unwrap().file_name().unwrap();
        let manifest = manifest(&bundle);
        let pin = manifest
            .split("supervisor_schema_version: ")
            .nth(1)
            .unwrap();
        (folder.to_str().unwrap().to_owned(), pin[1..11].to_owned())
    });
    let expected = [("dist-3.4", "2026-10-30"), ("dist-3.3", "2026-06-16")];
    let expected = expected.map(|(folder, pin)| (folder.to_owned(), pin.to_owned()));
    assert_eq!(pins.collect::<Vec<_>>(), expected, "{commands:?}");
}

#[test]
fn a_missing_source_is_named_with_the_variable() {
    let project = Project::with_sdk("one-bin");
    let run = || {
        let run = project.program();
        run.env("CARGO_AIRFLOW_BUNDLE_SOURCE", "nowhere.rs")
    };
    run()
        .run()
        .fails(1, &["`nowhere.rs`", "`CARGO_AIRFLOW_BUNDLE_SOURCE`"]);
    assert!(!project.path("target").exists(), "nothing was built");
    run().args("--source src/main.rs").run().bundle();
}

#[test]
fn bins_by_flag_environment_package_workspace_default() {
    let project = Project::with_sdk("helper-bins");
    // Workspace and package in turn; then the environment and a flag over both.
    project.replace("Cargo.toml", "bins = [\"pipeline\"]\n", "");
    project.append(
        "Cargo.toml",
        "[workspace.metadata.airflow-bundle]\nbins = [\"pipeline-nightly\"]",
    );
    assert_eq!(project.pack("").names(), ["pipeline-nightly"]);
    project.replace(
        "Cargo.toml",
        "[package.metadata.airflow-bundle]\n",
        "[package.metadata.airflow-bundle]\nbins = [\"pipeline\"]\n",
    );
    assert_eq!(project.pack("").names(), ["pipeline"]);
    let environment = |bins: &str| {
        let run = project.program();
        run.env("CARGO_AIRFLOW_BUNDLE_BINS", bins)
    };
    assert_eq!(
        environment("pipeline-nightly").run().names(),
        ["pipeline-nightly"]
    );
    for two in ["pipeline,pipeline-nightly", "pipeline pipeline-nightly"] {
        let names = environment(two).run().names();
        assert_eq!(names, ["pipeline", "pipeline-nightly"], "{two:?}");
    }
    assert_eq!(
        environment("").run().names(),
        ["pipeline"],
        "empty is unset"
    );
    let run = environment("pipeline-nightly").args("--bin pipeline");
    assert_eq!(run.run().names(), ["pipeline"]);
    let wrong = environment("pipelin").run();
    wrong.fails(1, &["`pipelin`", "did you mean `pipeline`"]);
}

/// The table of a workspace names bins of any member, of which only some may be selected.
#[test]
fn the_workspace_table_names_bins_of_any_member() {
    let project = Project::with_sdk("workspace-two-bins");
    let table = "[workspace.metadata.airflow-bundle]\nbins = [\"etl\", \"reports\"]";
    project.append("Cargo.toml", table);
    assert_eq!(project.pack("").names(), ["etl"]);
    assert_eq!(project.pack("-p reports").names(), ["reports"]);
    assert_eq!(project.pack("--workspace").names(), ["etl", "reports"]);
    project.replace("Cargo.toml", "\"reports\"]", "\"report\"]");
    project.pack("--workspace").fails(
        1,
        &[
            "`report`",
            "`reports`",
            "[workspace.metadata.airflow-bundle]",
        ],
    );
}

/// Paths in a table belong to the folder of its `Cargo.toml`, paths of flags and the environment to
/// the current folder.
#[test]
fn relative_paths() {
    let project = Project::with_sdk("workspace-two-bins");
    project.replace(
        "etl/Cargo.toml",
        "[package.metadata.airflow-bundle]",
        "[package.metadata.airflow-bundle]\nsource = \"dags/etl.rs\"",
    );
    project.write("etl/dags/etl.rs", "// of the package\n");
    project.append(
        "Cargo.toml",
        "[workspace.metadata.airflow-bundle]\nout-dir = \"dags\"",
    );
    let elsewhere = tempfile::TempDir::new().unwrap();
    let elsewhere = elsewhere.path().canonicalize().unwrap();
    let run = || {
        let manifest = project.path("etl/Cargo.toml");
        let run = project.program().folder(&elsewhere);
        run.args("--manifest-path").arg(manifest)
    };
    let bundle = run().run().bundle();
    assert_eq!(bundle, project.path("dags/etl"));
    assert_eq!(source(&bundle), "// of the package\n");

    std::fs::write(elsewhere.join("shown.rs"), "// of the flag\n").unwrap();
    let bundle = run()
        .args("--out-dir here --source shown.rs")
        .run()
        .bundle();
    assert_eq!(bundle, elsewhere.join("here/etl"));
    assert_eq!(source(&bundle), "// of the flag\n");
    // Outside of the package there is no path that means anything to others.
    assert!(manifest(&bundle).contains("entrypoint_path: \"shown.rs\"\n"));
}

/// The main file of a bin may lie anywhere.
#[test]
fn the_default_source_is_the_main_file() {
    let project = Project::with_sdk("workspace-two-bins");
    project.append(
        "etl/Cargo.toml",
        "[[bin]]\nname = \"etl\"\npath = \"../shared/etl-main.rs\"",
    );
    project.write(
        "shared/etl-main.rs",
        include_str!("../../test-projects/workspace-two-bins/etl/src/main.rs"),
    );
    let bundle = project.pack("").bundle();
    for line in [
        "source: \"etl-main.rs\"\n",
        "entrypoint_path: \"etl-main.rs\"\n",
    ] {
        let manifest = manifest(&bundle);
        assert!(manifest.contains(line), "{line} in {manifest}");
    }
    let text = std::fs::read_to_string(project.path("shared/etl-main.rs")).unwrap();
    assert_eq!(source(&bundle), text);
}

#[test]
fn mistakes_in_a_table_are_named_with_the_file() {
    let project = Project::with_sdk("one-bin");
    let original = std::fs::read_to_string(project.path("Cargo.toml")).unwrap();
    for (line, words) in [
        (
            "out_dir = \"x\"",
            &["`out_dir`", "did you mean `out-dir`"][..],
        ),
        ("bin = [\"one-bin\"]", &["`bin`", "did you mean `bins`"]),
        (
            "colour = 1",
            &["`colour`", "`bins`, `cargo-build`, `out-dir` and `source`"],
        ),
        ("bins = \"one-bin\"", &["`bins`", "list of strings"]),
        ("bins = []", &["`bins` is empty"]),
        (
            "bins = [\"one-bim\"]",
            &["`one-bim`", "did you mean `one-bin`"],
        ),
        ("out-dir = 1", &["`out-dir`", "string"]),
        ("source = \"src/nowhere.rs\"", &["src/nowhere.rs", "source"]),
    ] {
        for kind in ["package", "workspace"] {
            let table = format!("[{kind}.metadata.airflow-bundle]");
            let text = original.replace("[package.metadata.airflow-bundle]", "");
            project.write("Cargo.toml", &format!("{text}\n{table}\n{line}\n"));
            let outcome = project.pack("").fails(1, words);
            if !line.starts_with("source") {
                let manifest = project.path("Cargo.toml");
                outcome.says(&[&table, manifest.to_str().unwrap()]);
            }
        }
    }
    assert!(!project.path("target").exists(), "nothing was built");
}

#[test]
fn a_table_that_is_no_table() {
    let project = Project::with_sdk("one-bin");
    project.replace(
        "Cargo.toml",
        "[package.metadata.airflow-bundle]",
        "[package.metadata]\nairflow-bundle = true",
    );
    project
        .pack("")
        .fails(1, &["[package.metadata.airflow-bundle]", "must be a table"]);
}

#[test]
fn flags_for_one_bundle_are_refused_for_several() {
    let project = Project::with_sdk("workspace-two-bins");
    for (args, words) in [
        ("-o x", &["`--output`", "`--out-dir`"][..]),
        ("--source etl/src/main.rs", &["`--source`", "single bundle"]),
        ("--airflow-metadata x", &["`--airflow-metadata`", "`--bin`"]),
    ] {
        project.pack(&format!("--workspace {args}")).fails(2, words);
    }
    assert!(!project.path("target").exists(), "nothing was built");
    let bundles = project.pack("--workspace --out-dir dags").bundles();
    let names: Vec<_> = bundles.iter().map(|path| name(path)).collect();
    assert_eq!(names, ["etl", "reports"]);
    let parents: Vec<_> = bundles.iter().map(|path| path.parent()).collect();
    let dags = project.path("dags");
    assert_eq!(parents, [Some(Path::new(&dags)); 2]);
}
