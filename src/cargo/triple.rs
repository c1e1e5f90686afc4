//! Which target triples are built for.

use anyhow::Context as _;

use super::options::CargoOptions;

/// One triple to build for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Triple {
    /// What is passed to cargo as `--target`; nothing where cargo takes the same one by itself.
    pub flag: Option<String>,
    /// The triple, if one was chosen by flag, environment or configuration.
    pub shown: Option<String>,
}

/// cargo's word for the machine that builds, in the place of its triple.
const HOST: &str = "host-tuple";

/// The triples that `cargo build` would build for, by flag, configuration and environment. With
/// several, each is built by a call of its own: cargo's messages do not say which is which.
pub fn triples(options: &CargoOptions) -> anyhow::Result<Vec<Triple>> {
    let by_flag = !options.target.is_empty();
    let names = if by_flag {
        options.target.clone()
    } else {
        configured(options)?
    };
    let mut shown: Vec<String> = Vec::new();
    for name in names {
        let name = if name == HOST { host()? } else { name };
        // cargo builds once for a triple that is named twice.
        if !shown.contains(&name) {
            shown.push(name);
        }
    }
    if shown.is_empty() {
        return Ok(vec![Triple {
            flag: None,
            shown: None,
        }]);
    }
    let must_be_passed = by_flag || shown.len() > 1;
    let triple = |name: String| Triple {
        flag: must_be_passed.then(|| name.clone()),
        shown: Some(name),
    };
    Ok(shown.into_iter().map(triple).collect())
}

/// `build.target` from `--config`, `CARGO_BUILD_TARGET` and the configuration files.
fn configured(options: &CargoOptions) -> anyhow::Result<Vec<String>> {
    for config in options.config.iter().rev() {
        match on_command_line(config) {
            Setting::Other => {}
            Setting::Targets(targets) => return Ok(targets),
            // Only cargo can tell.
            Setting::Unknown => return Ok(Vec::new()),
        }
    }
    let targets = load()?.build.target.unwrap_or_default();
    Ok(targets
        .iter()
        .map(|target| target.triple().to_owned())
        .collect())
}

/// What a `--config` says of `build.target`.
#[derive(Debug, PartialEq, Eq)]
enum Setting {
    /// Nothing.
    Other,
    /// These.
    Targets(Vec<String>),
    /// Something, perhaps.
    Unknown,
}

/// Reads `--config KEY=VALUE`. A file, or a table, is left to cargo.
fn on_command_line(config: &str) -> Setting {
    let Some((key, value)) = config.split_once('=') else {
        return Setting::Unknown;
    };
    let key: String = key
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\''))
        .collect();
    match key.as_str() {
        "build.target" => {}
        "build" => return Setting::Unknown,
        _ => return Setting::Other,
    }
    // Triples hold neither quotes nor commas.
    let value = value.trim();
    let list = value
        .strip_prefix('[')
        .and_then(|value| value.strip_suffix(']'));
    let word = |word: &str| word.trim().trim_matches(['"', '\'']).to_owned();
    let words = list.unwrap_or(value).split(',').map(word);
    Setting::Targets(words.filter(|word| !word.is_empty()).collect())
}

fn host() -> anyhow::Result<String> {
    let config = load()?;
    let triple = config
        .host_triple()
        .context("failed to ask cargo for the triple of this machine")?;
    Ok(triple.to_owned())
}

/// cargo's configuration: its files and the environment.
pub(super) fn load() -> anyhow::Result<cargo_config2::Config> {
    cargo_config2::Config::load().context("failed to read cargo's configuration")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_on_the_command_line() {
        let targets = |names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned());
            Setting::Targets(names.collect())
        };
        for (config, expected) in [
            ("build.target='a'", targets(&["a"])),
            ("build . target = \"a\"", targets(&["a"])),
            ("build.target=['a', \"b\",]", targets(&["a", "b"])),
            ("build.target-dir='a'", Setting::Other),
            ("target.x.linker='a'", Setting::Other),
            ("build={target='a'}", Setting::Unknown),
            ("more.toml", Setting::Unknown),
        ] {
            assert_eq!(on_command_line(config), expected, "{config}");
        }
    }
}
