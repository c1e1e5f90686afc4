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

/// The triples that `cargo build` would build for, by flag, environment and configuration. With
/// several, each is built by a call of its own: cargo's messages do not say which is which.
pub fn triples(options: &CargoOptions) -> anyhow::Result<Vec<Triple>> {
    let mut names = options.target.clone();
    if names.is_empty() {
        names = configured(options)?;
    }
    names.dedup();
    let by_flag = !options.target.is_empty() || names.len() > 1;
    Ok(if names.is_empty() {
        vec![Triple {
            flag: None,
            shown: None,
        }]
    } else {
        let triple = |name: String| Triple {
            flag: by_flag.then(|| name.clone()),
            shown: Some(name),
        };
        names.into_iter().map(triple).collect()
    })
}

/// `build.target` from `CARGO_BUILD_TARGET` and the configuration files.
fn configured(options: &CargoOptions) -> anyhow::Result<Vec<String>> {
    if options
        .config
        .iter()
        .any(|config| config.contains("target"))
    {
        // `--config` may set it, and only cargo can tell.
        return Ok(Vec::new());
    }
    let config = cargo_config2::Config::load().context("failed to read cargo's configuration")?;
    let targets = config.build.target.unwrap_or_default();
    Ok(targets
        .iter()
        .map(|target| target.triple().to_owned())
        .collect())
}
