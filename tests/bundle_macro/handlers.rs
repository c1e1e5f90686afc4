//! A function that is no handler is one error at its entry, with a note for each part that says what is valid.

use serde_json::Value;

/// What the entries below name.
const ITEMS: &str = r#"
use airflow_sdk::{Result, Task, bundle};
use std::cell::Cell;
struct Row;
struct NoError;
#[derive(Debug)]
struct Local(std::rc::Rc<u8>);
impl std::fmt::Display for Local {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, "{}", self.0) }
}
impl std::error::Error for Local {}
struct App;
impl App { fn method(&self) -> Result<()> { Ok(()) } }
fn slice(_: &[u64]) {}
fn unreadable(_: &Task, _: Row) {}
fn owned_task(_: Task) {}
fn changed_task(_: &mut Task) {}
fn many(_: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8) {}
fn unwritable() -> Result<Row> { Ok(Row) }
fn bare_value() -> u64 { 1 }
fn option() -> Option<u64> { None }
fn no_error() -> Result<(), NoError> { Err(NoError) }
fn local_error() -> Result<(), Local> { Err(Local(std::rc::Rc::new(1))) }
fn called() -> Result<()> { Ok(()) }
fn count(_: Vec<u64>) {}
fn text(_: &str) {}
fn generic<T: serde::de::DeserializeOwned>(_: T) {}
async fn waits(_: &Task) -> Result<()> { Ok(()) }
fn good() {}
"#;

/// The error of a handler that is wrong in a part of its signature: its notes tell all parts.
const NO_HANDLER: &str = "is not a task handler";
/// The beginnings of these notes.
const PARTS: [&str; 4] = [
    "parameters: ",
    "result: ",
    "error type: ",
    "the handler itself: ",
];

/// An entry on a line of its own, what the error points at, its message, and further words of the message or its notes.
type Mistake = (&'static str, &'static str, &'static str, &'static str);

/// Those that the compiler tells together, some in a Dag of functions and some beside closures.
const MISTAKES: [&[Mistake]; 2] = [
    &[
        (
            "slice",
            "slice",
            NO_HANDLER,
            "owned types that are `Deserialize`",
        ),
        (
            "unreadable",
            "unreadable",
            NO_HANDLER,
            "owned types that are `Deserialize`",
        ),
        (
            "owned_task",
            "owned_task",
            NO_HANDLER,
            "`&Task` at any place",
        ),
        (
            "changed_task",
            "changed_task",
            NO_HANDLER,
            "`&Task` at any place",
        ),
        ("many", "many", NO_HANDLER, "ten in all"),
        (
            "App::method",
            "App::method",
            NO_HANDLER,
            "`&Task` at any place",
        ),
        (
            "unwritable",
            "unwritable",
            NO_HANDLER,
            "`Result<T, E>` with `T: Serialize`",
        ),
        (
            "bare_value",
            "bare_value",
            NO_HANDLER,
            "result: none, or `Result<T, E>`",
        ),
        (
            "option",
            "option",
            NO_HANDLER,
            "result: none, or `Result<T, E>`",
        ),
        (
            "no_error",
            "no_error",
            NO_HANDLER,
            "an error that is `Send + Sync + 'static`",
        ),
        (
            "\"given\" => local_error",
            "local_error",
            NO_HANDLER,
            "or `Box<dyn std::error::Error>`",
        ),
        (
            "#[cfg(all())] waits",
            "waits",
            NO_HANDLER,
            "`async fn` needs the feature `tokio`",
        ),
    ],
    &[
        (
            "option",
            "option",
            NO_HANDLER,
            "result: none, or `Result<T, E>`",
        ),
        (
            "\"given\" => no_error",
            "no_error",
            NO_HANDLER,
            "an error that is `Send + Sync + 'static`",
        ),
        (
            "\"called\" => called()",
            "called()",
            NO_HANDLER,
            "a function or closure, not what it returns",
        ),
        (
            "\"closure\" => |rows: Vec<u64>| drop(rows)",
            "|rows: Vec<u64>| drop(rows)",
            "a handler with parameters besides `&Task` is a function that is named by its path",
            "a closure or an expression in parentheses has no parameter but `&Task`",
        ),
        (
            "\"function\" => count",
            "count",
            "a handler with parameters besides `&Task` is a function that is named by its path",
            "beside one in a Dag nor has a function behind an id",
        ),
    ],
];

/// Those that the compiler tells by themselves, in its own words.
const ALONE: [(&str, Option<&str>, &str); 6] = [
    ("generic", Some("generic"), "type annotations needed"),
    (
        "\"id\" => |task| drop(task)",
        Some("task"),
        "type annotations needed",
    ),
    ("\"id\" => || Ok(())", Some("Ok"), "type annotations needed"),
    (
        "\"id\" => || drop(&local)",
        Some("||"),
        "closure may outlive the current function, but it borrows `local`",
    ),
    (
        "\"id\" => move || cell.set(1)",
        Some("move || cell.set(1)"),
        "`Cell<i32>` cannot be shared between threads safely",
    ),
    // The compiler finds it in the expansion, after types are known, and has no place of the author's.
    ("text", None, "Deserialize` is not general enough"),
];

fn program(entries: &[&str]) -> String {
    let entries = entries.join(",\n");
    format!(
        "#![allow(dead_code)]\n{ITEMS}\nfn main() {{\nlet (cell, local) = (Cell::new(0), String::new());\nlet _ = (&cell, &local);\nlet _ = bundle! {{ \"d\" => {{\ngood,\n{entries},\n}} }};\n}}\n"
    )
}

/// The text that an error points at, if it is within a line of the program.
fn pointed_at(message: &Value) -> Option<String> {
    let spans = message["spans"].as_array().unwrap();
    let span = spans
        .iter()
        .find(|span| span["is_primary"] == true)
        .unwrap();
    if !span["file_name"].as_str().unwrap().starts_with("src/") {
        return None;
    }
    let line = span["text"][0]["text"].as_str().unwrap();
    let column = |key: &str| usize::try_from(span[key].as_u64().unwrap()).unwrap() - 1;
    (span["line_start"] == span["line_end"])
        .then(|| line[column("column_start")..column("column_end")].to_owned())
}

/// The errors of a program, each told once.
fn errors<'a>(messages: &'a [Value], program: &str) -> Vec<&'a Value> {
    let mut errors: Vec<&Value> = Vec::new();
    let of_program = messages
        .iter()
        .filter(|line| line["target"]["name"] == program && line["message"]["level"] == "error")
        .map(|line| &line["message"])
        .filter(|message| {
            message["spans"]
                .as_array()
                .is_some_and(|spans| !spans.is_empty())
        });
    for message in of_program {
        // The handler stands in the constant and in the registration; of equal texts, cargo shows one.
        if errors
            .iter()
            .all(|error| error["rendered"] != message["rendered"])
        {
            errors.push(message);
        }
    }
    errors
}

fn rendered(errors: &[&Value]) -> String {
    let texts = errors
        .iter()
        .map(|error| error["rendered"].as_str().unwrap());
    texts.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_wrong_handler_is_one_error_at_its_entry() {
    let _alone = crate::alone();
    let project = crate::user("handlers");
    project.replace(
        "Cargo.toml",
        "[features]",
        "serde = { version = \"1\", features = [\"derive\"] }\n[features]",
    );
    project.lock(&[]);
    for (index, mistakes) in MISTAKES.iter().enumerate() {
        let entries: Vec<&str> = mistakes.iter().map(|mistake| mistake.0).collect();
        project.write(&format!("src/bin/together-{index}.rs"), &program(&entries));
    }
    for (index, (entry, ..)) in ALONE.iter().enumerate() {
        project.write(&format!("src/bin/alone-{index}.rs"), &program(&[entry]));
    }
    let messages = crate::refused(&project, "check");
    for (index, mistakes) in MISTAKES.iter().enumerate() {
        let errors = errors(&messages, &format!("together-{index}"));
        for (entry, at, message, words) in *mistakes {
            let found: Vec<&&Value> = errors
                .iter()
                .filter(|error| pointed_at(error).as_deref() == Some(at))
                .collect();
            let [error] = found[..] else {
                let all = rendered(&errors);
                panic!("{entry}: {} errors: {all}", found.len());
            };
            let rendered = error["rendered"].as_str().unwrap();
            assert!(rendered.contains(message), "{entry}: {rendered}");
            assert!(rendered.contains(words), "{entry}: {rendered}");
            for part in PARTS {
                assert_eq!(
                    rendered.contains(&format!("note: {part}")),
                    *message == NO_HANDLER,
                    "{entry}: {rendered}"
                );
            }
        }
        assert_eq!(errors.len(), mistakes.len(), "{}", rendered(&errors));
    }
    for (index, (entry, at, message)) in ALONE.iter().enumerate() {
        let errors = errors(&messages, &format!("alone-{index}"));
        let [error] = errors[..] else {
            panic!("{entry}: {}", rendered(&errors));
        };
        let told = rendered(&errors);
        assert_eq!(pointed_at(error).as_deref(), *at, "{entry}: {told}");
        let text = error["message"].as_str().unwrap();
        assert!(text.contains(message), "{entry}: {text}");
    }
}
