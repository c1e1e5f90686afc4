//! What concerns several bundles of one call: failures of some, and Dags that more than one serves.

use std::collections::BTreeMap;

use anyhow::bail;

use super::Ready;
use crate::exit::{CargoFailed, ERROR, SomeFailed};
use crate::interrupt::Interrupted;
use crate::shell::Shell;

/// How many ids a note lists.
const LISTED: usize = 3;

/// The failures of one call. A failure of the only bundle ends the call; one of several is reported, and the others go on.
pub struct Failures {
    planned: usize,
    failed: usize,
    code: Option<u8>,
}

impl Failures {
    /// For this many bundles.
    pub fn new(planned: usize) -> Self {
        Self {
            planned,
            failed: 0,
            code: None,
        }
    }

    /// Takes the failure of `count` of the bundles.
    ///
    /// # Errors
    /// The same error, where nothing is left that could go on.
    pub fn take(
        &mut self,
        error: anyhow::Error,
        count: usize,
        shell: &mut Shell,
    ) -> anyhow::Result<()> {
        if self.planned == count || error.is::<Interrupted>() {
            return Err(error);
        }
        shell.error(&error);
        self.failed += count;
        let code = error.downcast_ref::<CargoFailed>().map(|cargo| cargo.code);
        self.code.get_or_insert(code.unwrap_or(ERROR));
        Ok(())
    }

    /// An error if there was a failure.
    pub fn check(&self) -> anyhow::Result<()> {
        match self.code {
            None => Ok(()),
            Some(code) => Err(SomeFailed {
                code,
                failed: self.failed,
                planned: self.planned,
            }
            .into()),
        }
    }
}

/// Refuses two bundles for the same hosts that would serve one Dag: a worker would take either. Where they are for
/// different hosts, a note says what Airflow makes of that.
pub fn check_dags(bundles: &[Ready], shell: &mut Shell) -> anyhow::Result<()> {
    let mut servers: BTreeMap<&str, Vec<&Ready>> = BTreeMap::new();
    for bundle in bundles {
        for dag in bundle.learned.manifest.dag_ids() {
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
                    one.job.executable.display(),
                    other.job.executable.display()
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
        let concerned = |one: &&Ready| {
            one.learned
                .manifest
                .dag_ids()
                .any(|id| servers.contains_key(id))
        };
        shell.note(format!(
            "{} bundles for different hosts serve {}; Airflow 3.3 does not look at the architecture \
             and takes the one that its file system lists first: give each an `executables_root` \
             of its own",
            bundles.iter().filter(concerned).count(),
            shown.join(", ")
        ));
    }
    Ok(())
}

/// Whether some host runs both.
fn same_hosts(one: &Ready, other: &Ready) -> bool {
    let (one, other) = (&one.examined, &other.examined);
    let shared = |architecture| other.architectures.contains(architecture);
    one.platform == other.platform && one.architectures.iter().any(shared)
}
