//! The order of precedence, and the origin that each value keeps.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a panic is a test failure"
)]

use std::ffi::OsString;

use clap::{Parser as _, ValueEnum as _};
use serde_json::{Value, json};

use super::*;
use crate::cli::Cli;
use crate::settings::KEYS;

/// The places of a value, the strongest first.
const LAYERS: [&str; 4] = ["flag", "variable", "package", "workspace"];

const FILE: &str = "/ws/Cargo.toml";

/// A workspace of one package, which has a bin for each layer and one more, `default`.
fn workspace(package_table: &Value, workspace_table: &Value) -> Workspace {
    let bins = LAYERS.iter().chain(&["default"]).map(|name| {
        json!({
            "name": name, "kind": ["bin"], "crate_types": ["bin"], "src_path": format!("/ws/src/bin/{name}.rs"),
            "edition": "2024", "doctest": false, "test": true, "doc": true
        })
    });
    let package = json!({
        "name": "etl", "version": "1.0.0", "id": "etl", "manifest_path": FILE, "dependencies": [], "features": {},
        "targets": bins.collect::<Vec<_>>(), "edition": "2024", "default_run": "default",
        "metadata": { TABLE: package_table }
    });
    let metadata = json!({
        "packages": [package], "workspace_members": ["etl"], "workspace_default_members": ["etl"], "resolve": null,
        "workspace_root": "/ws", "target_directory": "/ws/target", "version": 1,
        "metadata": { TABLE: workspace_table }
    });
    Workspace::at_root(serde_json::from_value(metadata).unwrap())
}

/// Values in the places that a test sets.
#[derive(Default)]
struct Values {
    flags: Vec<String>,
    variables: Vec<(&'static str, String)>,
    package: serde_json::Map<String, Value>,
    workspace: serde_json::Map<String, Value>,
}

impl Values {
    /// Sets `key` in `layer` to `value`.
    fn set(&mut self, key: &Key, layer: &str, value: &str) {
        let in_table = if *key == BINS {
            json!([value])
        } else {
            json!(value)
        };
        match layer {
            "flag" => self.flags.extend([key.flag.to_owned(), value.to_owned()]),
            "variable" => self.variables.push((key.variable, value.to_owned())),
            "package" => drop(self.package.insert(key.table.to_owned(), in_table)),
            "workspace" => drop(self.workspace.insert(key.table.to_owned(), in_table)),
            other => panic!("no layer {other}"),
        }
    }

    /// Resolves the plan and hands it to `look`.
    fn plan<T>(self, look: impl FnOnce(anyhow::Result<Plan<'_>>) -> T) -> T {
        let words = std::iter::once("x".to_owned()).chain(self.flags);
        let cli = Cli::try_parse_from(words).unwrap();
        let variables = Variables::of(|name| {
            let found = self.variables.iter().find(|(one, _)| *one == name);
            found.map(|(_, value)| OsString::from(value))
        });
        let workspace = workspace(&self.package.into(), &self.workspace.into());
        let options = &cli.pack.cargo;
        let chosen = workspace.choose(options).unwrap();
        let config = CargoConfig::of_arguments(&[]);
        look(resolve(
            &cli.pack,
            cli.common.into(),
            &variables,
            Some((&workspace, &chosen)),
            &config,
            &mut |_| {},
        ))
    }
}

fn only<'p>(plan: &'p Plan<'_>) -> &'p Planned<'p> {
    let Executables::Built(build_plan) = &plan.executables else {
        panic!("nothing is built: {plan:?}");
    };
    let mut all = build_plan.triples.iter().flat_map(CallsForTriple::planned);
    let one = all.next().unwrap();
    assert_eq!(all.count(), 0);
    one
}

fn origin(key: &Key, layer: Option<&str>) -> Origin {
    match layer {
        None => Origin::Default,
        Some("flag") => Origin::Flag(key.flag),
        Some("variable") => Origin::Variable(key.variable),
        Some("package") => Origin::Package(key.table, FILE.into()),
        Some(_) => Origin::Workspace(key.table, FILE.into()),
    }
}

/// Resolves `key` for every set of places that have a value, and expects the value of the strongest place. `value` makes the
/// value of a place, `found` takes the value and its origin out of the plan.
fn every_set_of_layers(
    key: &Key,
    value: impl Fn(&str) -> String,
    found: impl Fn(&Planned<'_>) -> (String, Origin),
    default: &str,
) {
    for set in 0..1_u8 << LAYERS.len() {
        let layers = || (0..).zip(LAYERS).filter(|(bit, _)| set & (1 << bit) != 0);
        let mut values = Values::default();
        for (_, layer) in layers() {
            values.set(key, layer, &value(layer));
        }
        let strongest = layers().next().map(|(_, layer)| layer);
        let expected = strongest.map_or(default.to_owned(), |layer| match layer {
            // Paths of a table belong to the folder of its file.
            "package" | "workspace" if *key == SOURCE || *key == OUT_DIR => {
                format!("/ws/{}", value(layer))
            }
            layer => value(layer),
        });
        let named: Vec<_> = layers().map(|(_, layer)| layer).collect();
        values.plan(|plan| {
            let plan = plan.unwrap();
            let found = found(only(&plan));
            let expected = (expected, origin(key, strongest));
            assert_eq!(found, expected, "{}: {named:?}", key.table);
        });
    }
}

#[test]
fn source() {
    every_set_of_layers(
        &SOURCE,
        |layer| format!("dags/{layer}.rs"),
        |planned| {
            let source = &planned.source;
            (source.value.display().to_string(), source.from.clone())
        },
        "/ws/src/bin/default.rs",
    );
}

#[test]
fn out_dir() {
    every_set_of_layers(
        &OUT_DIR,
        |layer| format!("from/{layer}"),
        |planned| {
            let folder = &planned.destination;
            let root = folder.value.root().map(|root| root.display().to_string());
            (root.unwrap_or_default(), folder.from.clone())
        },
        "",
    );
}

#[test]
fn builder() {
    every_set_of_layers(
        &BUILDER,
        |layer| format!("{layer} build"),
        |planned| {
            let builder = &planned.builder;
            (builder.value.words().join(" "), builder.from.clone())
        },
        "build",
    );
}

/// Each place has a value of its own, and one more place has none: there is no default.
#[test]
fn airflow() {
    let value = |layer: &str| match layer {
        "flag" | "workspace" => "3.4",
        "variable" => "both",
        _ => "3.3",
    };
    every_set_of_layers(
        &AIRFLOW,
        |layer| value(layer).to_owned(),
        |planned| {
            let Some(airflow) = &planned.airflow else {
                return ("none".to_owned(), Origin::Default);
            };
            let name = airflow.value.to_possible_value().unwrap();
            (name.get_name().to_owned(), airflow.from.clone())
        },
        "none",
    );
}

/// A bin does not keep the place that named it. Therefore each place names another bin.
#[test]
fn bins() {
    for set in 0..1_u8 << LAYERS.len() {
        let layers = || (0..).zip(LAYERS).filter(|(bit, _)| set & (1 << bit) != 0);
        let mut values = Values::default();
        for (_, layer) in layers() {
            values.set(&BINS, layer, layer);
        }
        let strongest = layers().next().map_or("default", |(_, layer)| layer);
        values.plan(|plan| {
            let plan = plan.unwrap();
            assert_eq!(only(&plan).build_target.target.name, strongest);
        });
    }
}

/// `--output` names a file, and counts before every folder.
#[test]
fn output() {
    let mut values = Values::default();
    for layer in ["variable", "package", "workspace"] {
        values.set(&OUT_DIR, layer, layer);
    }
    values.flags = ["-o", "one.file"].map(str::to_owned).into();
    values.plan(|plan| {
        let plan = plan.unwrap();
        let file = &only(&plan).destination;
        assert_eq!(file.value, Destination::File("one.file".into()));
        assert_eq!(file.from, Origin::Flag("--output"));
    });
}

/// The error about a wrong value names the place of the value. A wrong value that a stronger place replaces is no error.
#[test]
fn errors_name_the_place() {
    let error = |values: Values| {
        values.plan(|plan| match plan {
            Ok(plan) => panic!("{plan:?}"),
            Err(error) => format!("{error:#}"),
        })
    };
    let wrong = |key: &Key, layer: &str| {
        let mut values = Values::default();
        values.set(key, layer, "a 'b");
        values
    };
    for (layer, place) in [
        ("flag", "`--cargo-build`: "),
        ("variable", "`CARGO_AIRFLOW_BUNDLE_CARGO_BUILD`: "),
        (
            "package",
            "[package.metadata.airflow-bundle] in `/ws/Cargo.toml`: `cargo-build`: ",
        ),
        (
            "workspace",
            "[workspace.metadata.airflow-bundle] in `/ws/Cargo.toml`: `cargo-build`: ",
        ),
    ] {
        let text = error(wrong(&BUILDER, layer));
        assert!(text.starts_with(place), "{layer}: {text}");
    }
    for (layer, place) in [
        (
            "variable",
            "`CARGO_AIRFLOW_BUNDLE_AIRFLOW`: `a 'b` is none of ",
        ),
        (
            "package",
            "[package.metadata.airflow-bundle] in `/ws/Cargo.toml`: `airflow`: `a 'b` is none of ",
        ),
        (
            "workspace",
            "[workspace.metadata.airflow-bundle] in `/ws/Cargo.toml`: `airflow`: `a 'b` is none of ",
        ),
    ] {
        let text = error(wrong(&AIRFLOW, layer));
        assert!(text.starts_with(place), "{layer}: {text}");
    }
    for (layer, place) in [
        ("flag", "no bin target"),
        ("variable", "`CARGO_AIRFLOW_BUNDLE_BINS`: no bin target"),
        (
            "package",
            "`bins` in [package.metadata.airflow-bundle] in `/ws/Cargo.toml`: no bin target",
        ),
    ] {
        let text = error(wrong(&BINS, layer));
        assert!(text.starts_with(place), "{layer}: {text}");
    }
    let mut values = wrong(&BUILDER, "variable");
    values.set(&BUILDER, "flag", "zigbuild");
    values.plan(|plan| {
        let plan = plan.unwrap();
        assert_eq!(only(&plan).builder.value.words(), ["zigbuild"]);
    });
}

/// One call for all, but one for each subcommand that builds.
#[test]
fn executables_share_a_call_of_cargo() {
    let values = Values {
        flags: ["--bin", "flag", "--bin", "package"]
            .map(str::to_owned)
            .into(),
        ..Values::default()
    };
    values.plan(|plan| {
        let plan = plan.unwrap();
        assert_eq!(plan.bundle_count(), 2);
        let Executables::Built(build_plan) = &plan.executables else {
            panic!("{plan:?}");
        };
        let calls = build_plan.triples.iter().map(|target| target.calls.len());
        assert_eq!(calls.collect::<Vec<_>>(), [1]);
    });
}

/// Every setting that has a variable names it in the help of its flag, and no flag names another one.
#[test]
fn the_help_names_the_variables() {
    let command = <Cli as clap::CommandFactory>::command();
    for key in KEYS {
        let mut flags = command.get_arguments();
        let flag = flags
            .find(|flag| Some(&key.flag[2..]) == flag.get_long())
            .unwrap();
        let help = flag
            .get_long_help()
            .or(flag.get_help())
            .unwrap()
            .to_string();
        let named = help
            .split("[env: `")
            .nth(1)
            .and_then(|rest| rest.split('`').next());
        assert_eq!(named, Some(key.variable), "{}: {help}", key.flag);
    }
    let named = command
        .get_arguments()
        .filter_map(clap::Arg::get_help)
        .filter(|help| help.to_string().contains("[env: `"));
    assert_eq!(named.count(), KEYS.len());
}
