//! Numbers of many digits: their bases and underscores, their rounding to floats, and keys of both types that may be equal.

use crate::texts::Random;

/// Texts with numbers. The seed decides their digits.
pub fn texts(seed: u64) -> Vec<String> {
    let random = &mut Random::seeded(seed);
    let mut texts = Vec::new();
    // Python's limit of 4300 digits holds for base 10 alone, and underscores do not count.
    for (prefix, digits) in [
        ("0b", "01"),
        ("0", "01234567"),
        ("0x", "0123456789abcdefABCDEF"),
        ("1", "0123456789"),
    ] {
        for length in [30, 39, 40, 64, 128, 300, 4298, 4299, 4300, 20_000] {
            for sign in ["", "-", "+"] {
                let mut number = format!("{sign}{prefix}");
                for _ in 0..length {
                    number.push_str(&one(random, digits));
                    if random.one_in(40) {
                        number.push('_');
                    }
                }
                texts.push(number);
            }
        }
    }
    // A number to the base 60, whose parts become one integer, or a sum of floats that each round.
    for parts in [2, 20, 60, 170, 171, 172, 173, 174, 175, 200] {
        for _ in 0..4 {
            let number: Vec<String> = (0..parts).map(|_| random.below(60).to_string()).collect();
            let number = number.join(":");
            texts.push(format!("!!int '{number}'"));
            texts.push(format!("!!float '{number}'"));
            texts.push(format!("!!float '-{number}.5'"));
            texts.push(format!(
                "!!int '{}:{number}'",
                "7".repeat(random.below(400) + 1)
            ));
        }
    }
    // Powers of two and their neighbours as keys, written as integers and as floats.
    for exponent in [
        0, 1, 52, 53, 54, 63, 64, 100, 127, 128, 129, 500, 1000, 1023,
    ] {
        let mut keys = Vec::new();
        let power = 2_f64.powi(exponent);
        for float in [power, power.next_up(), power.next_down(), -power] {
            // PyYAML wants a dot and a sign in the exponent.
            keys.push(
                format!("{float:.17e}")
                    .replace('e', "e+")
                    .replace("+-", "-"),
            );
        }
        let digits = exponent.unsigned_abs() as usize / 4;
        let first = ["1", "2", "4", "8"][exponent.unsigned_abs() as usize % 4];
        for last in ["0", "1"] {
            let zeros = "0".repeat(digits.saturating_sub(1));
            let last = if digits == 0 { "" } else { last };
            keys.push(format!("0x{first}{zeros}{last}"));
            keys.push(format!("-0x{first}{zeros}{last}"));
        }
        let entries = keys.iter().enumerate();
        let entries: Vec<String> = entries
            .map(|(place, key)| format!("{key} : {place}"))
            .collect();
        texts.push(format!("{{{}}}", entries.join(", ")));
    }
    texts
}

/// One of the characters in `from`.
fn one(random: &mut Random, from: &str) -> String {
    let at = random.below(from.len());
    from[at..=at].to_string()
}
