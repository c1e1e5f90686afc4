//! Texts that ask for more than they deserve.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed unwrap fails the test; times are told"
)]

use std::time::{Duration, Instant};

use airflow_cron::{Cron, check};
use jiff::Zoned;

/// Says how long something took. Seconds of a busy machine and a debug build are let go, minutes are not.
fn timed<T>(name: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    println!("{name:?}: {:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(30), "{name}");
    result
}

#[test]
fn a_text_of_a_megabyte_is_judged_in_the_time_of_reading_it() {
    const LONG: usize = 1 << 20;
    for piece in [
        "9",
        "0",
        " ",
        "* ",
        "*",
        ",",
        "-",
        "/",
        "//",
        "1-",
        "*/1,",
        "0-59,",
        "1970-2099/1,",
        "l",
        "W",
        "w1",
        "#",
        "5#2,",
        "mon-fri#1,",
        "?",
        "R(",
        "h/1",
        "@",
        "@daily",
        "(",
        ")",
        "\u{0}",
        "é",
        "\u{a0}",
        "🦀",
    ] {
        let long = piece.repeat(LONG / piece.len());
        timed(piece, || {
            let _ = check(&long);
            for column in 0..7 {
                let mut columns = ["*"; 7];
                columns[column] = &long;
                let _ = Cron::parse(&columns.join(" "));
            }
        });
    }
    // It is long, and right.
    let minutes = "*/1,".repeat(LONG / 4) + "0";
    assert!(Cron::parse(&format!("{minutes} * * * *")).is_ok());
    let digits = format!("{} * * * *", "0".repeat(4300));
    assert!(Cron::parse(&digits).is_ok());
    // Python reads no more digits.
    assert!(Cron::parse(&format!("0{digits}")).is_err());
}

/// All texts of up to four of these in each column.
#[test]
fn no_text_panics() {
    const PIECES: [&str; 16] = [
        "0", "7", "31", "99", "-", "/", ",", "*", "#", "?", "l", "w", "r", "(", "mon", "é",
    ];
    let mut texts = vec![String::new()];
    let mut from = 0;
    for _ in 0..4 {
        let to = texts.len();
        for index in from..to {
            texts.extend(PIECES.map(|piece| format!("{}{piece}", texts[index])));
        }
        from = to;
    }
    println!("{} texts", texts.len());
    for (index, text) in texts.iter().enumerate() {
        let mut columns = ["*"; 7];
        columns[index % 7] = text;
        let _ = Cron::parse(&columns.join(" "));
        let _ = check(text);
    }
}

/// The slowest searches: seconds within a day that a zone left out, and dates that are decades away.
#[test]
fn times_are_found_in_time() {
    for (expression, time) in [
        ("* 0-22 * * * *", "2011-12-31T00:00[Pacific/Apia]"),
        ("0 0 29 2 5#5", "2076-02-29T00:00[UTC]"),
        ("0 0 29W 2 5#5 * *", "2026-01-01T00:00[Europe/Berlin]"),
        ("59 23 31 12 6 59 2099", "2048-12-31T00:00[UTC]"),
        ("0 0 29 2 * 0 1972", "2022-01-01T00:00[UTC]"),
    ] {
        let (cron, time) = (
            Cron::parse(expression).unwrap(),
            time.parse::<Zoned>().unwrap(),
        );
        timed(expression, || {
            (cron.next_after(&time), cron.last_before(&time))
        });
    }
}
