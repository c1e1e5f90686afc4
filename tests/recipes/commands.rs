//! Every call of cargo in the recipes and in the documentation is understood: by this program, or by cargo.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::project::PROGRAM;
use crate::recipe::recipes;
use crate::text;

/// Where commands for users stand.
const DOCUMENTS: [&str; 6] = [
    "README.md",
    "sdk/README.md",
    "docs/ci.md",
    "docs/deploy.md",
    "docs/from-3.3-to-3.4.md",
    "docs/when-a-task-fails.md",
];

/// The end of the arguments of a call.
const END: &str = "-- end of the call --";

#[test]
fn shell_commands_parse() {
    for (place, script) in scripts() {
        let mut bash = Command::new("bash");
        let output = bash.args(["-n", "-c", &script]).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{place}: {error}\n{script}");
    }
}

#[test]
fn commands_and_flags_exist() {
    let mut of_ours = 0;
    let mut wrong = Vec::new();
    for (place, script) in scripts() {
        for call in calls(&script) {
            let ours = call.first().is_some_and(|word| word == "airflow-bundle");
            of_ours += usize::from(ours);
            if let Err(error) = understood(&call, ours) {
                wrong.push(format!("{place}: cargo {}\n{error}", call.join(" ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(of_ours > 15, "{of_ours} calls were found");
}

/// The scripts of the recipes, and the blocks of shell commands in the documents.
fn scripts() -> Vec<(String, String)> {
    let mut scripts = Vec::new();
    for recipe in recipes() {
        scripts.push((recipe.path.to_owned(), recipe.prepare));
        scripts.push((recipe.path.to_owned(), recipe.pack));
    }
    for path in DOCUMENTS {
        let text = text(path);
        scripts.extend(blocks(&text).map(|script| (path.to_owned(), script)));
    }
    scripts
}

/// The blocks of shell commands, also of those that do not run here. Whether a fence opens a block or closes it tells only their number.
pub fn blocks(text: &str) -> impl Iterator<Item = String> {
    let mut parts = Vec::new();
    let mut part = String::new();
    for line in text.lines().map(str::trim_start) {
        if let Some(kind) = line.strip_prefix("```") {
            parts.push(std::mem::take(&mut part));
            part.push_str(kind);
            part.push('\n');
        } else {
            part.push_str(line);
            part.push('\n');
        }
    }
    parts.into_iter().skip(1).step_by(2).filter_map(|block| {
        let (kind, script) = block.split_once('\n')?;
        matches!(kind, "sh" | "sh project" | "sh not run").then(|| script.to_owned())
    })
}

/// The arguments of every call of cargo in a script, which runs with a cargo that does nothing, and with `xargs`.
fn calls(script: &str) -> Vec<Vec<String>> {
    let folder = TempDir::new().unwrap();
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let cargo = format!(
        "#!/bin/sh\nfor word in \"$@\" '{END}'; do echo \"$word\"; done >> '{}/calls'\n",
        bin.display()
    );
    fs::write(bin.join("cargo"), cargo).unwrap();
    fs::set_permissions(bin.join("cargo"), fs::Permissions::from_mode(0o755)).unwrap();
    for program in ["xargs", "sh"] {
        let found = ["/usr/bin", "/bin"].map(|folder| Path::new(folder).join(program));
        let found = found.iter().find(|path| path.exists()).expect(program);
        std::os::unix::fs::symlink(found, bin.join(program)).unwrap();
    }
    let bash = ["/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash"];
    let bash = bash
        .iter()
        .find(|path| Path::new(path).exists())
        .expect("bash");
    let mut command = Command::new(bash);
    command.args(["-c", script]).current_dir(folder.path());
    // Whatever else it calls is not there; that it fails is expected.
    let env = [
        ("PATH", bin.to_str().unwrap()),
        ("TARGET", "x86_64-unknown-linux-gnu"),
    ];
    command.env_clear().envs(env).output().unwrap();
    let calls = fs::read_to_string(bin.join("calls")).unwrap_or_default();
    let calls: Vec<_> = calls.split(&format!("{END}\n")).collect();
    let calls = calls.iter().filter(|call| !call.is_empty());
    calls
        .map(|call| call.lines().map(str::to_owned).collect())
        .collect()
}

/// `--help` behind all other flags, of which none may be unknown then.
fn understood(call: &[String], ours: bool) -> Result<(), String> {
    // Behind the dashes stand arguments of the program that cargo runs, which may be ours again.
    let dashes = call.iter().position(|word| word == "--");
    let (before, after) = call.split_at(dashes.unwrap_or(call.len()));
    let mut command = if ours {
        Command::new(PROGRAM)
    } else {
        Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    };
    let output = command.args(before).arg("--help").output().unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let runs_ours = before.first().is_some_and(|word| word == "run");
    if runs_ours && let Some((_, args)) = after.split_first() {
        let mut call = vec!["airflow-bundle".to_owned()];
        call.extend_from_slice(args);
        return understood(&call, true);
    }
    Ok(())
}
