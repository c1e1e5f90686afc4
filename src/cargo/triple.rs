//! Which target triples are built for.

use cargo_config2::de::StringOrArray;

use super::config::{self, ConfigArg, unquoted};
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
pub fn triples(options: &CargoOptions) -> Vec<Triple> {
    let by_flag = !options.target.is_empty();
    let names = if by_flag {
        options.target.clone()
    } else {
        configured(options)
    };
    let mut shown: Vec<String> = Vec::new();
    for name in names {
        let name = if name == HOST {
            host().unwrap_or(name)
        } else {
            name
        };
        // cargo builds once for a triple that is named twice.
        if !shown.contains(&name) {
            shown.push(name);
        }
    }
    if shown.is_empty() {
        return vec![Triple {
            flag: None,
            shown: None,
        }];
    }
    let must_be_passed = by_flag || shown.len() > 1;
    let triple = |name: String| Triple {
        flag: must_be_passed.then(|| name.clone()),
        shown: Some(name),
    };
    shown.into_iter().map(triple).collect()
}

/// `build.target` from `--config`, `CARGO_BUILD_TARGET` and the configuration files.
fn configured(options: &CargoOptions) -> Vec<String> {
    for config in options.config.iter().rev() {
        match on_command_line(config) {
            Setting::Other => {}
            Setting::Targets(targets) => return targets,
            // Only cargo can tell.
            Setting::Unknown => return Vec::new(),
        }
    }
    let targets = config::load().and_then(|config| config.build.target);
    let names = targets.iter().flatten();
    names.map(|target| target.triple().to_owned()).collect()
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

/// Reads a `--config`. A table is left to cargo.
fn on_command_line(config: &str) -> Setting {
    let (key, value) = match ConfigArg::read(config) {
        ConfigArg::Value { key, value } => (key, value),
        ConfigArg::File(config) => {
            let names = match config.build.target {
                None => return Setting::Other,
                Some(StringOrArray::String(name)) => vec![name],
                Some(StringOrArray::Array(names)) => names,
            };
            return Setting::Targets(names.into_iter().map(|name| name.val).collect());
        }
        ConfigArg::Unknown => return Setting::Unknown,
    };
    match key.as_str() {
        "build.target" => {}
        "build" => return Setting::Unknown,
        _ => return Setting::Other,
    }
    // Triples hold neither quotes nor commas.
    let list = value
        .strip_prefix('[')
        .and_then(|value| value.strip_suffix(']'));
    let words = list.unwrap_or(value).split(',').map(unquoted);
    let words = words.filter(|word| !word.is_empty());
    Setting::Targets(words.map(str::to_owned).collect())
}

/// cargo's own answer, where it can be had.
fn host() -> Option<String> {
    let config = config::load()?;
    config.host_triple().ok().map(str::to_owned)
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
