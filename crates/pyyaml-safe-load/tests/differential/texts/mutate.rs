//! Small changes of a text.

use super::random::Random;
use super::scalars::{TAGS, scalar};

#[rustfmt::skip]
pub const TOKENS: &[&str] = &[
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

/// Changes `text` in one place.
pub fn mutate(random: &mut Random, corpus: &[String], text: &mut Vec<char>) {
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
            // Replaces a word by a scalar or an alias, or puts a tag or an anchor before it.
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
