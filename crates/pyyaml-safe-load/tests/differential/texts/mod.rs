//! Seeded texts: mutants of the corpus, tokens in any order, single scalars, small documents full of anchors and merge keys.

mod mutate;
mod random;
mod scalars;
mod sharing;

use mutate::{TOKENS, mutate};
pub use random::Random;
use scalars::TAGS;
pub use scalars::scalar;
use sharing::Sharing;

/// The corpus's texts, which lines `%%%%` separate. `\u{...}` stands for a character that editors hide.
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
const CHARACTERS: &[&str] = &[
    " ", " ", " ", "\n", "\n", "\n", "-", "-", ":", ":", ":", "?", ",", "[", "]", "{", "}", "#", "&a", "*a", "!", "|", ">", "'", "\"",
    "%", "@", "a", "a", "b", "1", "=", "<<", ".", "\\", "\t", "\u{85}", "\u{2028}", "\u{FEFF}", "~", "+",
];

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
        8..=12 => Sharing::write(random),
        13 => (0..=random.below(12))
            .map(|_| random.pick(CHARACTERS))
            .collect(),
        14 => {
            // A key whose length is near the limit of simple keys, 1024 characters.
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
