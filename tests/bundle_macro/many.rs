//! Thousands of tasks and Dags, without an attribute in the user's crate. The times are printed:
//! `cargo test --test bundle_macro many -- --nocapture`.

use std::fmt::Write as _;
use std::process::Command;
use std::time::Instant;

/// Functions, each with a type of its own, as generated programs have them.
fn functions(count: usize) -> String {
    let mut text = "use airflow_sdk::{Result, Task, bundle};\n".to_owned();
    for i in 0..count {
        writeln!(text, "fn task_number_{i}(task: &Task) -> Result<u64> {{ Ok(task.map_index().unwrap_or({i}) as u64) }}").unwrap();
    }
    text
}

fn main_with(dags: &str) -> String {
    format!("fn main() -> std::process::ExitCode {{ bundle! {{ {dags} }}.serve() }}\n")
}

#[test]
fn three_thousand_tasks_in_one_dag() {
    const COUNT: usize = 3000;
    let _alone = crate::alone();
    let project = crate::user("one-dag");
    crate::cargo(&project, "build --quiet").run().ok();
    let tasks = (0..COUNT)
        .map(|i| format!("task_number_{i},\n"))
        .collect::<Vec<_>>()
        .concat();
    let source = functions(COUNT) + &main_with(&format!("\"generated\" => {{ {tasks} }}"));
    project.write("src/main.rs", &source);
    let start = Instant::now();
    let built = crate::cargo(&project, "build --quiet").run();
    eprintln!(
        "{COUNT} tasks in one Dag: built in {:.1} s",
        start.elapsed().as_secs_f64()
    );
    assert_eq!((built.code, &*built.stderr), (0, ""));
    let run = Command::new(crate::target().join("debug/one-dag"));
    let printed = project.command(run).arg("--airflow-metadata").run().ok();
    let manifest: serde_json::Value = serde_json::from_str(printed.text()).unwrap();
    let ids = manifest["dags"]["generated"]["tasks"].as_array().unwrap();
    assert_eq!(ids.len(), COUNT);
    assert_eq!(ids[COUNT - 1], "task_number_2999");
}

/// Ids that take the compiler's slower ways, too. What `cargo check` does is all that `bundle!` itself costs.
#[test]
fn thousands_in_several_dags_and_many_dags() {
    const COUNT: usize = 1000;
    let _alone = crate::alone();
    let entry = |kind: usize, i: usize| match kind {
        0 => format!("task_number_{i},\n"),
        1 => format!("\"{}\" => task_number_{i},\n", format!("{i:03}").repeat(60)),
        2 => format!("/// Task {i}.\n#[cfg(not(feature = \"extra\"))] task_number_{i},\n"),
        3 => format!("concat!(\"id_\", {i}) => task_number_{i},\n"),
        _ => format!("(\"id_{i}\") => task_number_{i},\n"),
    };
    let several = (0..5)
        .map(|kind| {
            let tasks = (0..COUNT)
                .map(|i| entry(kind, i))
                .collect::<Vec<_>>()
                .concat();
            format!("\"dag_{kind}\" => {{ {tasks} }},\n")
        })
        .collect::<Vec<_>>()
        .concat();
    let many = (0..COUNT)
        .map(|i| format!("#[cfg(not(feature = \"extra\"))] \"dag_{i}\" => {{ task_number_{i}, \"a\" => task_number_0, }},\n"))
        .collect::<Vec<_>>().concat();
    for (name, dags) in [("several", several), ("many", many)] {
        let project = crate::user(name);
        crate::cargo(&project, "check --quiet").run().ok();
        project.write("src/main.rs", &(functions(COUNT) + &main_with(&dags)));
        let start = Instant::now();
        let checked = crate::cargo(&project, "check --quiet").run();
        eprintln!(
            "{name} Dags: checked in {:.1} s",
            start.elapsed().as_secs_f64()
        );
        assert_eq!((checked.code, &*checked.stderr), (0, ""), "{name}");
    }
}
