//! Seeded texts: mutants of the corpus, token soups, single scalars, small documents full of anchors and merge keys.

use super::tangle::Tangle;

/// `SplitMix64`.
pub struct Random(u64);

impl Random {
    /// The generator of a seed; seeds next to each other give unlike numbers.
    pub fn seeded(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_F491_4F6C_DD1D))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        value ^ (value >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap()
    }

    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// Below `rare` once in `times`, else below `usual`.
    fn below_either(&mut self, times: usize, rare: usize, usual: usize) -> usize {
        let limit = if self.one_in(times) { rare } else { usual };
        self.below(limit)
    }

    pub fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// The corpus's texts, which a line `%%%%` separates. `\u{...}` stands for a character that editors hide.
pub fn corpus() -> Vec<String> {
    include_str!("corpus.txt")
        .split("%%%%\n")
        .map(|text| {
            let mut parts = text.split("\\u{");
            let mut plain = parts.next().unwrap().to_string();
            for part in parts {
                let (code, rest) = part.split_once('}').expect("the corpus closes \\u{");
                plain.push(char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap());
                plain.push_str(rest);
            }
            plain
        })
        .collect()
}

#[rustfmt::skip]
const TOKENS: &[&str] = &[
    "\n", "\n", "\n", "\n  ", "\n    ", " ", " ", "  ", "\t", "\r", "\r\n", "\u{85}", "\u{2028}", "\u{2029}",
    "\u{FEFF}", "- ", "- ", "-", "? ", "?", ": ", ": ", ": ", ":", ", ", ",", "[", "]", "{", "}", "[", "]", "{",
    "}", "#", " # c", "&a ", "&b ", "*a", "*b ", "*a ", "&", "*", "!", "! ", "!!", "!!str ", "!!int ", "!!map ",
    "!!seq ", "!!set ", "!!omap ", "!!pairs ", "!!null ", "!!binary ", "!!float ", "!!bool ", "!!timestamp ",
    "!foo ", "!<tag:yaml.org,2002:str> ", "!<!> ", "!a!b ", "!%41 ", "!!in%74 ", "!%zz ", "|", ">", "|\n",
    ">\n ", "|-\n  ", ">+2\n", "|1\n", "|0", "'", "\"", "''", "\\", "\"a\" ", "'b' ", "\\x41", "\\ud800",
    "\\U0010FFFF", "\\U00110000", "\\UFFFFFFFF", "\\\n", "\\N", "\\q", "%", "@", "`", "---", "--- ", "\n---\n",
    "...", "\n...\n", "%YAML 1.1\n---\n", "%YAML 1.1\n", "%TAG !a! tag:yaml.org,2002:\n", "%TAG ! !\n",
    "%FOO bar\n", "<<", "<<: *a", "<<: [*a, *b]", "<<: {x: 1}", "=", "=: v", "= ", "a", "b", "key: ", "a: b",
    "1", "0", "~", "null", "yes", "2026-06-16", "12:30", "0x1F", "1.5", ".nan", ".inf", "1e3", "é", "\u{1F600}",
    "\u{1}", "\u{7F}", "\u{FFFE}", "\u{A0}", "- a\n- b\n", "a:\n- b\n", "? a\n: b\n",
];

#[rustfmt::skip]
const CHARACTERS: &[&str] = &[
    " ", " ", " ", "\n", "\n", "\n", "-", "-", ":", ":", ":", "?", ",", "[", "]", "{", "}", "#", "&a", "*a", "!", "|", ">", "'", "\"",
    "%", "@", "a", "a", "b", "1", "=", "<<", ".", "\\", "\t", "\u{85}", "\u{2028}", "\u{FEFF}", "~", "+",
];

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

fn mutate(random: &mut Random, corpus: &[String], text: &mut Vec<char>) {
    let at = random.below(text.len() + 1);
    let end = (at + 1 + random.below_either(4, 40, 6)).min(text.len());
    match random.below(11) {
        0..=2 => drop(text.splice(at..at, random.pick(TOKENS).chars())),
        3 => drop(text.drain(at..end)),
        4 => {
            let copy = text[at..end].to_vec();
            let to = random.below(text.len() + 1);
            text.splice(to..to, copy);
        }
        5 => {
            let joined: String = text.iter().collect();
            let mut lines: Vec<&str> = joined.split_inclusive('\n').collect();
            let (first, second) = (random.below(lines.len()), random.below(lines.len()));
            if !lines.is_empty() {
                lines.swap(first, second);
            }
            *text = lines.concat().chars().collect();
        }
        6 => {
            let starts: Vec<usize> = (0..text.len())
                .filter(|&index| index == 0 || text[index - 1] == '\n')
                .collect();
            let Some(&start) = starts.get(random.below(starts.len())) else {
                return;
            };
            let indent = text[start..]
                .iter()
                .take_while(|&&character| character == ' ')
                .count();
            let new = random.pick(&["", " ", "  ", "   ", "    ", "\t", "  \t"]);
            text.splice(
                start..start + if random.one_in(2) { indent } else { 0 },
                new.chars(),
            );
        }
        7 => {
            // A word gives way to a scalar, or gets a tag, an anchor or an alias.
            let starts: Vec<usize> = (0..text.len())
                .filter(|&index| {
                    text[index].is_alphanumeric()
                        && (index == 0 || !text[index - 1].is_alphanumeric())
                })
                .collect();
            let Some(&start) = starts.get(random.below(starts.len())) else {
                return;
            };
            let length = text[start..]
                .iter()
                .take_while(|character| character.is_alphanumeric())
                .count();
            let (removed, new) = match random.below(4) {
                0 => (0, random.pick(TAGS).to_string()),
                1 => (0, format!("&{} ", random.pick(&["a", "b"]))),
                2 => (length, format!("*{}", random.pick(&["a", "b"]))),
                _ => (length, random.pick(TAGS).to_string() + &scalar(random)),
            };
            text.splice(start..start + removed, new.chars());
        }
        8 if at < text.len() => text[at] = random.pick(TOKENS).chars().next().unwrap(),
        9 => {
            let other: Vec<char> = corpus[random.below(corpus.len())].chars().collect();
            let from = random.below(other.len());
            let to = (from + random.below(60)).min(other.len());
            text.splice(at..at, other[from..to].to_vec());
        }
        _ => text.truncate(at),
    }
}

/// The text of a seed.
pub fn text(corpus: &[String], seed: u64) -> String {
    let random = &mut Random::seeded(seed);
    match random.below(20) {
        0..=3 => (0..=random.below_either(5, 40, 7))
            .map(|_| random.pick(TOKENS))
            .collect(),
        4..=7 => format!(
            "{}{}{}{}",
            random.pick(&["", "", "- ", "a: ", "? ", "[", "{"]),
            random.pick(TAGS),
            scalar(random),
            random.pick(&["", "\n", " ", " : x", "]", "}"])
        ),
        8..=12 => Tangle::write(random),
        13 => (0..=random.below(12))
            .map(|_| random.pick(CHARACTERS))
            .collect(),
        14 => {
            // About the length limit of simple keys.
            let length = 1010 + random.below(20);
            format!(
                "{}{}{}: b",
                random.pick(&["", "[", "{", "- ", "a:\n  "]),
                random.pick(&["'", "\"", "x", "&a "]),
                random
                    .pick(&["k", "é", "\u{1F600}", "\u{FEFF}", "k"])
                    .repeat(length)
            )
        }
        _ => {
            let mut text: Vec<char> = corpus[random.below(corpus.len())].chars().collect();
            for _ in 0..=random.below_either(5, 12, 2) {
                mutate(random, corpus, &mut text);
            }
            text.into_iter().collect()
        }
    }
}
