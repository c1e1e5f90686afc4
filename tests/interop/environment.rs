//! What the SDK finds in a worker's environment is what a task in Python finds there.
#![allow(clippy::print_stdout, reason = "the seed is told")]

use std::fmt::Write as _;

use airflow_protocol::connection_text::ConnectionText;
use airflow_protocol::worker_environment::{VARIABLE_PREFIX, name};
use serde_json::{Value, json};

use crate::mutants::Random;
use crate::python::{self, Script};
use crate::releases::RELEASES;

fn start(requirements: &str) -> Script {
    Script::start(&python::environment(requirements), "judge_environment.py")
}

/// URIs as people write them, and such as have a trap.
#[rustfmt::skip]
const URIS: &[&str] = &[
    "postgres://me:secret@db.example.com:5432/sales", "postgresql://u@h", "Postgres://U:P@H/S", "google-cloud-platform://?a=1&b=2",
    "http://https://api.example.com:8443/v1?x=y", "HTTP://https://H", "http://http://h", "a://b://c://d", "a@b://c://d", "a:b://c", "a://h@://d",
    "aws://AKIA%2FX:se%2Bcret%40@/?region_name=eu-west-1", "aws://?__extra__=%7B%22a%22%3A+1%7D", "aws://?__extra__=x&a=b", "x://?a=1&a=2",
    "x://h/?a", "x://h/?=b", "x://h/?&", "x://h/?a=b=c&&d", "x://h/?a+b=c+d%2B", "x://h/?%C3%BC=%FF", "x://h/s#f?q=1", "x://h#f", "x://h?#a=1",
    "sqlite:////tmp/x.db", "sqlite:///relative/x%20y", "jdbc:postgresql://h/db", "foo_bar://h/p", "//u:p@h:1/s?a=b", "h", "/", "?", "#", ":", "x:", "x://",
    "x://@", "x://:@", "x://:p@h", "x://u:@h", "x://u:p:q@h", "x://u@v@h", "x://h:", "x://h:0", "x://h:65535", "x://h:65536", "x://h:-1", "x://h:+1",
    "x://h:1a", "x://h:%31", "x://h: 1", "x://h:١", "x://[::1]:80/s", "x://[::1]", "x://u:p@[fe80::1%eth0]:5", "x://[fe80::1%25Eth0]", "x://[fe80::1%]",
    "x://[1.2.3.4]", "x://[v1.a:b]", "x://[v1.]", "x://[vg.a]", "x://[x]", "x://[::1", "x://::1]", "x://u:p[w@h", "x://u:p]w@h", "x://u:p[::1]w@h",
    "x://::1", "x://a:1,b:2/s", "x://%2Fvar%2Frun%2Fpostgresql/s", "x://u@%2Fvar%2FRun:5/s", "x://A%41B%c3%9cC", "x://Ä.Example", "x://ǅ.İ.ß",
    "x://h%zz%4/%", "x://h/%2f%2F", "x://h//s", "x://h/s/t", "x://h/ü", "x:///ü?a=ü", "x://h/a%C3", "x://h/a%C3é%A9", "x://u%3a:p%40@h",
    " x://h ", "\tx://h\n", "x://h\t/s\r\nt", "\u{1}x://h", "x\u{1c}", "\u{a0}x://h\u{a0}", "x://h/\u{1}", "-x://h", "1x://h", "x+y.z-1://h", "é://h", "x y://h",
    "x://u\u{ff20}h", "x://h\u{ff0f}s", "x://h\u{2100}", "x://h\u{2a74}", "x://h\u{bd}", "x://u:\u{ff03}@h", "x://h/\u{ff0f}", "x://h?\u{ff20}",
    "generic://x://y/x://z", "s3://s3://bucket", "x://h/x://", "https://https", "x://H\\i/s", "x://h;a=b/s;c", "x://h?a=1;b=2", "x://\"h\"", "x://h/{}", "x://{h}",
];

/// JSON objects as people write them, and such as have a trap.
#[rustfmt::skip]
const OBJECTS: &[&str] = &[
    r#"{"conn_type": "postgres", "host": "db", "login": "u", "password": "p", "schema": "s", "port": 5432, "extra": {"a": "b"}}"#,
    r#"{"conn_type": "google-cloud-platform", "extra": "{\"a\": 1}"}"#, r#"{"conn_type": "postgresql"}"#, r#"{"conn_type": "Post-Gres"}"#, r#"{"conn_type": ""}"#,
    r#"{"conn_type": null, "host": null, "login": null, "password": null, "schema": null, "port": null, "extra": null, "description": null}"#,
    "{}", " {} ", "{", "{}x", "{]", r#"{"host": "a", "host": "b"}"#, r#"{"description": [1], "host": "h"}"#, r#"{"unknown": 1}"#, r#"{"conn_id": "c"}"#,
    r#"{"port": "80"}"#, r#"{"port": " 80 "}"#, r#"{"port": "+80"}"#, r#"{"port": ""}"#, r#"{"port": "x"}"#, r#"{"port": "80.5"}"#, r#"{"port": 80.7}"#, r#"{"port": 0}"#,
    r#"{"port": true}"#, r#"{"port": false}"#, r#"{"port": [80]}"#, r#"{"port": {"a": 1}}"#, r#"{"port": []}"#, r#"{"port": 1e3}"#, r#"{"port": "0"}"#,
    r#"{"extra": ""}"#, r#"{"extra": {}}"#, r#"{"extra": []}"#, r#"{"extra": [1, "a", null]}"#, r#"{"extra": 5}"#, r#"{"extra": 0}"#, r#"{"extra": true}"#, r#"{"extra": false}"#,
    r#"{"extra": "no json"}"#, r#"{"extra": {"b": {"c": [1.5, "ü", null, true]}, "a": "x"}}"#, r#"{"extra": "[1]"}"#, r#"{"extra": "5"}"#, r#"{"extra": 1.0}"#,
    r#"{"host": 5}"#, r#"{"login": 5}"#, r#"{"password": true}"#, r#"{"password": ["p"]}"#, r#"{"schema": {"s": 1}}"#, r#"{"conn_type": 5}"#, r#"{"conn_type": ["a"]}"#, r#"{"conn_type": {"a": 1}}"#,
    r#"{"conn_type": true}"#, r#"{"login": 0}"#, r#"{"password": false}"#, r#"{"host": ""}"#, r#"{"login": ""}"#, r#"{"host": "https://h", "conn_type": "http"}"#, r#"{"host": "a://b://c"}"#,
    r#"{"uri": "postgres://u:p@h:1/s?a=b"}"#, r#"{"uri": "x://h", "host": "h"}"#, r#"{"uri": null, "host": "h"}"#, r#"{"uri": "x://h:99999"}"#, r#"{"uri": 5}"#, r#"{"uri": ""}"#,
    r#"{"uri": " x://h"}"#, r#"{"uri": "x://h", "port": 0}"#, r#"{"uri": "x://h", "extra": {}}"#, r#"{"uri": "x://h", "conn_type": ""}"#, r#"{"uri": "x://h", "description": "d"}"#,
    r#"{"host": "\u00fc\ud83e\udd80"}"#, r#"{"password": "a\nb"}"#, "[]", "\"x://h\"", "null", "5",
];

/// What random URIs are put together from.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "a", "B", "h", "x", "1", "0", "80", "://", "://", ":", ":", "@", "@", "/", "/", "?", "#", "&", "=", "=", "+", "%41", "%2F", "%40", "%c3%9c", "%FF", "%", "%4",
    "[", "]", "[::1]", ".", "-", "_", "é", "Ü", " ", ";", ",", "\\", "__extra__=", "\u{ff0f}", "postgresql", "\t",
];

fn random_uri(random: &mut Random) -> String {
    let many = 1 + random.below(12);
    let body: String = (0..many)
        .map(|_| PIECES[random.below(PIECES.len())])
        .collect();
    if random.below(3) > 0 {
        format!("x://{body}")
    } else {
        body
    }
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

/// The fields as Python has them. A text that is JSON is compared as JSON: Python keeps the order of an object's entries.
fn fields(read: &ConnectionText) -> Value {
    json!({
        "conn_type": read.conn_type, "host": read.host, "schema": read.schema, "login": read.login, "password": read.password,
        "port": read.port, "extra": read.extra,
    })
}

fn comparable(mut fields: Value) -> Value {
    if fields["conn_type"].is_null() && fields.is_object() {
        fields["conn_type"] = "".into();
    }
    if let Some(extra) = fields["extra"].as_str()
        && let Ok(parsed) = serde_json::from_str::<Value>(extra)
    {
        fields["extra"] = parsed;
    }
    fields
}

/// `URL_SEED` and `URL_TEXTS` give other random texts, and more.
#[test]
fn a_connection_is_read_as_in_python() {
    let (seed, many) = (number("URL_SEED", 1), number("URL_TEXTS", 4000));
    println!("seed {seed}");
    let mut random = Random::seeded(seed);
    let mut texts: Vec<String> = [URIS, OBJECTS]
        .concat()
        .into_iter()
        .map(str::to_owned)
        .collect();
    // Those that the form NFKC makes dangerous, and their neighbours.
    let odd = [
        '\u{2040}'..='\u{2050}',
        '\u{20f0}'..='\u{2110}',
        '\u{2a70}'..='\u{2a78}',
        '\u{fe10}'..='\u{fe6f}',
        '\u{ff00}'..='\u{ff60}',
    ];
    texts.extend(odd.into_iter().flatten().map(|c| format!("x://a{c}b")));
    texts.extend((0..many).map(|_| random_uri(&mut random)));
    for (requirements, release) in RELEASES {
        let answers = start(requirements).ask(&json!({ "connections": texts }));
        let (mut wrong, mut read) = (String::new(), 0);
        for (text, theirs) in texts.iter().zip(answers.as_array().unwrap()) {
            let ours = ConnectionText::read(text);
            read += usize::from(ours.is_ok());
            let found = ours.as_ref().map_or(Value::Null, fields);
            if comparable(found.clone()) != comparable(theirs.clone()) {
                let _ = writeln!(wrong, "{text:?}: {ours:?}, and {release} {theirs}");
            }
        }
        println!("{release}: {} texts, {read} read", texts.len());
        assert!(read > texts.len() / 4 && read < texts.len() - texts.len() / 10);
        assert_eq!(wrong, "", "seed {seed}");
    }
}

#[test]
fn a_variable_is_looked_for_under_the_name_that_python_uses() {
    let keys = [
        "rate",
        "My_Rate",
        "größe",
        "straße",
        "ǆ",
        "ı",
        "i",
        "a b",
        "a.b",
        "a-b",
        "_other___rate",
        "a___b",
        "a__b",
        "",
        "1",
    ];
    for (requirements, release) in RELEASES {
        let mut airflow = start(requirements);
        for teams in [false, true] {
            let asked: Vec<(&str, String)> = keys
                .iter()
                .map(|key| {
                    let ours = name(VARIABLE_PREFIX, key, teams);
                    (
                        *key,
                        ours.unwrap_or_else(|| name(VARIABLE_PREFIX, key, false).unwrap()),
                    )
                })
                .collect();
            let answers = airflow.ask(&json!({ "variables": asked, "teams": teams }));
            for (key, found) in keys.iter().zip(answers.as_array().unwrap()) {
                let ours = name(VARIABLE_PREFIX, key, teams).is_some();
                assert_eq!(found, ours, "{release}: {key:?}, teams: {teams}");
            }
        }
    }
}
