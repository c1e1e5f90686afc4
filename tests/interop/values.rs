//! Values that the packer knows nothing of come back as they were, whatever they are.

use crate::Airflow;
use crate::packer::{Bench, MANIFEST, replaced};

/// JSON values, one each.
const VALUES: &[&str] = &[
    "null",
    "true",
    "false",
    "\"\"",
    "{}",
    "[]",
    "[[]]",
    "[{}]",
    "{\"a\": {}}",
    "{\"\": null}",
    "[null, [null]]",
    "0",
    "-0",
    "1",
    "-1",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "123456789012345678901234567890123456789012345678901234567890",
    "-99999999999999999999999",
    "0.0",
    "-0.0",
    "1.0",
    "0.1",
    "1.5",
    "-2.50",
    "1e3",
    "1E3",
    "1e+3",
    "1e-3",
    "1.0e3",
    "1.5E-7",
    "5e-324",
    "1.7976931348623157e308",
    "1e400",
    "-1e400",
    "1e-400",
    "123456789.123456789123456789",
    "1e05",
    "0e0",
    "100000000000000000000.0",
    "[1, \"1\", 1.0, true, \"true\", null, \"null\"]",
    "{\"z\": 1, \"a\": [{\"z\": [1, {\"y\": {}}], \"a\": []}, [[1, 2], [3, [4]]]]}",
    // Where the manifest's own keys mean something else.
    "{\"dags\": 1, \"tasks\": null, \"sdk\": [], \"source\": {}, \"sources\": 1, \"digests\": [], \"entrypoint_path\": 2}",
];

/// Strings that YAML 1.1 or a terminal takes for something else.
const STRINGS: &[&str] = &[
    "",
    " ",
    "  a",
    "a  ",
    "\t",
    "a\tb",
    "\n",
    "a\n",
    "\na",
    "a\nb\n\n",
    "\r\n",
    "a: b",
    "a:",
    ": a",
    "- a",
    "-",
    "--- ",
    "---",
    "...",
    "? a",
    "#",
    "a #b",
    "#a",
    "&a",
    "*a",
    "!a",
    "!!int 1",
    "|",
    ">",
    "|-\n a",
    "@a",
    "`a",
    "%a",
    "%YAML 1.1",
    "\"",
    "'",
    "a\"b",
    "it's",
    "\\",
    "\\n",
    "\\x41",
    "\\",
    "[",
    "]",
    "{",
    "}",
    ",",
    "[a]",
    "{a: b}",
    "on",
    "Off",
    "YES",
    "n",
    "~",
    "null",
    "Null",
    "true",
    "12:30",
    "1:60:00",
    "190:20:30",
    "1_000",
    "0x1F",
    "0o7",
    "0b1",
    "1e3",
    "1.0e+3",
    ".5",
    ".inf",
    "-.INF",
    ".nan",
    "+1",
    "+.5",
    "2026-06-16",
    "2026-06-16T12:00:00Z",
    "2026-13-45",
    "<<",
    "=",
    "==",
    "!!binary aGk=",
    "dags",
    "tasks",
    "sdk",
    "größe",
    "日本語",
    "😀",
    "e\u{301}",
    "\u{feff}",
    "\u{feff}a",
    "a\u{feff}",
    "\u{2028}",
    "\u{2029}",
    "\u{85}",
    "\u{a0}",
    "\u{200b}",
    "\u{202e}abc\u{202c}",
    "\u{2066}x\u{2069}",
    "\u{fffd}",
    "\u{fffe}",
    "\u{ffff}",
    "\u{10ffff}",
    "\u{e000}",
    "\u{d7ff}",
    "\u{1fffe}",
    "\u{e0041}",
    "\0",
    "a\0b",
    "\u{7f}",
    "\u{9b}31m",
    "\u{1b}[31m",
];

/// Strings, each as a value and as a key.
fn strings() -> Vec<String> {
    let mut strings: Vec<String> = STRINGS.iter().map(|text| (*text).to_owned()).collect();
    // Every character of the first block, of the general punctuation, and one in 509 of the rest.
    let blocks = ('\0'..='\u{17f}')
        .chain('\u{2000}'..='\u{206f}')
        .chain('\u{fe00}'..='\u{ffff}');
    strings.extend(
        blocks
            .chain(('\0'..=char::MAX).step_by(509))
            .map(|c| format!("{c}x{c}")),
    );
    // Around the length up to which PyYAML takes a key without a question mark, in all widths.
    for length in [
        100, 250, 990, 999, 1000, 1001, 1010, 1023, 1024, 1025, 1030, 5000, 20_000,
    ] {
        strings.extend(["k", "ö", "😀", "\0", "a b ", "\""].map(|part| part.repeat(length)));
    }
    strings
}

#[test]
fn unknown_values_come_back_as_they_were() {
    let mut airflow = Airflow::start();
    let bench = Bench::new();
    let list = format!("[{}]", VALUES.join(",\n"));
    let strings = strings();
    let keys: serde_json::Map<_, _> = strings
        .iter()
        .map(|text| (text.clone(), text.as_str().into()))
        .collect();
    let keys = serde_json::Value::from(keys).to_string();
    let strings = serde_json::to_string(&strings).unwrap();
    for value in VALUES.iter().copied().chain([&*list, &*strings, &*keys]) {
        // In every place where an unknown key may stand.
        let manifest = replaced(MANIFEST, "{\n  \"airflow", "{\n  \"x\": <>,\n  \"airflow");
        let manifest = replaced(&manifest, "\"tasks\"", "\"x\": <>, \"tasks\"");
        let manifest = replaced(&manifest, "\"language\"", "\"on\": <>, \"language\"");
        let manifest = manifest.replace(": <>,", &format!(": {value},"));
        bench.pack(&manifest, &["-D", "-o", "bundle"]).ok();
        let start: String = value.chars().take(100).collect();
        assert_eq!(
            airflow.difference(&bench.path("bundle"), &manifest),
            None,
            "{start}"
        );
    }
}

/// YAML 1.2 in, YAML 1.1 out.
#[test]
fn values_in_yaml_keep_their_meaning() {
    let mut airflow = Airflow::start();
    let bench = Bench::new();
    for (yaml, json) in [
        ("on", "\"on\""),
        ("12:30", "\"12:30\""),
        ("2026-06-16", "\"2026-06-16\""),
        ("1_000", "\"1_000\""),
        ("yes", "\"yes\""),
        ("~", "null"),
        ("", "null"),
        ("0x1F", "31"),
        ("0o17", "15"),
        ("1e3", "1000.0"),
        ("1.5", "1.5"),
        (".inf", "Infinity"),
        ("-.inf", "-Infinity"),
        (".nan", "NaN"),
        ("18446744073709551615", "18446744073709551615"),
        ("{1: a, true: b, null: c, 1.5: d}", "{\"1\": 0}"),
        ("[a, {b: [c]}]", "[\"a\", {\"b\": [\"c\"]}]"),
        ("|\n  a\n   b\n", "\"a\\n b\\n\""),
        ("&a [1]\ny: *a", "[1],\n\"y\": [1]"),
        ("!!str 1", "\"1\""),
    ] {
        let printed = format!(
            "x: {yaml}\nairflow_bundle_metadata_version: '1.0'\ndags: {{sales: {{tasks: [extract, load]}}}}\n\
             sdk: {{language: rust, supervisor_schema_version: '2026-06-16', version: 0.1.0}}\n"
        );
        let expected = replaced(
            MANIFEST,
            "{\n  \"airflow",
            &format!("{{\n  \"x\": {json},\n  \"airflow"),
        );
        bench.pack(&printed, &["-D", "-o", "bundle"]).ok();
        let difference = airflow.difference(&bench.path("bundle"), &expected);
        if yaml.starts_with("{1") {
            // JSON has no such keys; that they keep their types is all that can be asked.
            assert!(difference.unwrap().contains("one side only"), "{yaml}");
            let metadata =
                crate::packer::packed_with(["inspect", bench.path("bundle").to_str().unwrap()]);
            for line in [
                "  1: \"a\"\n",
                "  true: \"b\"\n",
                "  null: \"c\"\n",
                "  1.5: \"d\"\n",
            ] {
                assert!(metadata.text().contains(line), "{line} {}", metadata.text());
            }
        } else {
            assert_eq!(difference, None, "{yaml}");
        }
    }
}

/// What the packer owns it replaces, whatever the executable says.
#[test]
fn packer_owned_keys_are_replaced() {
    let mut airflow = Airflow::start();
    let bench = Bench::new();
    let own = "\"source\": 1, \"entrypoint_path\": null, \"sources\": [{\"path\": \"/etc/passwd\"}], \"digests\": {\"cache\": \"x\", \"y\": 1}";
    let manifest = replaced(
        MANIFEST,
        "{\n  \"airflow",
        &format!("{{\n  {own},\n  \"airflow"),
    );
    let with = bench.path("with");
    bench.pack(&manifest, &["-D", "-o", "with"]).ok();
    assert_eq!(airflow.difference(&with, &manifest), None);
    bench.pack(MANIFEST, &["-o", "without"]).ok();
    let bytes = |name| std::fs::read(bench.path(name)).unwrap();
    assert!(
        bytes("with") == bytes("without"),
        "what the executable says of them has no effect"
    );
}
