//! The SDK refuses exactly the texts that a released client or server would harm.
#![allow(clippy::print_stdout, reason = "the seed is told")]

use std::fmt::Write as _;

use crate::mutants::Random;
use crate::releases::RELEASES;
use crate::texts::Texts;
use airflow_protocol::url_path::{Place, fault};

const PLACES: [Place; 7] = [
    Place::VariableKey,
    Place::ConnectionId,
    Place::XComKey,
    Place::DagId,
    Place::RunId,
    Place::TaskId,
    Place::StateKey,
];

/// Texts that one of the layers on the way gives a meaning to, or that look so.
#[rustfmt::skip]
const TEXTS: &[&str] = &[
    "", "a", "größe", "a b", " ", "a+b", "100%", "%", "%4", "%zz", "%61", "%2e%2e", "%2F", "a%00", "%%41",
    "a#staging", "b?old", "a&b=c", "a;b", "a:b", "@x", "a|b", "[a]", "~", "\\", "..\\..", "\"", "<a>", "^", "`", "{x}",
    ".", "..", "...", "a/..", "a/../b", "dir/../b", "../b", "./a", "a/./b", "a/.", "a/...", "..a", "a..b",
    "/", "//", "/a", "a/", "a//b", "a/b", "//host/x", "http://x/y", "../../../other_dag/r2/t2/return_value",
    "\0", "a\nb", "a\r", "\t", "\u{1b}", "a\u{7f}", "\u{85}", "\u{2028}", "\u{200b}", "\u{feff}", "é", "e\u{301}", "🦀",
    "keys", "keys/", "/keys", "Keys", "slice", "item", "a/slice", "a/item", "a/item/0", "a/item/x", "item/0", "/item/0",
    "/slice", "item/slice", "item/item", "a/item/0/b", "a/slice/b", "a/slice/", "a/item/", "a/item//", "slice/item", "a\n/b", "%0A",
    "previous", "count", "state", "clear", "states", "breadcrumbs", "run", "value", "by-name",
    "manual__2026-01-01T00:00:00+00:00", "scheduled__2026-01-01T00:00:00.123456+00:00", "group.task",
];

/// What random texts are put together from.
const PIECES: &[&str] = &[
    "a", "b", "keys", "item", "slice", "0", ".", "..", "/", "/", "%", "%4", "1", "f", "?", "#",
    " ", "+", "\\", ":", "é", "\u{1}", "&", "=", ";",
];

fn random_text(random: &mut Random) -> String {
    let many = 1 + random.below(6);
    (0..many)
        .map(|_| PIECES[random.below(PIECES.len())])
        .collect()
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

/// Reports what was accepted but harmed, or refused for nothing.
fn judge(texts: &[(Place, String)]) -> String {
    let asked: &[(&str, &str)] = &texts
        .iter()
        .map(|(place, text)| (place.name(), text.as_str()))
        .collect::<Vec<_>>();
    let [older, newer] = std::thread::scope(|scope| {
        RELEASES
            .map(|(requirements, _)| scope.spawn(move || Texts::of(requirements).harm(asked)))
            .map(|harm| harm.join().unwrap())
    });
    let mut wrong = String::new();
    let mut refused = 0;
    for (((place, text), older), newer) in texts.iter().zip(&older).zip(&newer) {
        let ours = fault(*place, text);
        refused += usize::from(ours.is_some());
        if ours.is_some() != (older.is_some() || newer.is_some()) {
            let _ = writeln!(
                wrong,
                "the {} {text:?}: the SDK says {ours:?}, Airflow 3.3.2 {older:?}, Airflow 3.4.0b2 {newer:?}",
                place.name()
            );
        }
    }
    println!("{} texts, {refused} refused", texts.len());
    assert!(refused > texts.len() / 10 && refused < texts.len());
    wrong
}

/// `URL_SEED` and `URL_TEXTS` give other random texts, and more.
#[test]
fn what_the_sdk_sends_arrives_and_what_it_refuses_does_not() {
    let (seed, many) = (number("URL_SEED", 1), number("URL_TEXTS", 40));
    println!("seed {seed}");
    let mut random = Random::seeded(seed);
    let mut texts = Vec::new();
    for place in PLACES {
        texts.extend(TEXTS.iter().map(|text| (place, (*text).to_owned())));
        texts.extend((0..many).map(|_| (place, random_text(&mut random))));
    }
    let wrong = judge(&texts);
    assert_eq!(wrong, "", "seed {seed}");
}

/// A release that puts something else into a path needs another look at `crates/airflow-protocol/src/url_path`.
#[test]
fn each_part_of_a_path_is_known() {
    // UUIDs and numbers of Airflow's own, and a word of the client's.
    let own = [
        "id",
        "ti_id",
        "callback_id",
        "connection_test_id",
        "offset",
        "op",
        "__version__",
        "pyver",
    ];
    let texts = ["key", "conn_id", "dag_id", "run_id", "task_id"];
    for (requirements, _) in RELEASES {
        let paths = Texts::of(requirements).paths();
        assert!(paths.len() > 20, "{paths:?}");
        for path in paths {
            for part in path.split('{').skip(1) {
                let part = part.split('}').next().unwrap();
                let name = part
                    .strip_prefix("quote(")
                    .and_then(|rest| rest.strip_suffix(", safe='')"))
                    .unwrap_or(part);
                assert!(
                    own.contains(&name) || texts.contains(&name),
                    "{path} ({requirements})"
                );
            }
        }
    }
}
