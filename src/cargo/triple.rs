//! Which target triples are built for.

use cargo_config2::de::StringOrArray;

use super::config::{Argument, CargoConfig, Setting, unquoted};
use super::options::CargoOptions;

/// One triple to build for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Triple {
    /// The value of `--target` for cargo; nothing where cargo chooses the same triple by itself.
    pub flag: Option<String>,
    /// The triple, if one was chosen by flag, environment or configuration.
    pub shown: Option<String>,
}

/// cargo's word for the machine that builds, in the place of its triple.
const HOST: &str = "host-tuple";

/// The triples that `cargo build` would build for, by flag, configuration and environment. With
/// several, each is built by a call of its own: cargo's messages do not say which is which.
pub fn triples(options: &CargoOptions, config: &CargoConfig) -> Vec<Triple> {
    let by_flag = !options.target.is_empty();
    let names = if by_flag {
        options.target.clone()
    } else {
        configured(config)
    };
    let mut shown: Vec<String> = Vec::new();
    for name in names {
        let name = if name == HOST {
            host(config).unwrap_or(name)
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
fn configured(config: &CargoConfig) -> Vec<String> {
    for argument in config.arguments().iter().rev() {
        match on_command_line(argument) {
            Targets::NotSet => {}
            Targets::Set(targets) => return targets,
            // Only cargo can tell.
            Targets::Unknown => return Vec::new(),
        }
    }
    let config = config.resolved();
    let targets = config.and_then(|config| config.build.target.as_ref());
    let names = targets.into_iter().flatten();
    names.map(|target| target.triple().to_owned()).collect()
}

/// The effect of a `--config` on `build.target`.
#[derive(Debug, PartialEq, Eq)]
enum Targets {
    /// It does not set it.
    NotSet,
    /// It sets it to these triples.
    Set(Vec<String>),
    /// It may set it in a way that only cargo can read.
    Unknown,
}

/// Reads a `--config`. A table is left to cargo.
fn on_command_line(argument: &Argument) -> Targets {
    let (key, value) = match argument.setting() {
        Setting::Value { key, value } => (key, value),
        Setting::File(config) => {
            let names = match &config.build.target {
                None => return Targets::NotSet,
                Some(StringOrArray::String(name)) => vec![name],
                Some(StringOrArray::Array(names)) => names.iter().collect(),
            };
            return Targets::Set(names.into_iter().map(|name| name.val.clone()).collect());
        }
        Setting::Unknown => return Targets::Unknown,
    };
    match key {
        "build.target" => {}
        "build" => return Targets::Unknown,
        _ => return Targets::NotSet,
    }
    // Triples hold neither quotes nor commas.
    let list = value
        .strip_prefix('[')
        .and_then(|value| value.strip_suffix(']'));
    let words = list.unwrap_or(value).split(',').map(unquoted);
    let words = words.filter(|word| !word.is_empty());
    Targets::Set(words.map(str::to_owned).collect())
}

/// cargo's own answer, where it can be had.
fn host(config: &CargoConfig) -> Option<String> {
    let triple = config.resolved()?.host_triple();
    triple.ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_on_the_command_line() {
        let targets = |names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned());
            Targets::Set(names.collect())
        };
        for (config, expected) in [
            ("build.target='a'", targets(&["a"])),
            ("build . target = \"a\"", targets(&["a"])),
            ("build.target=['a', \"b\",]", targets(&["a", "b"])),
            ("build.target-dir='a'", Targets::NotSet),
            ("target.x.linker='a'", Targets::NotSet),
            ("build={target='a'}", Targets::Unknown),
            ("more.toml", Targets::Unknown),
        ] {
            let arguments = CargoConfig::of_arguments(&[config]);
            let found = arguments.arguments().first().map(on_command_line);
            assert_eq!(found, Some(expected), "{config}");
        }
    }
}
