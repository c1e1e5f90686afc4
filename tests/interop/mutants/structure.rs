//! Manifests of another structure: several documents, merge keys, all values made anew, any YAML, deep nesting.

use super::any;
use super::texts::{self, Random};
use super::values::{VALUES, VERSIONS};

/// Several documents, directives, markers.
pub fn documents(text: &str, random: &mut Random) -> Vec<u8> {
    let before = random.pick(&[
        "",
        "---\n",
        "--- ",
        "---\t",
        "--- # c\n",
        "---\n---\n",
        "...\n",
        "...\n---\n",
        "# c\n",
        "\n\n",
        "%YAML 1.1\n---\n",
        "%YAML 1.2\n---\n",
        "%YAML 2.0\n---\n",
        "%YAML 1.1\n",
        "%YAML 1.1\n%YAML 1.1\n---\n",
        "%YAML\n---\n",
        "%TAG ! tag:x,1:\n---\n",
        "%TAG !! !\n---\n",
        "%TAG !e! tag:yaml.org,2002:\n---\n",
        "%FOO x\n---\n",
        "--- !!map\n",
        "--- &a\n",
        "--- |\n",
        "--- >\n",
        "---a\n",
        "a\n---\n",
        "a: b\n---\n",
        "{}\n---\n",
        "\u{feff}---\n",
        " ---\n",
        "--- {}\n--- \n",
    ]);
    let after = random.pick(&[
        "",
        "",
        "",
        "...",
        "...\n",
        "---\n",
        "--- \n",
        "---",
        "...\n---\n",
        "...\na: b\n",
        "---\na: b\n",
        "...\n# c\n",
        "... # c\n",
        "... x\n",
        "...\n...\n",
        "\n\n\n",
        "\u{feff}",
        "...\n%YAML 1.1\n",
        "...\n%YAML 1.1\n---\n",
        "...\n\u{feff}",
        "\u{0}",
        "%YAML 1.1\n",
        "--- |\n",
        "- a\n",
        "a\n",
        ": \n",
    ]);
    format!("{before}{text}{after}").into_bytes()
}

/// A manifest in which anchors, aliases and merge keys stand where they matter.
pub fn merges(_: &str, random: &mut Random) -> Vec<u8> {
    let source = random.pick(&[
        "{sales: {}, b: 1}",
        "{}",
        "[]",
        "a",
        "{1: {}, on: {}}",
        "[{sales: {}}, {b: {}}]",
        "{supervisor_schema_version: \"2026-06-16\"}",
        "{supervisor_schema_version: 2026-06-16}",
        "{dags: {c: {}}, sdk: {supervisor_schema_version: \"2026-06-16\"}}",
        "{<<: {d: {}}, e: {}}",
        "!!set {sales}",
        "{*a : 1}",
        "*a",
        "{=: {f: {}}}",
        "!!omap [sales: {}]",
    ]);
    let dags = random.pick(&[
        "*a",
        "{<<: *a}",
        "{<<: [*a, *a]}",
        "{<<: *a, x: {}}",
        "{x: {}, <<: *a}",
        "{<<: *a, <<: *a}",
        "{*a : {}}",
        "{? *a : {}}",
        "{\"<<\": *a}",
        "{! << : *a, y: {}}",
        "{!!merge x: *a}",
        "{sales: *a}",
        "{<<: {<<: *a}, z: {}}",
        "{<<: [[*a]]}",
        "{<<: *b}",
        "{<<: [*a, 1]}",
        "{<<: [], s: {}}",
        "{<<: *a, sales: 1, sales: 2}",
        "&d {x: *d}",
        "&d {<<: *d, x: {}}",
    ]);
    let sdk = random.pick(&[
        "{supervisor_schema_version: \"2026-06-16\"}",
        "{<<: *a}",
        "*a",
        "{<<: *a, supervisor_schema_version: \"2026-06-16\"}",
        "{supervisor_schema_version: \"2026-06-16\", <<: *a}",
        "{supervisor_schema_version: x, supervisor_schema_version: \"2026-06-16\"}",
        "{supervisor_schema_version: \"2026-06-16\", supervisor_schema_version: x}",
        "{? supervisor_schema_version : *v}",
    ]);
    let mut lines = vec![
        format!("x: &a {source}\n"),
        format!("dags: {dags}\n"),
        format!("sdk: {sdk}\n"),
    ];
    match random.below(6) {
        0 => lines.push("<<: *a\n".to_owned()),
        1 => lines.insert(1, "<<: *a\n".to_owned()),
        2 => lines.insert(0, "v: &v \"2026-06-16\"\n".to_owned()),
        3 => lines.push(format!("dags: {}\n", random.pick(VALUES))),
        4 => lines.swap(0, 1),
        _ => {}
    }
    lines.concat().into_bytes()
}

/// All that counts, each with any value.
pub fn anew(_: &str, random: &mut Random) -> Vec<u8> {
    let pick = |random: &mut Random, usual: &str, others: &[&str], rarity| {
        if random.one_in(rarity) {
            random.pick(others).to_owned()
        } else {
            usual.to_owned()
        }
    };
    let name = |random: &mut Random, name: &str| match random.below(30) {
        0 => format!("\"{name}\""),
        1 => format!("'{name}'"),
        2 => format!("? {name}\n"),
        3 => format!("!!str {name}"),
        4 => format!("{name} "),
        5 => format!(
            "\"{}\\x{:02x}\"",
            &name[..name.len() - 1],
            name.as_bytes()[name.len() - 1]
        ),
        6 => random
            .pick(&[
                "Dags",
                "dags ",
                "sdk\u{a0}",
                "1",
                "~",
                "DAGS",
                "dag",
                "<<",
                "=",
            ])
            .to_owned(),
        _ => name.to_owned(),
    };
    let dags = match random.below(4) {
        0 => " {sales: {tasks: [a]}}".to_owned(),
        1 => format!(
            "\n  {}: {}\n  b: {{}}",
            some_key(random),
            random.pick(VALUES)
        ),
        2 => format!("\n  {}:\n    tasks: []", some_key(random)),
        _ => format!(" {}", random.pick(VALUES)),
    };
    let version = pick(random, VERSIONS[0], VERSIONS, 2);
    let sdk = match random.below(6) {
        0 => format!(" {}", random.pick(VALUES)),
        1 => format!(" {{supervisor_schema_version: {version}}}"),
        _ => format!(
            "\n  {}: {version}",
            name(random, "supervisor_schema_version")
        ),
    };
    let extra = pick(random, "", VALUES, 3);
    let mut lines = vec![
        format!("{}:{dags}\n", name(random, "dags")),
        format!("{}:{sdk}\n", name(random, "sdk")),
    ];
    if !extra.is_empty() {
        lines.insert(random.below(3), format!("extra: {extra}\n"));
    }
    lines.concat().into_bytes()
}

fn some_key(random: &mut Random) -> String {
    match random.below(3) {
        0 => texts::scalar(random).replace('\n', " "),
        1 => random.pick(VALUES).to_owned(),
        _ => random
            .pick(&[
                "sales",
                "\"a b\"",
                "größe",
                "..",
                "\"a\\nb\"",
                "'it''s'",
                "-a",
                "a-1",
                "1a",
                "0o1",
                "é",
            ])
            .to_owned(),
    }
}

/// The files of the source region: mostly what a packer would write, with one thing wrong or several.
pub fn sources(_: &str, random: &mut Random) -> Vec<u8> {
    // Of no bytes at all, so that it fits any region.
    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let odd = |random: &mut Random, usual: &str| match random.below(12) {
        0 => random.pick(VALUES).replace('\n', " "),
        1 => texts::scalar(random).replace('\n', " "),
        _ => usual.to_owned(),
    };
    let paths = &[
        "a.rs",
        "src/b.rs",
        "\"it's\"",
        "größe",
        "1",
        "\"\"",
        "\"a\\\\b\"",
        "~",
    ];
    let mut entries = Vec::new();
    for _ in 0..random.below(4) {
        let path = random.pick(paths).to_owned();
        let numbers = &[
            "0",
            "0",
            "0",
            "1",
            "-1",
            "40",
            "9999",
            "99999999999999999999999",
            "true",
            "1.0",
        ];
        let [offset, length] = [(); 2].map(|()| random.pick(numbers).to_owned());
        let digest = match random.below(6) {
            0 => EMPTY.to_uppercase(),
            1 => EMPTY[1..].to_owned(),
            2 => EMPTY.replace('e', "f"),
            _ => EMPTY.to_owned(),
        };
        let [path, offset, length] = [path, offset, length].map(|usual| odd(random, &usual));
        let entry =
            format!("{{path: {path}, offset: {offset}, length: {length}, sha256: \"{digest}\"}}");
        entries.push(odd(random, &entry));
    }
    let list = format!("[{}]", entries.join(", "));
    let mut lines = vec![
        "dags: {sales: {}}\n".to_owned(),
        "sdk: {supervisor_schema_version: \"2026-06-16\"}\n".to_owned(),
        format!("sources: {}\n", odd(random, &list)),
    ];
    if !random.one_in(3) {
        let path = random.pick(paths).to_owned();
        lines.push(format!("entrypoint_path: {}\n", odd(random, &path)));
    }
    if random.one_in(2) {
        let [first, second] = [(); 2].map(|()| random.pick(paths).to_owned());
        let [first, second] = [first, second].map(|usual| odd(random, &usual));
        let map = format!("{{sales: {first}, {}: {second}}}", odd(random, "own"));
        lines.push(format!("dag_source_paths: {}\n", odd(random, &map)));
    }
    lines.concat().into_bytes()
}

/// A text that was made to find differences between YAML readers.
pub fn any_yaml(_: &str, random: &mut Random) -> Vec<u8> {
    super::yaml_text(random).into_bytes()
}

pub fn yaml_within(_: &str, random: &mut Random) -> Vec<u8> {
    let inner = super::yaml_text(random).replace('\n', "\n    ");
    let sdk = "sdk: {supervisor_schema_version: \"2026-06-16\"}\n";
    match random.below(3) {
        0 => format!("dags:\n    {inner}\n{sdk}"),
        1 => format!("dags: {{sales: {{}}}}\n{sdk}extra:\n    {inner}\n"),
        _ => format!("dags:\n  sales:\n    {inner}\n{sdk}"),
    }
    .into_bytes()
}

/// Nesting to 64 levels, which both read, and from 700, which neither does. Between them the worker's limit depends on its caller.
pub fn nesting(_: &str, random: &mut Random) -> Vec<u8> {
    let levels = any(random, &[1, 5, 20, 50, 60, 61, 62, 700, 1400]);
    let (open, close, inner) = any(
        random,
        &[
            ("[", "]", "a"),
            ("{a: ", "}", "b"),
            ("[{a: ", "}]", "c"),
            ("[", "", "a"),
            ("{? ", "}", "a"),
            ("[", "]", "!!int x"),
        ],
    );
    let times = if open == "[{a: " { levels / 2 } else { levels };
    let nested = format!("{}{inner}{}", open.repeat(times), close.repeat(times));
    let block = |depth: usize| {
        let lines = (1..=depth).map(|level| {
            " ".repeat(level)
                + "k:
"
        });
        lines.collect::<String>()
    };
    let sdk = "sdk: {supervisor_schema_version: \"2026-06-16\"}\n";
    match random.below(3) {
        0 => format!("dags: {{sales: {nested}}}\n{sdk}"),
        1 => format!("{sdk}x: {nested}\ndags: {{sales: {{}}}}\n"),
        _ => format!("{sdk}dags:\n{}", block(levels.min(700))),
    }
    .into_bytes()
}
