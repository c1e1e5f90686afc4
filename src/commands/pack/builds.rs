//! The cargo calls that build what is packed.

use std::ffi::OsString;

use cargo_metadata::Package;

use crate::cargo::build::{self, Built};
use crate::cargo::builder::Builder;
use crate::cargo::metadata::Workspace;
use crate::cargo::options::Common;
use crate::cargo::select::Selected;
use crate::cargo::triple::Triple;
use crate::cli::PackArgs;
use crate::exit::Usage;
use crate::shell::Shell;

/// Says what is run instead of `cargo build` where no `--cargo-build` does.
const BUILDER_VARIABLE: &str = "CARGO_AIRFLOW_BUNDLE_CARGO_BUILD";

/// What cargo builds for one triple.
pub struct Builds<'a> {
    /// The workspace around the packages.
    pub workspace: &'a Workspace,
    /// The packages that the user means.
    pub packages: &'a [&'a Package],
    /// What is packed of them.
    pub selected: &'a [Selected<'a>],
    /// What builds them, if flag or environment say it.
    pub builder: Option<&'a Builder>,
}

impl Builds<'_> {
    /// One cargo call for all; one for each package where a name that is wanted in one package stands in
    /// another too, which must not be built; one for each way to build.
    pub fn run(
        &self,
        triple: &Triple,
        args: &PackArgs,
        common: Common,
        shell: &mut Shell,
    ) -> anyhow::Result<Vec<Built>> {
        let all: Vec<_> = self.selected.iter().collect();
        let apart = build::names_are_shared(self.packages, &all);
        let together = |a: &&Selected<'_>, b: &&Selected<'_>| {
            self.builder(a) == self.builder(b) && (!apart || a.package.id == b.package.id)
        };
        let mut built = Vec::new();
        for group in all.chunk_by(together) {
            let [one, ..] = group else { continue };
            let packages = if apart {
                ["--package", &one.package.id.repr]
                    .map(OsString::from)
                    .into()
            } else {
                self.workspace.package_args(&args.cargo)?
            };
            let request = build::Request {
                selected: group,
                packages: &packages,
                triple: triple.flag.as_deref(),
                builder: &self.builder(one),
                extra: &args.extra,
            };
            built.extend(build::build(&request, &args.cargo, common, shell)?);
        }
        Ok(built)
    }

    fn builder(&self, selected: &Selected<'_>) -> Builder {
        let own = || selected.table.builder.clone();
        self.builder.cloned().or_else(own).unwrap_or_default()
    }
}

/// What builds by flag or environment, in this order.
pub fn builder_override(args: &PackArgs) -> anyhow::Result<Option<Builder>> {
    let named = |name: &str, words: &str| {
        Builder::parse(words).map_err(|error| Usage(format!("`{name}`: {error}")).into())
    };
    if let Some(words) = &args.cargo_build {
        return named("--cargo-build", words).map(Some);
    }
    match std::env::var(BUILDER_VARIABLE) {
        Ok(words) if !words.is_empty() => named(BUILDER_VARIABLE, &words).map(Some),
        _ => Ok(None),
    }
}
