//! What builds the executables: `cargo build`, or a subcommand that takes its flags and passes cargo's messages on.

use std::fmt;

use anyhow::bail;

/// The words after `cargo` that build: `build`, `zigbuild`, `auditable build`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Builder(Vec<String>);

impl Default for Builder {
    fn default() -> Self {
        Self(vec!["build".to_owned()])
    }
}

impl Builder {
    /// Splits words as a shell does.
    pub fn parse(words: &str) -> anyhow::Result<Self> {
        let Some(mut words) = shlex::split(words) else {
            bail!(
                "a quote or backslash in `{words}` does not end; write it as for a shell, such as `auditable build`"
            );
        };
        if words.first().is_some_and(|word| word == "cargo") {
            words.remove(0);
        }
        match words.first() {
            None => {
                bail!("it is empty; name a subcommand of cargo that builds, such as `zigbuild`")
            }
            Some(flag) if flag.starts_with('-') => bail!(
                "`{flag}` is a flag, not a subcommand of cargo; name one that builds, such as `zigbuild`"
            ),
            Some(_) => Ok(Self(words)),
        }
    }

    /// The words.
    pub fn words(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_a_shell_does() -> anyhow::Result<()> {
        for (text, words) in [
            ("zigbuild", &["zigbuild"][..]),
            ("auditable  build", &["auditable", "build"]),
            ("cargo auditable build", &["auditable", "build"]),
            ("x 'a b' c\\ d", &["x", "a b", "c d"]),
        ] {
            assert_eq!(Builder::parse(text)?.words(), words, "{text}");
        }
        for text in ["", "  ", "cargo", "a 'b", "--release"] {
            assert!(Builder::parse(text).is_err(), "{text}");
        }
        Ok(())
    }
}
