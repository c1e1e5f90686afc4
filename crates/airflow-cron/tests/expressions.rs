//! What is read and what is refused; `tests/interop/cron` of the workspace holds more of it against croniter itself.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed unwrap fails the test"
)]

use std::error::Error as _;

use airflow_cron::{Cron, Fault, Field, Problem, check, preset};

/// The compiler reads these, and says so where it takes it too long.
macro_rules! accepted {
    ($($expression:literal)*) => {$(
        const _: () = match check($expression) {
            Ok(()) => (),
            Err(fault) => panic!("{}", fault.message()),
        };
    )*};
}

accepted! {
    "30 2 * * *" "30 2 * * * 15" "30 2 * * * 0 2026-2030" "@hourly" "@DAILY" "@Midnight" "@annually" "@quarterly"
    "0 0 * * MON-fri" "0 0 1 nov-FEB *" "0 22-3 * * *" "*/15,7 5/6 1-20/3 * 7" "0 0 L * *" "0 0 1,L * *" "0 0 15W * *" "0 0 w31 * *"
    "0 0 * * 5#2" "0 0 * * MON-FRI#1,L5" "0 0 ? * ?" "0 9-9 * * *" "0\t0\n* * *" "0 0 29 2 5#5" "0 0 1 1 * 0 2099" "0 0 30 2 1"
    "0-59,0-59,0-59 0-23,0-23,0-23 1-31,1-31 JAN-DEC,JAN-DEC SUN-SAT,SUN-SAT 0-59,0-59,0-59 1970-2099,1970-2099,1970-2099"
}

/// These ask for the longest search of a date, in the compiler.
const NEVER: [Result<(), Fault>; 5] = [
    check("0 0 30 2 *"),
    check("0 0 31 * 1#1"),
    check("0 0 15W * 0"),
    check("0 0 31 2,4,6,9,11 * 0 1970-2099"),
    check("0 0 29 2 * 0 2025-2027,2029"),
];

#[test]
fn what_never_fires_is_refused() {
    for result in NEVER {
        let fault = result.unwrap_err();
        assert_eq!(
            (fault.problem(), fault.field()),
            (Problem::NeverFires, None)
        );
        assert!(fault.message().contains("it never fires"), "{fault}");
    }
}

/// An expression, what is wrong, in which field, at which part, and what the message says, with `|` between.
#[rustfmt::skip]
const FAULTS: &[(&str, Problem, Field, &str, &str)] = &[
    ("60 * * * *", Problem::OutOfRange, Field::Minute, "60", "minute: |0 to 59"),
    ("1,x,3 * * * *", Problem::Malformed, Field::Minute, "x", "minute: |0 to 59"),
    ("0 25 * * *", Problem::OutOfRange, Field::Hour, "25", "hour: |0 to 23"),
    ("0 1,8-24/2 * * *", Problem::OutOfRange, Field::Hour, "8-24/2", "hour: |0 to 23"),
    ("0 */0 * * *", Problem::Step, Field::Hour, "*/0", "hour: |`*/n`"),
    ("0 0 0 * *", Problem::OutOfRange, Field::DayOfMonth, "0", "day of the month: |1 to 31, `L`"),
    ("0 0 32W * *", Problem::OutOfRange, Field::DayOfMonth, "32W", "day of the month: |`15W`"),
    ("0 0 1,15W * *", Problem::NearestInList, Field::DayOfMonth, "15W", "day of the month: |alone"),
    ("0 0 ?,1 * *", Problem::QuestionMark, Field::DayOfMonth, "?,1", "day of the month: |alone"),
    ("0 0 1 JANUARY *", Problem::Malformed, Field::Month, "JANUARY", "month: |JAN to DEC"),
    ("0 0 1 ? *", Problem::QuestionMark, Field::Month, "?", "month: |only for the day"),
    ("0 0 * * MONDAY", Problem::Malformed, Field::DayOfWeek, "MONDAY", "day of the week: |SUN to SAT"),
    ("0 0 * * 5#6", Problem::Nth, Field::DayOfWeek, "5#6", "day of the week: |1 to 5"),
    ("0 0 * * 1-5#2", Problem::Malformed, Field::DayOfWeek, "1-5#2", "day of the week: |`5#2`"),
    ("0 0 * * 5#2,4", Problem::NthBesideWeekday, Field::DayOfWeek, "5#2,4", "day of the week: |beside"),
    ("0 0 * * * 60", Problem::OutOfRange, Field::Second, "60", "second (the sixth field): |0 to 59"),
    ("0 0 * * * 0 2100", Problem::OutOfRange, Field::Year, "2100", "year (the seventh field): |1970 to 2099"),
    ("R 0 * * *", Problem::Chance, Field::Minute, "R", "minute: |no fixed times"),
    ("0 r(1-5)/2 * * *", Problem::Chance, Field::Hour, "r(1-5)/2", "hour: |no fixed times"),
    ("H 0 * * *", Problem::Hash, Field::Minute, "H", "minute: |an id to hash"),
];

#[test]
fn a_fault_names_its_field_its_place_and_what_is_valid() {
    for &(expression, problem, field, part, valid) in FAULTS {
        let error = Cron::parse(expression).unwrap_err();
        let fault = error.fault();
        assert_eq!(
            (fault.problem(), fault.field()),
            (problem, Some(field)),
            "{expression}"
        );
        assert_eq!(&expression[fault.place()], part, "{expression}");
        for said in valid.split('|') {
            assert!(fault.message().contains(said), "{expression}: {fault}");
        }
        assert!(
            fault.message().contains("; valid are "),
            "{expression}: {fault}"
        );
        assert_eq!(check(expression), Err(fault));
        let shown = format!("the cron expression {expression:?} is refused at {part:?}");
        assert_eq!(error.to_string(), shown);
        assert_eq!(error.source().unwrap().to_string(), fault.message());
    }
}

#[test]
fn what_has_no_columns_is_told_what_is_valid() {
    for (expression, problem, said) in [
        ("", Problem::Columns, "five fields"),
        ("* * * *", Problem::Columns, "five fields"),
        ("* * * * * * * *", Problem::Columns, "seven with a year"),
        (" @daily", Problem::Name, "@daily"),
        ("@Quarterly", Problem::Name, "in lower case"),
        (
            "@once",
            Problem::Name,
            "`@once` and `@continuous` are schedules",
        ),
        ("@reboot", Problem::Name, "@hourly"),
    ] {
        let error = Cron::parse(expression).unwrap_err();
        assert_eq!(
            (error.fault().problem(), error.fault().field()),
            (problem, None),
            "{expression:?}"
        );
        assert!(error.fault().message().contains(said), "{expression:?}");
        assert_eq!(
            error.to_string(),
            format!("the cron expression {expression:?} is refused")
        );
    }
}

#[test]
fn a_message_has_nothing_raw_and_an_end() {
    let long = format!("\u{1b}[2J{} * * * *", "9".repeat(10_000));
    let message = Cron::parse(&long).unwrap_err().to_string();
    assert!(
        message.len() < 300 && !message.contains('\u{1b}') && message.contains("..."),
        "{message}"
    );
}

#[test]
fn only_airflows_presets_are_replaced() {
    assert_eq!(preset("@quarterly"), Some("0 0 1 */3 *"));
    assert_eq!(preset("@daily"), Some("0 0 * * *"));
    for kept in [
        "@DAILY",
        "@midnight",
        "@annually",
        "@dail",
        "@dailyy",
        "0 0 * * *",
        "",
    ] {
        assert_eq!(preset(kept), None, "{kept}");
    }
    // What was written is what is shown.
    let cron: Cron = "@DAILY".parse().unwrap();
    assert_eq!(
        (cron.as_str(), cron.to_string().as_str()),
        ("@DAILY", "@DAILY")
    );
}
