//! Which executables are packed.

use std::fmt;

use anyhow::{Context as _, bail};
use cargo_metadata::{DependencyKind, Package, Target, TargetKind};

use super::features;
use super::metadata::Workspace;
use super::options::CargoOptions;
use super::table::{TABLE, Table};

/// Name of the runtime crate; who depends on it has something to pack.
const SDK: &str = "airflow-sdk";

/// Names bins where no `--bin` does, separated by commas or spaces.
pub const BINS_VARIABLE: &str = "CARGO_AIRFLOW_BUNDLE_BINS";

/// An executable that is to be packed.
#[derive(Debug, Clone)]
pub struct Selected<'a> {
    /// The package that it belongs to.
    pub package: &'a Package,
    /// The bin or example.
    pub target: &'a Target,
    /// The settings of its package, with those of the workspace behind them.
    pub table: Table,
}

/// What is packed, and what is not.
#[derive(Debug)]
pub struct Selection<'a> {
    /// The executables that are packed.
    pub selected: Vec<Selected<'a>>,
    /// Bins that nobody named and that cargo passes over, because features are off that they require.
    pub passed_over: Vec<PassedOver<'a>>,
}

/// A bin whose required features are not all on.
#[derive(Debug)]
pub struct PassedOver<'a> {
    package: &'a Package,
    target: &'a Target,
    missing: Vec<&'a str>,
}

impl fmt::Display for PassedOver<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the bin `{0}` of `{1}` requires the feature{2} {3}; `-F {4} --bin {0}` packs it",
            self.target.name,
            self.package.name,
            if self.missing.len() == 1 { "" } else { "s" },
            listed(&self.missing),
            self.missing.join(",")
        )
    }
}

/// Chooses from `packages` by flags, environment, package table, workspace table, default: in this
/// order.
pub fn select<'a>(
    workspace: &'a Workspace,
    packages: &[&'a Package],
    options: &CargoOptions,
) -> anyhow::Result<Selection<'a>> {
    let workspace_table = Table::of_workspace(&workspace.metadata)?;
    let tables = packages
        .iter()
        .map(|package| merged(package, &workspace_table))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let packages: Vec<_> = packages.iter().copied().zip(tables).collect();

    let from_environment = bins_from_environment();
    let bins = if options.bin.is_empty() {
        &from_environment
    } else {
        &options.bin
    };
    if !options.bin.is_empty() || !options.example.is_empty() || !bins.is_empty() {
        let by_environment = options.bin.is_empty() && options.example.is_empty();
        let examples = &options.example;
        let bins = if by_environment || !options.bin.is_empty() {
            bins.as_slice()
        } else {
            &[]
        };
        let selected = named(workspace, &packages, bins, examples)?;
        return Ok(Selection {
            selected,
            passed_over: Vec::new(),
        });
    }
    let mut passed_over = Vec::new();
    let (candidates, listed_in_table) = candidates(
        workspace,
        &packages,
        &workspace_table,
        options,
        &mut passed_over,
    )?;
    let several_allowed =
        options.workspace || listed_in_table || (!options.package.is_empty() && packages.len() > 1);
    match candidates.as_slice() {
        [] if !passed_over.is_empty() => {
            let bins: Vec<_> = passed_over.iter().map(ToString::to_string).collect();
            bail!("no executable to pack: {}", bins.join("; "))
        }
        [] => {
            let names: Vec<_> = packages
                .iter()
                .map(|(package, _)| package.name.as_str())
                .collect();
            bail!(
                "no executable to pack in {}: add `src/main.rs` or a `[[bin]]`, or choose another \
                 package with `-p`",
                listed(&names)
            );
        }
        several @ [_, _, ..] if !several_allowed => bail!("{}", ambiguous(several)),
        _ => Ok(Selection {
            selected: candidates,
            passed_over,
        }),
    }
}

/// Moves those that cargo would pass over to `passed_over`.
fn pass_over<'a>(
    selected: &mut Vec<Selected<'a>>,
    options: &CargoOptions,
    passed_over: &mut Vec<PassedOver<'a>>,
) {
    selected.retain(
        |&Selected {
             package, target, ..
         }| {
            let missing = features::missing(package, target, options);
            if missing.is_empty() {
                return true;
            }
            passed_over.push(PassedOver {
                package,
                target,
                missing,
            });
            false
        },
    );
}

/// The settings of a package, with those of the workspace behind them.
fn merged(package: &Package, workspace: &Table) -> anyhow::Result<Table> {
    let own = Table::of_package(package)?.unwrap_or_default();
    Ok(Table {
        bins: own.bins,
        builder: own.builder.or_else(|| workspace.builder.clone()),
        source: own.source.or_else(|| workspace.source.clone()),
        out_dir: own.out_dir.or_else(|| workspace.out_dir.clone()),
    })
}

fn bins_from_environment() -> Vec<String> {
    let text = std::env::var(BINS_VARIABLE).unwrap_or_default();
    let words = text.split([',', ' ']).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// What `--bin` and `--example` name; patterns as in cargo.
fn named<'a>(
    workspace: &Workspace,
    packages: &[(&'a Package, Table)],
    bins: &[String],
    examples: &[String],
) -> anyhow::Result<Vec<Selected<'a>>> {
    let mut found: Vec<Selected<'a>> = Vec::new();
    let wanted = bins
        .iter()
        .map(|name| (TargetKind::Bin, name))
        .chain(examples.iter().map(|name| (TargetKind::Example, name)));
    for (kind, name) in wanted {
        let fits = fits(name);
        let matches: Vec<_> = all_targets(packages, &kind)
            .filter(|one| fits(one.target))
            .collect();
        if matches.is_empty() {
            bail!("{}", missing(workspace, packages, &kind, name));
        }
        for one in matches {
            let same = |other: &Selected<'_>| {
                other.package.id == one.package.id && other.target == one.target
            };
            if !found.iter().any(same) {
                found.push(one);
            }
        }
    }
    Ok(found)
}

/// Whether a target has this name; patterns as in cargo.
fn fits(name: &str) -> impl Fn(&Target) -> bool {
    let pattern = glob::Pattern::new(name).ok();
    let name = name.to_owned();
    move |target| {
        target.name == name
            || pattern
                .as_ref()
                .is_some_and(|pattern| pattern.matches(&target.name))
    }
}

/// Members of the workspace, selected or not, that have a target with this name.
fn owners<'a>(workspace: &'a Workspace, kind: &TargetKind, name: &str) -> Vec<&'a Package> {
    let fits = fits(name);
    let has_it = |package: &&Package| {
        let mut targets = package.targets.iter();
        targets.any(|target| target.kind.contains(kind) && fits(target))
    };
    let members = workspace.metadata.workspace_packages();
    members.into_iter().filter(has_it).collect()
}

fn missing(
    workspace: &Workspace,
    packages: &[(&Package, Table)],
    kind: &TargetKind,
    name: &str,
) -> String {
    let word = if *kind == TargetKind::Bin {
        "bin"
    } else {
        "example"
    };
    if let [owner, ..] = owners(workspace, kind, name).as_slice() {
        return format!(
            "no {word} target `{name}` in the selected packages; package `{0}` has it: pass \
             `-p {0}`",
            owner.name
        );
    }
    let names: Vec<_> = all_targets(packages, kind)
        .map(|one| one.target.name.as_str())
        .collect();
    format!(
        "no {word} target `{name}` in the selected packages{}; there {}",
        did_you_mean(name, &names),
        there_are(&names)
    )
}

/// Whether a package says that it has something to pack: by a table, or by the SDK that it reaches.
pub fn marked(workspace: &Workspace, package: &Package) -> bool {
    Table::exists(package) || reaches_sdk(workspace, package)
}

/// Whether a package depends on the SDK, itself or through other members of the workspace, whose code is the author's
/// too. Only cargo's resolver knows which optional dependencies are on and which targets are meant, and it may want a
/// network: both count. Dependencies for builds and tests do not.
pub fn reaches_sdk(workspace: &Workspace, package: &Package) -> bool {
    let members = workspace.metadata.workspace_packages();
    let mut seen = vec![package];
    let mut next = 0;
    while let Some(package) = seen.get(next) {
        next += 1;
        let mut found = Vec::new();
        for dependency in &package.dependencies {
            if dependency.kind != DependencyKind::Normal {
                continue;
            }
            if dependency.name == SDK {
                return true;
            }
            let Some(folder) = &dependency.path else {
                continue;
            };
            let is_it = |member: &&&Package| member.manifest_path.parent() == Some(folder);
            found.extend(members.iter().find(is_it).copied());
        }
        found.retain(|member| !seen.iter().any(|one| one.id == member.id));
        seen.extend(found);
    }
    false
}

/// Bins of the packages that have a table or the SDK, or of all if there is none. Also says whether
/// one table lists them all, which is as good as several `--bin`. Bins that no table names may be passed over.
fn candidates<'a>(
    workspace: &Workspace,
    packages: &[(&'a Package, Table)],
    workspace_table: &Table,
    options: &CargoOptions,
    passed_over: &mut Vec<PassedOver<'a>>,
) -> anyhow::Result<(Vec<Selected<'a>>, bool)> {
    if packages.iter().all(|(_, table)| table.bins.is_none())
        && let Some(bins) = &workspace_table.bins
    {
        // It speaks for the whole workspace, of which this may be a part.
        let here = |name: &&String| {
            let owners = owners(workspace, &TargetKind::Bin, name);
            let selected = |owner: &&Package| packages.iter().any(|(one, _)| one.id == owner.id);
            owners.is_empty() || owners.iter().any(selected)
        };
        let bins: Vec<_> = bins.iter().filter(here).cloned().collect();
        if !bins.is_empty() {
            let found = named(workspace, packages, &bins, &[]);
            let found = found.with_context(|| {
                format!(
                    "`bins` in [workspace.metadata.{TABLE}] in `{}`",
                    workspace.metadata.workspace_root.join("Cargo.toml")
                )
            })?;
            return Ok((found, true));
        }
    }
    let any_marked = packages
        .iter()
        .any(|(package, _)| marked(workspace, package));
    let mut found = Vec::new();
    let mut all_listed = true;
    let mut first_listed = None;
    for entry in packages
        .iter()
        .filter(|(package, _)| !any_marked || marked(workspace, package))
    {
        let (package, table) = entry;
        let one = std::slice::from_ref(entry);
        if let Some(bins) = &table.bins {
            let bins = named(workspace, one, bins, &[]).with_context(|| {
                format!(
                    "`bins` in [package.metadata.{TABLE}] in `{}`",
                    package.manifest_path
                )
            })?;
            found.extend(bins);
            all_listed &= *first_listed.get_or_insert(&package.id) == &package.id;
            continue;
        }
        let mut bins: Vec<_> = all_targets(one, &TargetKind::Bin).collect();
        if let Some(name) = &package.default_run {
            bins.retain(|bin| bin.target.name == *name);
        }
        all_listed &= bins.is_empty();
        pass_over(&mut bins, options, passed_over);
        found.extend(bins);
    }
    Ok((found, all_listed))
}

fn all_targets<'p, 'a>(
    packages: &'p [(&'a Package, Table)],
    kind: &'p TargetKind,
) -> impl Iterator<Item = Selected<'a>> + 'p {
    packages.iter().flat_map(move |(package, table)| {
        let package: &'a Package = package;
        let targets = package
            .targets
            .iter()
            .filter(move |target| target.kind.contains(kind));
        targets.map(move |target| Selected {
            package,
            target,
            table: table.clone(),
        })
    })
}

fn ambiguous(candidates: &[Selected<'_>]) -> String {
    let flags = |one: &Selected<'_>| format!("  -p {} --bin {}", one.package.name, one.target.name);
    let list: Vec<_> = candidates.iter().map(flags).collect();
    format!(
        "{} executables could be packed:\n{}\nchoose with these flags (`--bin` can be repeated), \
         with `default-run`, with `bins` in [package.metadata.airflow-bundle], or pack all with \
         `--workspace`",
        candidates.len(),
        list.join("\n")
    )
}

fn there_are(names: &[&str]) -> String {
    if names.is_empty() {
        "is none".to_owned()
    } else {
        format!("is {}", listed(names))
    }
}

/// `a`, `b` and `c`.
pub fn listed(names: &[&str]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => "nothing".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// `; did you mean ...?` if one of `names` is near `wrong`.
pub fn did_you_mean(wrong: &str, names: &[&str]) -> String {
    let near = names
        .iter()
        .map(|name| (strsim::damerau_levenshtein(wrong, name), name))
        .filter(|(distance, _)| *distance <= 3 && *distance < wrong.len())
        .min();
    near.map_or_else(String::new, |(_, name)| {
        format!(" (did you mean `{name}`?)")
    })
}
