//! Single scalars: words with a meaning, numbers, timestamps.

use super::random::Random;

#[rustfmt::skip]
pub const TAGS: &[&str] = &[
    "", "", "", "! ", "!!int ", "!!float ", "!!bool ", "!!null ", "!!str ", "!!timestamp ", "!!binary ",
    "!!seq ", "!!map ", "!!omap ", "!!pairs ", "!!set ", "!!merge ", "!!value ", "!!yaml ", "!x ",
    "!<tag:yaml.org,2002:int> ",
];

#[rustfmt::skip]
const WORDS: &[&str] = &[
    "yes", "No", "TRUE", "false", "on", "OFF", "y", "n", "~", "null", "Null", "NULL", "nULL", "<<", "=", ".inf",
    "-.INF", "+.Inf", ".nan", ".NaN", "-.nan", "nan", "inf", "infinity", "0", "00", "08", "0o7", "0b", "0b1",
    "0B1", "0x", "0x_", "0xg", "0X1", "_", "-", "+", "--1", "+-1", "1_", "1e3", "1.e+3", "1E5", "1.0E-5",
    "1e400", "-0.0", "-0", "1:", ":1", "1:2:3", "1:60", "1:59.5", "1:2.5e+3", "12:30:45", "QUJD", "QQ==", "QQ=",
    "Q", "a=b", "2026-13-45", "2026-6-1", "0000-01-01", "9999-12-31", "١٢", "1\u{A0}", "\u{FF11}",
    "340282366920938463463374607431768211456", "0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", "1e23",
    "170141183460469231731687303715884105728", "1.7014118346046923e+38", "9007199254740993",
    "1:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0.5",
];

pub fn scalar(random: &mut Random) -> String {
    match random.below(5) {
        0 => random.pick(WORDS).into(),
        1 => number(random),
        2 => timestamp(random),
        3 => (0..random.below(6))
            .map(|_| random.pick(&["a", "1", "é", " ", "#", ":", "-", "?", ",", "_", "."]))
            .collect(),
        _ => {
            let text = random.pick(&[
                "x",
                "1",
                "0b1",
                "012",
                "1.5",
                "1:2",
                "~",
                "yes",
                "<<",
                "=",
                "2026-06-16",
                "",
                "QUJD",
                "!",
                "*",
            ]);
            let tail = random.pick(&[
                "", "\\n", "\\n\\n", " ", "\\t", "\\x1c", "\\_", "\\0", "\\ud800", "\\L",
            ]);
            format!(
                "\"{}{text}{tail}\"",
                random.pick(&["", "", " ", "\\n", "-", "\\_"])
            )
        }
    }
}

fn number(random: &mut Random) -> String {
    if random.one_in(60) {
        let length = 4290 + random.below(20);
        return random.pick(&["1", "7", "0x1", "0", "1:"]).repeat(length);
    }
    if random.one_in(60) {
        return "1:".repeat(160 + random.below(20)) + random.pick(&["1", "1.5", "x", "59."]);
    }
    let mut text = random
        .pick(&["", "", "-", "+", "-0", "+0x", "0b", "0", "0o", "."])
        .to_string();
    for _ in 0..random.below(7) {
        text += random.pick(&[
            "0", "1", "2", "5", "7", "9", "10", "59", "60", "_", ":", ":", ".", "e+", "E", "e-",
            "a", "F", " ",
        ]);
    }
    text
}

fn timestamp(random: &mut Random) -> String {
    let mut text = format!(
        "{}-{}-{}",
        random.pick(&[
            "2026", "0000", "0001", "9999", "1900", "2000", "2024", "202", "20266"
        ]),
        random.pick(&["01", "1", "02", "12", "13", "00", "6", "006"]),
        random.pick(&["01", "1", "28", "29", "30", "31", "32", "00", "0"]),
    );
    if random.one_in(4) {
        return text;
    }
    text += random.pick(&["T", "t", " ", "  ", "\t", " \t", "T ", ""]);
    text += random.pick(&[
        "0:00:00",
        "12:30:45",
        "23:59:59",
        "24:00:00",
        "1:60:00",
        "00:00:60",
        "12:30",
        "012:30:00",
        "1:1:1",
    ]);
    text += random.pick(&["", "", ".", ".5", ".123456", ".1234567", ".000001", "._"]);
    text += random.pick(&[
        "", "", " ", "Z", " Z", "z", "+1", "-05:30", " +23:59", "+24", "-24:00", "+99:99",
        "-23:60", "\t-0:0", "+00:00", "+5:300",
    ]);
    text
}
