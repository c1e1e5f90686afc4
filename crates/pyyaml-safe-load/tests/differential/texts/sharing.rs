//! Small documents full of anchors, aliases, merge keys and keys that are nearly equal.

use super::random::Random;
use super::scalars::{TAGS, scalar};

#[rustfmt::skip]
const KEYS: &[&str] = &[
    "1", "1.0", "true", "yes", "0", "false", "-0.0", "'1'", ".nan", "!!float nan", "~", "!!binary QQ==", "x", "y", "'x'", "! x", "1e0",
    "2026-06-16 0:00:00Z", "2026-06-16 1:00:00+1", "2026-06-16", "2026-06-16 0:00:00", "18446744073709551616", "1.8446744073709552e+19",
    "[]", "{}", "z", "w", "!!str 1", "!!int '1'", "1:0", "60", "0x3c", "60.", "1:0.0",
];

/// The writer of such a document.
pub struct Sharing<'r> {
    random: &'r mut Random,
    /// The anchors so far, also of collections that are still open.
    anchors: Vec<String>,
    text: String,
}

impl<'r> Sharing<'r> {
    /// Writes a document.
    pub fn write(random: &'r mut Random) -> String {
        let mut sharing = Self {
            random,
            anchors: Vec::new(),
            text: String::new(),
        };
        if sharing.random.one_in(3) {
            sharing.node(0);
            return sharing.text;
        }
        let list = sharing.random.one_in(4);
        if sharing.random.one_in(2) {
            sharing.anchor();
            sharing.tag(&["!!map", "!!set", "!!str", "!!omap", "!!seq"]);
            sharing.text.push('\n');
        }
        for _ in 0..=sharing.random.below(5) {
            if list {
                sharing.text += "- ";
                sharing.node(1);
            } else {
                sharing.entry(1);
            }
            sharing.text.push('\n');
        }
        sharing.text
    }

    fn anchor(&mut self) {
        let name = format!("a{}", self.anchors.len());
        self.text.extend(["&", &name, " "]);
        self.anchors.push(name);
    }

    fn tag(&mut self, likely: &[&'static str]) {
        if self.random.one_in(8) {
            self.text += self.random.pick(likely);
            self.text.push(' ');
        } else if self.random.one_in(40) {
            self.text += self.random.pick(TAGS);
        }
    }

    fn alias(&mut self) {
        let name = self
            .anchors
            .get(self.random.below(self.anchors.len()))
            .map_or("a0", String::as_str);
        self.text.extend(["*", name, " "]);
    }

    fn node(&mut self, depth: usize) {
        if !self.anchors.is_empty() && self.random.one_in(3) {
            return self.alias();
        }
        if self.random.one_in(2) {
            self.anchor();
        }
        match self.random.below(if depth > 3 { 2 } else { 8 }) {
            0 => {
                self.tag(&[
                    "!!str",
                    "!!int",
                    "!!float",
                    "!!null",
                    "!!bool",
                    "!!timestamp",
                    "!!binary",
                ]);
                let text = scalar(self.random);
                self.text += &text;
            }
            1 => self.text += self.random.pick(KEYS),
            2 | 3 => {
                self.tag(&["!!omap", "!!pairs", "!!seq", "!!set", "!"]);
                self.text.push('[');
                for _ in 0..self.random.below(4) {
                    if self.random.one_in(3) {
                        self.entry(depth + 1);
                    } else {
                        self.node(depth + 1);
                    }
                    self.text += ", ";
                }
                self.text.push(']');
            }
            _ => {
                self.tag(&[
                    "!!set",
                    "!!map",
                    "!!str",
                    "!!int",
                    "!!timestamp",
                    "!!float",
                    "!!bool",
                    "!",
                ]);
                self.text.push('{');
                for _ in 0..self.random.below(5) {
                    self.entry(depth + 1);
                    self.text += ", ";
                }
                self.text.push('}');
            }
        }
    }

    fn entry(&mut self, depth: usize) {
        match self.random.below(10) {
            0..=2 => return self.merge(depth),
            3 => {
                if self.random.one_in(2) {
                    self.anchor();
                }
                self.text += self.random.pick(&["=", "=", "= ", "!!value x", "<<"]);
            }
            4 if self.random.one_in(3) => self.alias(),
            5 if self.random.one_in(4) => self.node(depth),
            _ => {
                if self.random.one_in(4) {
                    self.anchor();
                }
                self.text += self.random.pick(KEYS);
            }
        }
        self.text += " : ";
        self.node(depth);
    }

    fn merge(&mut self, depth: usize) {
        self.text += self
            .random
            .pick(&["<<", "<<", "<<", "<<", "!!merge x", "! '<<'"]);
        self.text += " : ";
        match self.random.below(6) {
            0..=2 if !self.anchors.is_empty() => self.alias(),
            3 if !self.anchors.is_empty() => {
                self.text.push('[');
                for _ in 0..self.random.below(4) {
                    self.alias();
                    self.text += ", ";
                }
                self.text.push(']');
            }
            _ => self.node(depth),
        }
    }
}
