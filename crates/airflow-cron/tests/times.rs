//! Times where clocks change. `tests/interop/cron` of the workspace holds many more against Airflow's timetables.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use airflow_cron::Cron;
use jiff::Zoned;

fn zoned(text: &str) -> Zoned {
    text.parse().unwrap()
}

/// The times after one, three of them, and the time before it.
fn about(expression: &str, time: &str) -> (Vec<String>, String) {
    let (cron, time) = (Cron::parse(expression).unwrap(), zoned(time));
    let next = std::iter::successors(cron.next_after(&time), |time| cron.next_after(time));
    let shown = |time: Zoned| time.strftime("%m-%d %H:%M:%S%:z").to_string();
    (
        next.take(3).map(shown).collect(),
        shown(cron.last_before(&time).unwrap()),
    )
}

/// Checked with `_get_next` and `_get_prev` of `CronTriggerTimetable`, Airflow 3.4.0b2.
#[test]
fn clocks_that_change() {
    for (expression, time, next, last) in [
        // Spring: there is no 2:30.
        (
            "30 2 * * *",
            "2026-03-28T12:00[Europe/Berlin]",
            [
                "03-29 03:30:00+02:00",
                "03-30 02:30:00+02:00",
                "03-31 02:30:00+02:00",
            ],
            "03-28 02:30:00+01:00",
        ),
        // From 3:15 on, it was at 2:30 of the day before.
        (
            "30 2 * * *",
            "2026-03-29T03:15[Europe/Berlin]",
            [
                "03-30 02:30:00+02:00",
                "03-31 02:30:00+02:00",
                "04-01 02:30:00+02:00",
            ],
            "03-28 02:30:00+01:00",
        ),
        // Autumn: of both, the later.
        (
            "30 2 * * *",
            "2026-10-25T00:00[Europe/Berlin]",
            [
                "10-25 02:30:00+01:00",
                "10-26 02:30:00+01:00",
                "10-27 02:30:00+01:00",
            ],
            "10-24 02:30:00+02:00",
        ),
        // Each hour that passes.
        (
            "30 * * * *",
            "2026-10-25T01:30[Europe/Berlin]",
            [
                "10-25 02:30:00+02:00",
                "10-25 02:30:00+01:00",
                "10-25 03:30:00+01:00",
            ],
            "10-25 00:30:00+02:00",
        ),
        // Half an hour.
        (
            "15 * * * *",
            "2026-04-05T01:15[Australia/Lord_Howe]",
            [
                "04-05 01:45:00+10:30",
                "04-05 02:15:00+10:30",
                "04-05 03:15:00+10:30",
            ],
            "04-05 00:15:00+11:00",
        ),
        // There is no midnight, and seconds.
        (
            "0 0 * * * 30",
            "2018-11-03T12:00[America/Sao_Paulo]",
            [
                "11-04 01:00:30-02:00",
                "11-05 00:00:30-02:00",
                "11-06 00:00:30-02:00",
            ],
            "11-03 00:00:30-03:00",
        ),
    ] {
        let next = next.map(str::to_owned).to_vec();
        assert_eq!(
            about(expression, time),
            (next, last.to_owned()),
            "{expression} at {time}"
        );
    }
}

#[test]
fn a_schedule_that_has_ended_has_no_next_time() {
    let cron = Cron::parse("0 0 1 1 * 0 2020").unwrap();
    assert_eq!(cron.next_after(&zoned("2026-01-01T00:00[UTC]")), None);
    let last = cron.last_before(&zoned("2026-01-01T00:00[UTC]")).unwrap();
    assert_eq!(last, zoned("2020-01-01T00:00[UTC]"));
    // Croniter looks no further than 50 years.
    let cron = Cron::parse("0 0 1 1 * 0 2099").unwrap();
    assert_eq!(cron.next_after(&zoned("2026-01-01T00:00[UTC]")), None);
    assert!(cron.next_after(&zoned("2049-01-01T00:00[UTC]")).is_some());
}

#[test]
fn the_edges_of_the_calendar_are_no_trap() {
    for expression in [
        "* * * * *",
        "0 0 29 2 *",
        "0 0 * * 5#5 *",
        "0 0 L * *",
        "0 0 1W * * 0 1970-2099",
    ] {
        let cron = Cron::parse(expression).unwrap();
        for edge in [
            "9999-12-30T21:59:59.999999999[UTC]",
            "-009999-01-02T02:00:00[UTC]",
            "0001-01-01T00:00[UTC]",
        ] {
            let edge = zoned(edge);
            assert!(cron.next_after(&edge).is_none_or(|next| next > edge));
            assert!(cron.last_before(&edge).is_none_or(|last| last < edge));
        }
    }
}
