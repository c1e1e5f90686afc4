//! The loader's interface and its limits. The test `differential` compares its values for odd texts with `PyYAML`'s.

#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fmt::Write as _;

use super::{LoadError, MAX_DEPTH, MAX_WORK, Value, safe_load};

#[test]
fn a_manifest() {
    let text = "dags:\n  a: {tasks: [x, yes, 'y']}\n  1: {}\nsdk: &s {version: 2026-06-16}\nagain: *s\n\"\\ud800\": 1\n";
    let document = safe_load(text).unwrap();
    let root = document.root();
    assert!(root.is_map());
    let dags = root.get("dags").unwrap();
    assert_eq!(dags.entries().count(), 2);
    let (id, dag) = dags.str_entries().next().unwrap();
    assert_eq!((id, dag.line()), ("a", 2));
    let tasks: Vec<_> = dag
        .get("tasks")
        .unwrap()
        .items()
        .map(|task| (task.as_str(), task.value().type_name()))
        .collect();
    assert_eq!(
        tasks,
        [(Some("x"), "str"), (None, "bool"), (Some("y"), "str")]
    );
    let version = root.get("sdk").unwrap().get("version").unwrap();
    assert_eq!(
        (version.value().type_name(), version.line()),
        ("datetime.date", 4)
    );
    assert_eq!(
        root.get("again").unwrap().id(),
        root.get("sdk").unwrap().id()
    );
    assert_eq!(root.entries().count(), 4);
    assert_eq!(root.str_entries().count(), 3);
    assert!(root.get("missing").is_none());
}

#[test]
fn an_empty_text_is_none() {
    for text in ["", "# nothing\n", "---\n", "\u{FEFF}"] {
        let document = safe_load(text).unwrap();
        assert!(matches!(document.root().value(), Value::None), "{text:?}");
    }
}

#[test]
fn messages_name_the_line_and_the_consequence() {
    for (text, message) in [
        (
            "a: b\n\tc: d\n",
            "line 2, column 1: not valid YAML for PyYAML: the character '\\t' cannot start a value here",
        ),
        (
            "a:\n  b: 2026-13-45\n",
            "line 2: PyYAML fails with ValueError: \"2026-13-45\": this date does not exist",
        ),
        (
            "- !!int ''\n",
            "line 1: PyYAML fails with IndexError: \"\" cannot be read as int",
        ),
    ] {
        assert_eq!(safe_load(text).unwrap_err().to_string(), message);
    }
}

#[test]
fn nesting_is_limited() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(safe_load(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(
        safe_load(&nested(MAX_DEPTH + 1)).unwrap_err(),
        LoadError::TooDeep { line: 1 }
    );
    let mut block = String::new();
    for depth in 0..=MAX_DEPTH {
        let _ = writeln!(block, "{}a:", " ".repeat(depth));
    }
    assert_eq!(
        safe_load(&block).unwrap_err(),
        LoadError::TooDeep {
            line: MAX_DEPTH + 1
        }
    );
    assert!(safe_load(&"[".repeat(10_000_000)).is_err());
}

#[test]
fn chains_of_merge_keys_are_limited() {
    let mut text = "defs:\n- &a0 {x: 1}\n".to_string();
    for step in 1..200 {
        let _ = writeln!(text, "- &a{step} {{<<: *a{}}}", step - 1);
    }
    assert!(safe_load(&text).is_ok(), "one step at a time");
    // The constructor makes the last link of the chain first, because it stands further out.
    assert!(matches!(
        safe_load(&format!("{text}deep: *a199\n")),
        Err(LoadError::TooDeep { .. })
    ));
}

#[test]
fn bombs_do_no_harm() {
    let mut lists = "- &a0 [x, x]\n".to_string();
    let mut merges = "- &a0 {x: 1}\n".to_string();
    for step in 1..60 {
        let before = step - 1;
        let _ = writeln!(lists, "- &a{step} [{}]", format!("*a{before}, ").repeat(10));
        let _ = writeln!(
            merges,
            "- &a{step} {{<<: [{}]}}",
            format!("*a{before}, ").repeat(10)
        );
    }
    let shared = safe_load(&lists).unwrap();
    assert_eq!(shared.root().items().last().unwrap().items().count(), 10);
    assert!(matches!(
        safe_load(&merges),
        Err(LoadError::TooComplex { .. })
    ));
    let long = "x".repeat(1 << 20);
    let copies = format!(
        "- &a \"QUJD{long}\"\n{}",
        "- !!binary {=: *a}\n".repeat(100)
    );
    assert_eq!(
        safe_load(&copies).unwrap_err(),
        LoadError::TooComplex {
            line: MAX_WORK / (1 << 20) + 1
        }
    );
    assert!(matches!(
        safe_load(&format!("{}1", "1:".repeat(100_000))),
        Err(LoadError::TooComplex { .. })
    ));
}

/// Quadratic time on any of these would take minutes.
#[test]
fn time_is_linear() {
    const MANY: usize = 60_000;
    let repeated =
        |start: &str, part: &str, end: &str| format!("{start}{}{end}", part.repeat(MANY));
    for text in [
        repeated("", "- a\n", ""),
        repeated("[", "[],", "]"),
        repeated("[", "a: b,", "]"),
        repeated("[", "? ,", "]"),
        repeated("[", "[\n", ""),
        repeated("{", "<<: {},", "}"),
        repeated("&a {x: y, ", "<<: {z: 1},\n", "}"),
        repeated("", "<<: {}\n", "a: b\n"),
        repeated("a: ", "b ", ""),
        repeated("a: ", "b\n\n ", ""),
        repeated("\"", "\\\n", "\""),
        repeated("'", "a\n\n\n", "'"),
        repeated("|\n", " a\n\n", ""),
        repeated(">\n", " a\n  b\n", ""),
        repeated("", "\n", ""),
        repeated("", "#\n", "a"),
        repeated("!", "a", " b"),
        repeated("!", "%41", " b"),
        repeated("&", "a", " b"),
        repeated("0x", "f", ""),
        repeated("0.", "1", ""),
        repeated("!!int \"", "1:", "1\""),
        repeated("!!float \"", "1:", "1\""),
        repeated("", "%FOO x\n", "---\na"),
        repeated("- ", "? ", ""),
        repeated("a", ":", ""),
        repeated("", "'' : ", ""),
        repeated("[", "*a ", "]"),
        repeated("[&a {}, ", "{<<: *a}, ", "]"),
        repeated("[&a =, ", "!!str {*a : *a}, ", "]"),
    ] {
        let _ = safe_load(&text);
    }
}
