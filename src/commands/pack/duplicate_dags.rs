//! Dags that more than one bundle of a pack would serve.

use std::collections::BTreeMap;

use airflow_protocol::Release;
use anyhow::bail;

use super::Ready;
use crate::release::folder_settings;
use crate::shell::Shell;

/// How many ids a note lists.
const LISTED: usize = 3;

/// Refuses two bundles for the same hosts that would serve one Dag, because a worker would take either. Where they are for
/// different hosts, a note says what Airflow makes of that.
pub fn check(bundles: &[Ready<'_>], shell: &mut Shell) -> anyhow::Result<()> {
    let mut servers: BTreeMap<&str, Vec<&Ready<'_>>> = BTreeMap::new();
    for bundle in bundles {
        for dag in bundle.prepared.manifest().dag_ids() {
            servers.entry(dag).or_default().push(bundle);
        }
    }
    servers.retain(|_, bundles| bundles.len() > 1);
    for (dag, bundles) in &servers {
        for (index, one) in bundles.iter().enumerate() {
            let rival = bundles.iter().skip(index + 1);
            if let Some(other) = rival.into_iter().find(|other| same_hosts(one, other)) {
                bail!(
                    "both `{}` and `{}` would serve the dag `{dag}`, and Airflow would take either: \
                     a dag belongs to one bundle. Rename one, or choose what is packed with `-p` \
                     and `--bin`; nothing was packed",
                    one.program.path.display(),
                    other.program.path.display()
                );
            }
        }
    }
    if !servers.is_empty() {
        let mut shown: Vec<_> = servers
            .keys()
            .take(LISTED)
            .map(|id| format!("`{id}`"))
            .collect();
        if servers.len() > LISTED {
            shown.push(format!("{} more", servers.len() - LISTED));
        }
        // Bundles with one setting are for the same releases; those of another SDK may be for others.
        let mut releases = Release::ALL.to_vec();
        let is_for = |release: &Release| {
            let mut bundles = servers.values().flatten();
            bundles.any(|one| one.prepared.releases().contains(release))
        };
        releases.retain(is_for);
        let concerned = |one: &&Ready<'_>| {
            one.prepared
                .manifest()
                .dag_ids()
                .any(|id| servers.contains_key(id))
        };
        shell.note(format!(
            "{} bundles for different hosts serve {}; Airflow does not look at the architecture \
             and takes the one that its file system lists first: give each host its own folder{}",
            bundles.iter().filter(concerned).count(),
            shown.join(", "),
            match releases.as_slice() {
                [] => String::new(),
                releases => format!(", by {}", folder_settings(releases)),
            }
        ));
    }
    Ok(())
}

/// Whether a host can run both.
fn same_hosts(one: &Ready<'_>, other: &Ready<'_>) -> bool {
    let (one, other) = (one.prepared.examined(), other.prepared.examined());
    let shared = |architecture| other.architectures.contains(architecture);
    one.platform == other.platform && one.architectures.iter().any(shared)
}
