//! Chooses the executables of a workspace that are packed.

use std::fmt;

use anyhow::{Context as _, bail};
use cargo_metadata::{DependencyKind, Package, Target, TargetKind};

use super::features;
use super::table::Table;
use crate::cargo::build::BuildTarget;
use crate::cargo::metadata::Workspace;
use crate::cargo::options::CargoOptions;
use crate::settings::{BINS, Origin, Setting, package_table};
use crate::text::{did_you_mean, listed};

/// Name of the runtime crate. A package that depends on it has something to pack.
const SDK: &str = "airflow-sdk";

/// An executable that is to be packed.
#[derive(Debug, Clone)]
pub struct Selected<'a> {
    /// The package that it belongs to.
    pub package: &'a Package,
    /// The bin or example.
    pub target: &'a Target,
    /// The settings of its package.
    pub table: Table,
}

impl<'a> Selected<'a> {
    /// The executable as cargo builds it.
    pub fn build_target(&self) -> BuildTarget<'a> {
        BuildTarget {
            package: self.package,
            target: self.target,
        }
    }
}

/// The executables that the user has named by a flag or a variable.
#[derive(Debug)]
pub struct Named {
    /// The bins. Empty where only examples are named.
    pub bins: Setting<Vec<String>>,
    /// The examples.
    pub examples: Vec<String>,
}

/// The result of [`select`].
#[derive(Debug)]
pub struct Selection<'a> {
    /// The executables that are packed.
    pub selected: Vec<Selected<'a>>,
    /// Bins that no flag, variable or table names and that cargo passes over, because features are off that they require.
    pub passed_over: Vec<PassedOver<'a>>,
    /// The table of the workspace.
    pub workspace_table: Table,
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

/// Chooses from `packages`: the executables that the user has named, before the bins in the tables, before every bin of the
/// packages that have something to pack.
///
/// # Errors
/// If a name fits no executable, if there is no executable, or if only a person can choose.
pub fn select<'a>(
    workspace: &'a Workspace,
    packages: &[&'a Package],
    named_by_user: Option<&Named>,
    options: &CargoOptions,
) -> anyhow::Result<Selection<'a>> {
    let workspace_table = Table::of_workspace(&workspace.metadata)?;
    let tables = packages.iter().copied().map(Table::of_package);
    let tables = tables.collect::<anyhow::Result<Vec<_>>>()?;
    let packages: Vec<_> = packages.iter().copied().zip(tables).collect();
    if let Some(Named { bins, examples }) = named_by_user {
        let selected = named(workspace, &packages, &bins.value, examples);
        let selected = match &bins.from {
            Origin::Flag(_) => selected,
            variable => selected.with_context(|| variable.to_string()),
        };
        return Ok(Selection {
            selected: selected?,
            passed_over: Vec::new(),
            workspace_table,
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
            workspace_table,
        }),
    }
}

/// Moves the bins that cargo would pass over to `passed_over`.
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

/// The executables with these names; patterns as in cargo.
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

/// Whether a package has something to pack: it has a table, or reaches the SDK.
pub fn marked(workspace: &Workspace, package: &Package) -> bool {
    Table::exists(package) || reaches_sdk(workspace, package)
}

/// Whether a package depends on the SDK, itself or through other members of the workspace, whose code has the same author.
/// Optional dependencies and those for some targets count: only cargo's resolver knows whether they are on, and it may want
/// a network. Dependencies for builds and tests do not count.
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

/// The bins that are packed where the user names none: those of the packages that have a table or the SDK, or of all packages
/// if none has. The second value says whether a single table lists all of them: then the user has chosen several bins as with
/// several `--bin`. A bin that no table lists goes to `passed_over` if cargo would pass over it.
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
        // The table lists bins of the whole workspace, and `packages` may be a part of it.
        let here = |name: &&String| {
            let owners = owners(workspace, &TargetKind::Bin, name);
            let selected = |owner: &&Package| packages.iter().any(|(one, _)| one.id == owner.id);
            owners.is_empty() || owners.iter().any(selected)
        };
        let bins: Vec<_> = bins.iter().filter(here).cloned().collect();
        if !bins.is_empty() {
            let found = named(workspace, packages, &bins, &[]);
            let origin = Origin::Workspace(BINS.table, workspace_table.file.clone());
            let found = found.with_context(|| origin.to_string())?;
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
            let origin = Origin::Package(BINS.table, table.file.clone());
            let bins = named(workspace, one, bins, &[]).with_context(|| origin.to_string())?;
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
         with `default-run`, with `bins` in {}, or pack all with \
         `--workspace`",
        candidates.len(),
        list.join("\n"),
        package_table()
    )
}

fn there_are(names: &[&str]) -> String {
    if names.is_empty() {
        "is none".to_owned()
    } else {
        format!("is {}", listed(names))
    }
}
