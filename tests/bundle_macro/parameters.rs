//! Parameters of handlers that a bundle could not serve are refused by the compiler, in words that say what is valid.

/// An entry, and the message.
const REFUSED: &[(&str, &str)] = &[
    (
        r#""c" => |number: u32| drop(number)"#,
        "in `bundle!`, a handler with parameters besides `&Task` is a function that is named by its path, in a Dag whose handlers all are: `function` or \
         `\"task_id\" => function`",
    ),
    (
        r#""c" => (takes)"#,
        "in `bundle!`, a handler with parameters besides `&Task` is a function that is named by its path",
    ),
    (
        // The constant does not look at the handlers of a Dag with a closure.
        r#""t" => takes, "c" => || {}"#,
        "in `bundle!`, a handler with parameters besides `&Task` is a function that is named by its path, in a Dag whose handlers all are",
    ),
    (
        "both",
        "`Args<T>` takes all arguments of the task's call, so a handler has no other data parameter beside it: only `&Task`",
    ),
];

const FUNCTIONS: &str = "use airflow_sdk::{Args, Task, bundle};\n\
                         #[allow(dead_code)] fn takes(_: u32) {}\n\
                         #[allow(dead_code)] fn both(_: Args<Vec<u8>>, _: &Task, _: u32) {}\n";

#[test]
fn parameters_that_cannot_be_served_are_refused() {
    let _alone = crate::alone();
    let project = crate::user("parameters");
    for (index, (tasks, _)) in REFUSED.iter().enumerate() {
        let source = format!(
            "{FUNCTIONS}fn main() -> std::process::ExitCode {{ bundle! {{ \"d\" => {{ {tasks} }} }}.serve() }}\n"
        );
        project.write(&format!("src/bin/refused-{index:02}.rs"), &source);
    }
    let messages = crate::refused(&project, "build");
    for (index, (tasks, expected)) in REFUSED.iter().enumerate() {
        let name = format!("refused-{index:02}");
        let errors = messages.iter().filter(|line| {
            line["target"]["name"] == name.as_str() && line["message"]["level"] == "error"
        });
        let texts = errors.filter_map(|line| line["message"]["rendered"].as_str());
        let texts: Vec<&str> = texts.collect();
        assert!(
            texts.iter().any(|text| text.contains(expected)),
            "{tasks}: {texts:#?}"
        );
    }
}
