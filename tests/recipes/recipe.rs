//! What stands in the recipes.

use serde_yaml::Value;

use crate::text;

/// The shell commands of a recipe, by what they are for.
pub struct Recipe {
    /// Where it stands.
    pub path: &'static str,
    /// Before the project is touched: installs what is needed.
    pub prepare: String,
    /// Packs.
    pub pack: String,
    /// The targets of the matrix.
    pub targets: Vec<String>,
    /// The file that is kept, for a target.
    pub artifact: fn(&str) -> String,
}

/// GitHub's and GitLab's.
pub fn recipes() -> [Recipe; 2] {
    [github(), gitlab()]
}

fn parse(path: &str) -> Value {
    serde_yaml::from_str(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn github() -> Recipe {
    let path = "docs/ci/github-actions.yml";
    let job = parse(path)["jobs"]["bundle"].clone();
    let step = |name: &str| {
        let steps = job["steps"].as_sequence().unwrap();
        let step = steps.iter().find(|step| step["name"] == name);
        let step = step.unwrap_or_else(|| panic!("{path}: no step {name}"));
        step["run"].as_str().unwrap().to_owned()
    };
    assert_eq!(job["env"]["TARGET"], "${{ matrix.target }}");
    let steps = job["steps"].as_sequence().unwrap();
    let upload = &steps.last().unwrap()["with"]["path"];
    assert_eq!(*upload, "bundles-${{ matrix.target }}.tar");
    let rows = job["strategy"]["matrix"]["include"].as_sequence().unwrap();
    Recipe {
        path,
        prepare: step("Prepare"),
        pack: step("Pack"),
        targets: rows.iter().map(|row| word(&row["target"])).collect(),
        artifact: |target| format!("bundles-{target}.tar"),
    }
}

fn gitlab() -> Recipe {
    let path = "docs/ci/gitlab-ci.yml";
    let job = parse(path)["bundle"].clone();
    let lines = |key: &str| {
        let lines = job[key].as_sequence().unwrap();
        lines.iter().map(|line| word(line) + "\n").collect()
    };
    assert_eq!(job["artifacts"]["paths"][0], "bundles-*.tar");
    let rows = job["parallel"]["matrix"].as_sequence().unwrap();
    let targets = rows
        .iter()
        .flat_map(|row| row["TARGET"].as_sequence().unwrap());
    Recipe {
        path,
        prepare: lines("before_script"),
        pack: lines("script"),
        targets: targets.map(word).collect(),
        artifact: |target| format!("bundles-{target}.tar"),
    }
}

fn word(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The targets in the table of `docs/ci.md`.
fn documented() -> Vec<String> {
    let text = text("docs/ci.md");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.split('`').next().unwrap().to_owned())
        .collect()
}

#[test]
fn the_matrix_holds_the_documented_targets() {
    let documented = documented();
    assert_eq!(documented.len(), 4);
    for recipe in recipes() {
        assert_eq!(recipe.targets, documented, "{}", recipe.path);
    }
}

#[test]
fn rustc_knows_the_targets() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut command = std::process::Command::new(rustc);
    let known = command.args(["--print", "target-list"]).output().unwrap();
    let known = String::from_utf8(known.stdout).unwrap();
    for target in documented() {
        assert!(known.lines().any(|line| line == target), "{target}");
    }
}
