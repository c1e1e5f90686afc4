//! Mutants of a manifest, and manifests made anew. Whatever is done, the trailer fits.

use super::bytes::Parts;
use super::texts::{self, Random};
use super::values::{CHARACTERS, NOT_UTF8, PREFIXES, VALUES, VERSIONS};
use super::{any, byte, structure};

/// Makes bytes from a manifest's text.
type Make = fn(&str, &mut Random) -> Vec<u8>;

/// The kinds of mutants that this module makes: from a manifest's text another one's bytes.
pub const KINDS: &[(&str, Make)] = &[
    ("manifest: a value", value),
    ("manifest: a value", value),
    ("manifest: a key", key),
    ("manifest: a prefix", prefix),
    ("manifest: a character", character),
    ("manifest: a character", character),
    ("manifest: bytes", bytes),
    ("manifest: lines", lines),
    ("manifest: line breaks and tabs", white),
    ("manifest: encoding", encoding),
    ("manifest: documents", structure::documents),
    ("manifest: merge keys", structure::merges),
    ("manifest: made anew", structure::anew),
    ("manifest: made anew", structure::anew),
    ("manifest: made anew", structure::anew),
    ("manifest: any YAML", structure::any_yaml),
    ("manifest: any YAML within", structure::yaml_within),
    ("manifest: nesting", structure::nesting),
    ("manifest: sources", structure::sources),
    ("manifest: sources", structure::sources),
];

/// A bundle with that mutant of its manifest.
pub fn with(parts: &Parts, make: Make, random: &mut Random) -> Vec<u8> {
    // Not the packed one alone: other forms of the same manifest meet other rules.
    let packed = String::from_utf8(parts.manifest.clone()).unwrap();
    let base = match random.below(4) {
        0 => packed,
        1 => BLOCK.to_owned(),
        2 => FLOW.to_owned(),
        _ => ANCHORS.to_owned(),
    };
    let manifest = make(&base, random);
    Parts {
        manifest,
        ..parts.clone()
    }
    .whole()
}

const BLOCK: &str = "dags:\n  sales:\n    tasks: [a]\n  '1': {tasks: []}\nsdk:\n  language: rust\n  supervisor_schema_version: \"2026-06-16\"\n  version: 0.1.0\n";
const FLOW: &str = "{\"dags\": {\"sales\": {\"tasks\": [\"a\"]}, \"b\": {}},\n \"sdk\": {\"language\": \"rust\", \"supervisor_schema_version\": \"2026-06-16\"}}\n";
const ANCHORS: &str = "x: &x {sales: {tasks: &t [a]}, b: {tasks: *t}}\ny: &v '2026-06-16'\ndags:\n  <<: *x\n  c: ~\nsdk: {supervisor_schema_version: *v}\n";

/// A value behind its key; often that of a key which counts.
fn value(text: &str, random: &mut Random) -> Vec<u8> {
    let places: Vec<usize> = text.match_indices(": ").map(|(at, _)| at + 2).collect();
    let version = text
        .find("schema_version")
        .and_then(|at| Some(at + text[at..].find(": ")? + 2));
    let dags = text
        .find("dags")
        .and_then(|at| Some(at + text[at..].find(':')? + 1));
    let (from, new) = match (random.below(3), version, dags) {
        (0, Some(from), _) => (from, random.pick(VERSIONS).to_owned()),
        (1, _, Some(from)) => (from, format!(" {}", random.pick(VALUES))),
        _ if places.is_empty() => (text.len(), random.pick(VALUES).to_owned()),
        _ => (any(random, &places), some_value(random)),
    };
    // Up to the end of the line, or of the flow, or of the block.
    let rest = &text[from..];
    let to = match random.below(3) {
        0 => rest.find('\n'),
        1 => rest.find([',', '}', '\n']),
        _ => rest.find("\ns"),
    };
    format!(
        "{}{new}{}",
        &text[..from],
        &rest[to.unwrap_or(rest.len())..]
    )
    .into_bytes()
}

fn some_value(random: &mut Random) -> String {
    if random.one_in(3) {
        texts::scalar(random)
    } else {
        random.pick(VALUES).to_owned()
    }
}

/// Another key: of another type, twice the same, none at all.
fn key(text: &str, random: &mut Random) -> Vec<u8> {
    let keys: Vec<(usize, usize)> = text
        .match_indices(':')
        .map(|(end, _)| {
            let before = &text[..end];
            let start = before.rfind(['\n', ' ', '{', ',']).map_or(0, |at| at + 1);
            (start, end)
        })
        .collect();
    if keys.is_empty() {
        return text.into();
    }
    let (start, end) = any(random, &keys);
    let (from, to) = any(random, &keys);
    let new = match random.below(6) {
        0 => random.pick(PREFIXES).to_owned() + &text[start..end],
        1 => text[from..to].to_owned(),
        2 => format!("? {}\n", &text[start..end]),
        3 => texts::scalar(random),
        4 => "x".repeat(any(random, &[1, 127, 128, 1021, 1022, 1023, 1024, 1025])),
        _ => random.pick(VALUES).to_owned(),
    };
    format!("{}{new}{}", &text[..start], &text[end..]).into_bytes()
}

/// A place between two characters; half of the time where a word begins.
fn spot(text: &str, random: &mut Random) -> usize {
    let starts: Vec<usize> = text
        .char_indices()
        .map(|(at, _)| at)
        .chain([text.len()])
        .collect();
    let words: Vec<usize> = starts
        .iter()
        .copied()
        .filter(|&at| {
            text[at..].starts_with(char::is_alphanumeric)
                && !text[..at].ends_with(char::is_alphanumeric)
        })
        .collect();
    if random.one_in(2) || words.is_empty() {
        any(random, &starts)
    } else {
        any(random, &words)
    }
}

fn prefix(text: &str, random: &mut Random) -> Vec<u8> {
    let mut text = text.to_owned();
    for _ in 0..=random.below(2) {
        let at = spot(&text, random);
        text.insert_str(at, random.pick(PREFIXES));
    }
    text.into_bytes()
}

/// A character that YAML forbids or treats specially, put in or in the place of another.
fn character(text: &str, random: &mut Random) -> Vec<u8> {
    let mut text = text.to_owned();
    for _ in 0..=random.below(2) {
        let at = spot(&text, random);
        if random.one_in(2) && at < text.len() {
            text.remove(at);
        }
        text.insert_str(at, random.pick(CHARACTERS));
    }
    text.into_bytes()
}

fn bytes(text: &str, random: &mut Random) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    let at = random.below(bytes.len());
    let end = (at + random.below(20)).min(bytes.len());
    match random.below(5) {
        0 if !bytes.is_empty() => bytes[at] = byte(random),
        1 => drop(bytes.drain(at..end)),
        2 => drop(bytes.splice(at..at, random.pick(NOT_UTF8).to_vec())),
        3 => bytes.truncate(at),
        _ => {
            let copy = bytes[at..end].to_vec();
            let to = random.below(bytes.len());
            drop(bytes.splice(to..to, copy));
        }
    }
    bytes
}

/// Lines twice, in another order, or indented differently.
fn lines(text: &str, random: &mut Random) -> Vec<u8> {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(Into::into).collect();
    let (at, other) = (random.below(lines.len()), random.below(lines.len()));
    if lines.is_empty() {
        return Vec::new();
    }
    match random.below(6) {
        0 => lines.swap(at, other),
        1 => lines.insert(other, lines[at].clone()),
        2 => drop(lines.remove(at)),
        3 => {
            let indent = random.pick(&[
                "", " ", "  ", "   ", "    ", "\t", " \t", "\u{a0}", "- ", "  - ",
            ]);
            lines[at] = format!("{indent}{}", lines[at].trim_start());
        }
        4 => {
            // The same key once more, with another value.
            let line = lines[at].clone();
            if let Some((key, _)) = line.split_once(':') {
                lines.insert(at, format!("{key}: {}\n", some_value(random)));
            }
        }
        _ => lines.insert(
            at,
            format!(
                "{}\n",
                random.pick(&[
                    "",
                    "#",
                    "# größe",
                    " # x",
                    "\t",
                    "\t# x",
                    "---",
                    "...",
                    "--- # x",
                    "%YAML 1.1",
                    "\u{feff}"
                ])
            ),
        ),
    }
    lines.concat().into_bytes()
}

fn white(text: &str, random: &mut Random) -> Vec<u8> {
    let new = match random.below(8) {
        0 => text.replace('\n', "\r\n"),
        1 => text.replace('\n', "\r"),
        2 => text.replace(
            '\n',
            random.pick(&[
                "\u{85}", "\u{2028}", "\u{2029}", "\n\n", "\n\r", " \n", "\t\n", " # c\n", "#c\n",
            ]),
        ),
        3 => text.replace("  ", "\t"),
        4 => text.replace(
            ": ",
            random.pick(&[":\t", ":", " : ", ":  ", ": \t", ":\n    "]),
        ),
        5 => text.trim_end().to_owned(),
        6 => text.replacen(
            '\n',
            random.pick(&["\r\n", "\r", "\u{85}", "\t", " "]),
            1 + random.below(6),
        ),
        _ => text.replace(
            ", ",
            random.pick(&[",", ",\t", " ,", ",\n", ",\n  ", ",\n\t"]),
        ),
    };
    new.into_bytes()
}

fn encoding(text: &str, random: &mut Random) -> Vec<u8> {
    let units = |little: bool| -> Vec<u8> {
        text.encode_utf16()
            .flat_map(|unit| {
                if little {
                    unit.to_le_bytes()
                } else {
                    unit.to_be_bytes()
                }
            })
            .collect()
    };
    match random.below(12) {
        0 => [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        1 => [b"\xef\xbb\xbf\xef\xbb\xbf", text.as_bytes()].concat(),
        2 => [text.as_bytes(), b"\xef\xbb\xbf"].concat(),
        3 => [b"\xff\xfe".to_vec(), units(true)].concat(),
        4 => [b"\xfe\xff".to_vec(), units(false)].concat(),
        5 => units(true),
        6 => units(false),
        7 => text
            .chars()
            .flat_map(|c| u32::from(c).to_le_bytes())
            .collect(),
        8 => text
            .replace('a', "ä")
            .chars()
            .map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?'))
            .collect(),
        9 => text.replace('a', "ä").into_bytes(),
        10 => format!("\u{feff}---\n{text}").into_bytes(),
        _ => {
            let mut bytes = text.as_bytes().to_vec();
            let at = random.below(bytes.len());
            bytes.splice(at..at, random.pick(NOT_UTF8).to_vec());
            bytes
        }
    }
}
