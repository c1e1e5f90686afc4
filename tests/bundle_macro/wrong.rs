//! What is wrong with an entry is said in words, and where an entry is no more than a path, at the entry itself.

use serde_json::Value;

/// An entry, the message, and what the message points at: `None` stands for the whole `bundle!`.
const WRONG: &[(&str, &str, Option<&str>)] = &[
    (
        r#""d" => { a, "lit", b }"#,
        "a task of `bundle!` has an id, but no function",
        Some(r#""lit""#),
    ),
    (
        r#""d" => { a, || {}, b }"#,
        "a task of `bundle!` needs an id where it is not the name of a function",
        Some("|| {}"),
    ),
    (
        r#""d" => { #[cfg(all())] a, || {} }"#,
        "a task of `bundle!` needs an id where it is not the name of a function",
        Some("|| {}"),
    ),
    (
        r#""d" => { a, => b }"#,
        "a task of `bundle!` has an arrow, but no id in front of it",
        Some("b"),
    ),
    (
        r#""d" => { a, "x" b }"#,
        "an entry of `bundle!` has two ids",
        None,
    ),
    (r#""d" => { a b }"#, "no rules expected `b`", Some("b")),
    (r#""d" => [ a ]"#, "no rules expected `[`", Some("[")),
    (
        r#""d" => { a,, b }"#,
        "dag \"d\" has two commas in a row",
        None,
    ),
    (r#""d" => { a, 1 => b }"#, "mismatched types", Some("1")),
    (
        r#""d" => { a, missing }"#,
        "cannot find value `missing` in this scope",
        Some("missing"),
    ),
    (
        r#""d" => { a, "x" => 3 }"#,
        "`{integer}` is not a task handler",
        Some("3"),
    ),
    (
        r#""d" => { "x" => a, "y" => odd }"#,
        "`fn(u32) -> u32 {odd}` is not a task handler",
        Some("odd"),
    ),
    (
        r#""d" => { a, odd }"#,
        "`fn(u32) -> u32 {odd}` is not a task handler",
        Some("odd"),
    ),
    (
        r#""d" => { a, "x" => odd }"#,
        "`fn(u32) -> u32 {odd}` is not a task handler",
        Some("odd"),
    ),
    (
        r#""d" => { odd, "x" => || {} }"#,
        "`fn(u32) -> u32 {odd}` is not a task handler",
        Some("odd"),
    ),
    (
        r#""d" => { "x" => || {}, #[cfg(all())] odd }"#,
        "`fn(u32) -> u32 {odd}` is not a task handler",
        Some("odd"),
    ),
    (
        r#""d" => { #[cfg(all())] missing }"#,
        "cannot find value `missing` in this scope",
        Some("missing"),
    ),
    (
        r#""d" => { #[cfg(all())] ("x") => b }"#,
        "attributes can stand in front of functions and of ids that are literals",
        None,
    ),
    (
        r#""d" => { a, "b" => a, b }"#,
        "task id \"b\" is declared twice in one dag",
        None,
    ),
    (
        r#""d" => { a }, "e" => { a }, "d" => { b }"#,
        "dag id \"d\" is declared twice in this bundle",
        None,
    ),
    (
        r#""d" => { "x y" => a }"#,
        "task id \"x y\" has a character that Airflow refuses",
        None,
    ),
    (r#""d" => { "" => a }"#, "task id \"\" is empty", None),
    ("\"d..e\" => { a }", "dag id \"d..e\" contains '..'", None),
    ("=> { a }", "a Dag of bundle! needs an id", None),
    ("", "bundle! takes Dags and their tasks", None),
];

#[test]
fn wrong_entries_are_named() {
    let _alone = crate::alone();
    let project = crate::user("wrong");
    for (index, (dags, ..)) in WRONG.iter().enumerate() {
        let source = format!(
            "use airflow_sdk::bundle;\nfn a() {{}} fn odd(x: u32) -> u32 {{ x }}\nfn b() {{}}\nfn main() {{ a(); b(); odd(1); let _ = bundle! {{\n{dags}\n}}; }}\n"
        );
        project.write(&format!("src/bin/wrong-{index:02}.rs"), &source);
    }
    let messages = crate::refused(&project, "check");
    for (index, (dags, expected, at)) in WRONG.iter().enumerate() {
        let name = format!("wrong-{index:02}");
        let errors: Vec<&Value> = messages
            .iter()
            .filter(|line| {
                line["target"]["name"] == name.as_str() && line["message"]["level"] == "error"
            })
            .map(|line| &line["message"])
            .filter(|message| {
                message["spans"]
                    .as_array()
                    .is_some_and(|spans| !spans.is_empty())
            })
            .collect();
        let text = |message: &Value| message["message"].as_str().unwrap().to_owned();
        let all: Vec<_> = errors.iter().map(|message| text(message)).collect();
        let found = errors
            .iter()
            .find(|message| text(message).contains(expected));
        let Some(found) = found else {
            panic!("{dags}: {all:?}");
        };
        let spans = found["spans"].as_array().unwrap();
        let span = spans
            .iter()
            .find(|span| span["is_primary"] == true)
            .unwrap();
        let line = span["text"][0]["text"].as_str().unwrap();
        let column = |key: &str| usize::try_from(span[key].as_u64().unwrap()).unwrap() - 1;
        let shown = (span["line_start"] == span["line_end"])
            .then(|| &line[column("column_start")..column("column_end")])
            .filter(|_| span["line_start"] == 5);
        assert_eq!(shown, *at, "{dags}: {span}");
        // Told once, although the handler stands in the constant and in the registration: of equal texts, cargo shows one.
        let mut shown: Vec<_> = errors.iter().map(|error| &error["rendered"]).collect();
        shown.dedup();
        if expected.contains("{odd}") {
            assert_eq!(shown.len(), 1, "{dags}: {shown:?}");
        }
        assert!(
            !all.iter().any(|text| text.contains("expected expression")),
            "{all:?}"
        );
    }
}
