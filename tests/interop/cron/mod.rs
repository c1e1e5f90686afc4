//! Cron expressions as the released croniter reads them, and their times as Airflow's timetables find them.
//!
//! `CRON_EXPRESSIONS` is the number of expressions that are made (default 2 500; `cargo xtask cron` makes 100 000), `CRON_SEED` what they are made
//! of.
#![allow(clippy::print_stdout, reason = "the seed is told")]

mod expressions;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use airflow_cron::{Cron, Problem};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};
use serde_json::{Value, json};

use crate::mutants::{Random, number};
use crate::python::{self, Script};
use crate::releases::RELEASES;

/// The seed, told, and the number of expressions.
fn settings() -> (u64, usize) {
    let (seed, count) = (number("CRON_SEED", 1), number("CRON_EXPRESSIONS", 2500));
    println!("CRON_SEED={seed} CRON_EXPRESSIONS={count}");
    (seed, usize::try_from(count).unwrap())
}

/// Both releases have the same croniter; the newer one is for whole Dags.
fn script() -> Script {
    let [.., (requirements, _)] = RELEASES;
    Script::start(&python::environment(requirements), "judge_cron.py")
}

/// A second from 1975 to 2094, often near the edge of a month.
fn start(random: &mut Random) -> i64 {
    let day = SignedDuration::from_hours(24);
    let days = i32::try_from(2_000 + random.below(43_600)).unwrap();
    let seconds = SignedDuration::from_secs(i64::try_from(random.below(86_400)).unwrap());
    let midnight = Timestamp::UNIX_EPOCH + day * days;
    if !random.one_in(3) {
        return (midnight + seconds).as_second();
    }
    let first = midnight.to_zoned(TimeZone::UTC).first_of_month().unwrap();
    let near = first.timestamp() + day * (i32::try_from(random.below(3)).unwrap() - 1);
    (if random.one_in(2) {
        near
    } else {
        near + seconds
    })
    .as_second()
}

/// Some times from a start on; fewer, and `None`, if they come to an end.
fn steps(start: i64, count: usize, step: impl Fn(&Zoned) -> Option<Zoned>) -> Vec<Option<i64>> {
    let start = Timestamp::from_second(start)
        .unwrap()
        .to_zoned(TimeZone::UTC);
    let mut found = Vec::new();
    let mut time = Some(start);
    while let Some(from) = time.take_if(|_| found.len() < count) {
        time = step(&from);
        found.push(time.as_ref().map(|time| time.timestamp().as_second()));
    }
    found
}

/// What this crate says, in the words of `judge_cron.py`.
fn own(expression: &str, starts: &[i64]) -> (&'static str, Value) {
    match Cron::parse(expression) {
        Ok(cron) => {
            let next = starts
                .iter()
                .map(|start| steps(*start, 5, |time| cron.next_after(time)));
            let last = starts
                .iter()
                .map(|start| steps(*start, 2, |time| cron.last_before(time)));
            let (next, last): (Vec<_>, Vec<_>) = (next.collect(), last.collect());
            ("accepted", json!({ "next": next, "last": last }))
        }
        Err(error) => match error.fault().problem() {
            Problem::Chance => ("chance", json!({ "chance": true })),
            Problem::NeverFires => ("never", json!({ "never": true })),
            _ => ("refused", Value::Null),
        },
    }
}

fn is_agreed(verdict: &str, ours: &Value, theirs: &Value) -> bool {
    match verdict {
        "refused" => theirs.get("refused").is_some(),
        // The expression may have other faults as well.
        "chance" => theirs == ours || theirs.get("refused").is_some(),
        _ => theirs == ours,
    }
}

#[test]
fn expressions_are_read_as_croniter_reads_them() {
    let (seed, count) = settings();
    let mut random = Random::seeded(seed);
    let mut script = script();
    let (mut verdicts, mut wrong) = (BTreeMap::<_, usize>::new(), Vec::new());
    let mut expressions: Vec<_> = expressions::CHOSEN
        .iter()
        .map(|&text| text.to_owned())
        .collect();
    expressions.extend((0..count).map(|_| expressions::random(&mut random)));
    for batch in expressions.chunks(500) {
        let with_starts = batch
            .iter()
            .map(|text| (text, [start(&mut random), start(&mut random)]));
        let asked: Vec<_> = with_starts.collect();
        let answers = script.ask(&json!({ "read": asked }));
        for ((text, starts), theirs) in asked.iter().zip(answers.as_array().unwrap()) {
            let (verdict, ours) = own(text, starts);
            *verdicts.entry(verdict).or_default() += 1;
            if !is_agreed(verdict, &ours, theirs) {
                wrong.push(format!(
                    "{text:?} from {starts:?}\n  {verdict} {ours}\n  croniter: {theirs}"
                ));
            }
        }
    }
    println!("{verdicts:?}, {} disagreements", wrong.len());
    let shown = wrong
        .iter()
        .take(20)
        .cloned()
        .collect::<Vec<_>>()
        .join("\n");
    assert_eq!(shown, "", "CRON_SEED={seed}");
    assert_eq!(verdicts.values().sum::<usize>(), expressions.len());
    assert!(
        verdicts["accepted"] > count / 4 && verdicts["refused"] > count / 4,
        "{verdicts:?}"
    );
    assert!(
        verdicts["chance"] > count / 1000 && verdicts["never"] > count / 1000,
        "{verdicts:?}"
    );
}

/// Clocks change by an hour, by half an hour, at midnight, for Ramadan, by a day, and in the other direction (Dublin's winter).
const ZONES: [&str; 8] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Europe/Dublin",
    "Asia/Gaza",
];

/// The moments between 1990 and 2037 at which the clocks of a zone change.
fn changes(zone: &TimeZone) -> Vec<Timestamp> {
    let from: Timestamp = "1990-01-01T00:00Z".parse().unwrap();
    let until: Timestamp = "2037-12-31T00:00Z".parse().unwrap();
    let moments = zone.following(from).map(|change| change.timestamp());
    moments.take_while(|moment| *moment < until).collect()
}

/// Moments about a change of the clocks.
fn about(change: Timestamp, random: &mut Random) -> Timestamp {
    const MINUTES: [i64; 12] = [-1500, -180, -120, -90, -60, -30, 0, 0, 30, 60, 90, 120];
    const SECONDS: [i64; 6] = [0, 0, 0, -1, 1, 17];
    let minutes = SignedDuration::from_mins(MINUTES[random.below(MINUTES.len())]);
    let seconds = SignedDuration::from_secs(SECONDS[random.below(SECONDS.len())]);
    let fraction = if random.one_in(8) { 250_000 } else { 0 };
    change + minutes + seconds + SignedDuration::from_micros(fraction)
}

#[test]
fn times_agree_with_airflows_timetables_where_clocks_change() {
    let (seed, count) = settings();
    let mut random = Random::seeded(seed);
    let zones = ZONES.map(|name| {
        let zone = TimeZone::get(name).unwrap();
        let changes = changes(&zone);
        assert!(changes.len() > 15, "{name}: {changes:?}");
        (name, zone, changes)
    });
    let (mut questions, mut ours, mut first) = (Vec::new(), Vec::new(), Vec::new());
    while questions.len() < count / 8 {
        let (name, zone, changes) = &zones[questions.len() % zones.len()];
        let text = if random.one_in(4) {
            expressions::random(&mut random)
        } else {
            expressions::at_night(&mut random)
        };
        let Ok(cron) = Cron::parse(&text) else {
            continue;
        };
        let change = changes[random.below(changes.len())];
        let moments = [(); 8].map(|()| about(change, &mut random));
        let answers = moments.map(|moment| {
            let moment = moment.to_zoned(zone.clone());
            let found = [cron.next_after(&moment), cron.last_before(&moment)];
            found.map(|found| found.map(|found| found.timestamp().as_microsecond()))
        });
        questions.push(json!([text, name, moments.map(Timestamp::as_microsecond)]));
        ours.push(json!(answers));
        if let Some(runs) = runs(&cron, &moments[0].to_zoned(zone.clone())) {
            first.push((
                json!([text, name, moments[0].as_microsecond()]),
                json!(runs),
            ));
        }
    }
    let mut script = script();
    let theirs = script.ask(&json!({ "timetables": questions }));
    let mut wrong = String::new();
    let mut compare = |question: &Value, ours: &Value, theirs: &Value| {
        if ours != theirs && wrong.len() < 5000 {
            let _ = writeln!(wrong, "{question}\n  {ours}\n  Airflow: {theirs}");
        }
    };
    for ((question, ours), theirs) in questions.iter().zip(&ours).zip(theirs.as_array().unwrap()) {
        compare(question, ours, theirs);
    }
    let asked: Vec<_> = first.iter().map(|(question, _)| question).collect();
    let theirs = script.ask(&json!({ "runs": asked }));
    for ((question, ours), theirs) in first.iter().zip(theirs.as_array().unwrap()) {
        compare(question, ours, theirs);
    }
    println!(
        "{} expressions about changes of clocks, {} Dags",
        questions.len(),
        first.len()
    );
    assert_eq!(wrong, "", "CRON_SEED={seed}");
    assert!(first.len() > questions.len() / 2);
}

/// The first five runs of a Dag with catchup and a start: `_align_to_next`, then `_get_next`. `None` if there are not five.
fn runs(cron: &Cron, start: &Zoned) -> Option<Vec<i64>> {
    let next = cron.next_after(start)?;
    let is_run = cron.last_before(&next)? == *start;
    let mut time = if is_run { start.clone() } else { next };
    let mut found = vec![time.timestamp().as_microsecond()];
    while found.len() < 5 {
        time = cron.next_after(&time)?;
        found.push(time.timestamp().as_microsecond());
    }
    Some(found)
}
