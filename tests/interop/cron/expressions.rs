//! Expressions that may be right or wrong.

use crate::mutants::Random;

fn is(random: &mut Random, percent: usize) -> bool {
    random.below(100) < percent
}

fn between(random: &mut Random, low: usize, high: usize) -> usize {
    low + random.below(high - low + 1)
}

/// What the documentation of this crate names, and rules of croniter that are easily missed.
#[rustfmt::skip]
pub const CHOSEN: &[&str] = &[
    "30 2 * * *", "30 2 * * * 15", "30 2 * * * 0 2026-2030", "@hourly", "@DAILY", "@weekly", "@Monthly", "@yearly", "@midnight", "@annually",
    "@quarterly", "@Quarterly", " @daily", "@once", "@continuous", "@reboot", "@", "", " ", "*/15 * * * *", "5/15 * * * *", "5-50/15 * * * *",
    "1,15-20 * * * *", "0 22-3 * * *", "0 0 * * FRI-MON", "0 0 1 NOV-FEB *", "0 0 * * 5-7", "0 0 * * 0-7", "0 0 * * 7", "0 0 L * *", "0 0 1,L * *",
    "0 0 1-L/7 * *", "0 0 L/2 * *", "0 0 15W * *", "0 0 W15 * *", "0 0 31w * *", "0 0 1W,15W * *", "0 0 32W * *", "0 0 LW * *", "0 0 * * 5#2",
    "0 0 * * MON-FRI#1", "0 0 * * 1-5#1", "0 0 * * L5", "0 0 * * L7", "0 0 * * 5L", "0 0 * * L", "0 0 * * 5#2,L5", "0 0 * * 5#2,4", "0 0 * * *,5#2",
    "0 0 13 * 5#2", "0 0 ? * ?", "? 0 * * *", "0 0 13 * 5", "0 0 31 * 1#1", "0 0 15W * 0", "0 0 15W * 5#3", "0 0 30 2 *", "0 0 30 2 1", "0 0 31 4,6 *",
    "0 0 29 2 *", "0 0 29 2 5#5", "0 0 29 2 * 0 2027", "0 0 1 1 * 0 2099", "0 0 1 1 * 0 2020", "0 0 1 1 * 0 1970", "0 9-9 * * *", "59/15 * * * *", "0 22-5/3 * * *",
    "0 0 0-0 * *", "0 0 5-0 * *", "0 0 0/5 * *", "0 0 1 DEC/3 *", "0 0-23 * * *", "0 */1 * * *", "0 *,0 * * *", "0 0 1-31 * 1", "0 0 1-31 * */2",
    "0 0 */1 * 0-6", "0 0 * * 0-6,5#2", "R * * * *", "H * * * *", "R/15 * * * *", "0 R(1-5) * * *", "* * * * * R", "R,5 * * * *", "0 24 * * *",
    "60 * * * *", "0 0 0 * *", "0 0 1 13 *", "0 0 * * 8", "0 0 * * * 60", "0 0 * * * 0 2100", "*/0 * * * *", "1-5/0 * * * *", "*/61 * * * *",
    "-1 * * * *", "1- * * * *", "1,,2 * * * *", "*,* * * * *", "** * * * *", "05 003 * * *", "+5 * * * *", "0 0 1 JANUARY *", "0 0 1 1 MONDAY",
    "0 0 1 MON *", "0\t0\n1\u{b}1\u{c}*", "0 0 1 1\u{a0}*", "0 0 * * * * * *", "0 0 * *",
];

/// The columns: the smallest and the largest number, names, and what else croniter knows there, or seems to.
#[rustfmt::skip]
const COLUMNS: [(usize, usize, &[&str], &[&str]); 7] = [
    (0, 59, &[], &[]),
    (0, 23, &[], &[]),
    (1, 31, &[], &["L", "l", "?", "15W", "w1", "31W", "29w", "5-L", "1-L/7", "LW"]),
    (1, 12, &["JAN", "feb", "Mar", "APR", "may", "JUN", "jul", "AUG", "sep", "OCT", "nov", "DEC"], &[]),
    (
        0, 7, &["SUN", "mon", "Tue", "WED", "thu", "FRI", "sat"],
        &["?", "5#2", "FRI#5", "L5", "l0", "L7", "mon-wed#1", "sat-MON#3", "7#1", "1#6", "1-5#2", "sun-sun#4", "L"],
    ),
    (0, 59, &[], &[]),
    (1970, 2099, &[], &[]),
];

fn value(random: &mut Random, column: usize) -> String {
    let (low, high, names, _) = COLUMNS[column];
    if !names.is_empty() && is(random, 25) {
        return random.pick(names).to_owned();
    }
    match random.below(60) {
        0 => (high + 1).to_string(),
        1 => low.saturating_sub(1).to_string(),
        2 => format!("0{low}"),
        // The edges, where croniter has rules of its own.
        3..8 => low.to_string(),
        8..13 => high.to_string(),
        _ => between(random, low, high).to_string(),
    }
}

fn step(random: &mut Random, column: usize) -> usize {
    let (low, high, _, _) = COLUMNS[column];
    if is(random, 70) {
        random.below(10)
    } else {
        random.below(high - low + 5)
    }
}

fn element(random: &mut Random, column: usize) -> String {
    let (_, _, _, more) = COLUMNS[column];
    if !more.is_empty() && is(random, 15) {
        return random.pick(more).to_owned();
    }
    let (one, other) = (value(random, column), value(random, column));
    let step = step(random, column);
    match random.below(20) {
        0..4 => "*".to_owned(),
        4..6 => format!("*/{step}"),
        6..9 => format!("{one}-{other}"),
        9..11 => format!("{one}-{other}/{step}"),
        11..13 => format!("{one}/{step}"),
        13 if is(random, 10) => random
            .pick(&["R", "H", "r(1-5)", "R/7", "h(1-9)/2", "R(2-9)/3", "", "-1"])
            .to_owned(),
        _ => one,
    }
}

fn column(random: &mut Random, column: usize) -> String {
    if is(random, 25) {
        return "*".to_owned();
    }
    // A whole column, or nearly, has rules of its own.
    let (low, high, _, _) = COLUMNS[column];
    if is(random, 3) && column != 6 {
        let values: Vec<_> = (low..=high)
            .filter(|_| !is(random, 1))
            .map(|value| value.to_string())
            .collect();
        return values.join(",");
    }
    let count = random
        .pick(&["1", "1", "1", "1", "2", "3", "5"])
        .parse()
        .unwrap();
    let elements: Vec<_> = (0..count).map(|_| element(random, column)).collect();
    elements.join(",")
}

/// An expression that croniter reads about once in two.
pub fn random(random: &mut Random) -> String {
    #[rustfmt::skip]
    const NAMES: [&str; 14] = [
        "@hourly",
        "@DAILY",
        "@weekly",
        "@monthly",
        "@quarterly",
        "@Quarterly",
        "@yearly",
        "@midnight",
        "@annually",
        "@once",
        "@continuous",
        "@reboot",
        "@",
        "@every 5m",
    ];
    if is(random, 1) {
        return random.pick(&NAMES).to_owned();
    }
    let columns = match random.below(40) {
        0 => random.below(5),
        1 => 8,
        2..10 => 6,
        10..16 => 7,
        _ => 5,
    };
    let parts: Vec<_> = (0..columns)
        .map(|index| column(random, index.min(6)))
        .collect();
    let mut text = parts.join(" ");
    if is(random, 12) {
        damage(random, &mut text);
    }
    text
}

/// Changes a character or a few.
fn damage(random: &mut Random, text: &mut String) {
    #[rustfmt::skip]
    const PIECES: [&str; 40] = [
        "0",
        "1",
        "5",
        "7",
        "9",
        "32",
        "99999999999999999999",
        "-",
        "--",
        "/",
        "//",
        ",",
        ",,",
        "*",
        "**",
        "#",
        "#2",
        "?",
        "L",
        "w",
        "W",
        "l5",
        "R",
        "h",
        "r(1-2)",
        "(",
        ")",
        "@",
        "mon",
        "jan",
        " ",
        "\t",
        "\u{b}",
        "\u{c}",
        "\u{a0}",
        "\u{660}",
        "\u{0}",
        "\u{1c}",
        "+1",
        "_",
    ];
    for _ in 0..between(random, 1, 2) {
        let at = random.below(text.chars().count() + 1);
        let tail: String = text.chars().skip(at).collect();
        let mut head: String = text.chars().take(at).collect();
        let replaced = random.below(2);
        head.push_str(random.pick(&PIECES));
        head.extend(tail.chars().skip(replaced));
        *text = head;
    }
}

/// An expression for the hours in which clocks change.
pub fn at_night(random: &mut Random) -> String {
    const MINUTES: [&str; 9] = ["0", "15", "30", "59", "*", "*/7", "*/30", "1,31", "0-10"];
    #[rustfmt::skip]
    const HOURS: [&str; 16] = [
        "0", "1", "2", "3", "23", "*", "0-23", "*/1", "*,2", "*/2", "1-3", "22-3", "0,2", "0-22", "2-1", "1-23",
    ];
    const DAYS: [&str; 7] = ["*", "*", "*", "*", "25-31", "L", "1"];
    const WEEKDAYS: [&str; 7] = ["*", "*", "*", "SUN", "L7", "SAT-MON", "7#2"];
    let (minute, hour) = (random.pick(&MINUTES), random.pick(&HOURS));
    let (day, weekday) = (random.pick(&DAYS), random.pick(&WEEKDAYS));
    let second = random.pick(&["", "", "", " 0", " 30", " *"]);
    format!("{minute} {hour} {day} * {weekday}{second}")
}
