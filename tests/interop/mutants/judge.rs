//! Both sides' verdicts on a folder, as the user that runs the test or as nobody.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use cargo_airflow_bundle::worker::verdict::judge;
use cargo_airflow_bundle::worker::walk::{MayExecute, walk};
use cargo_airflow_bundle::worker::{Code, Release};
use serde_json::{Value, json};

use super::places::NOBODY;
use crate::Airflow;

/// Whether this process may become another user.
pub fn is_root() -> bool {
    cfg!(target_os = "linux") && rustix::process::geteuid().is_root()
}

/// One executable file below a root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub path: PathBuf,
    /// The dag ids that it is started for.
    pub ids: Vec<String>,
    pub raises: bool,
}

/// What our library says of a root.
pub struct Ours {
    pub files: Vec<File>,
    /// The codes of the problems of each file.
    codes: Vec<Vec<Code>>,
}

/// What the released reader says of it.
struct Theirs {
    files: Vec<File>,
    /// The file that it starts for a dag; `None` if its search ends in an exception.
    started: BTreeMap<String, Option<PathBuf>>,
    /// The answer as it came, for the report.
    answer: Value,
}

/// Both.
pub struct Verdicts {
    pub ours: Ours,
    /// `None` if it was not asked.
    theirs: Option<Theirs>,
}

/// Our library and the released reader, as one user.
pub struct Pair {
    airflow: Airflow,
    nobody: bool,
}

impl Pair {
    pub fn start(nobody: bool) -> Self {
        let mut airflow = Airflow::start();
        if nobody {
            assert_eq!(airflow.0.ask(&json!({ "become": NOBODY })), json!(NOBODY));
        }
        Self { airflow, nobody }
    }

    pub fn judge(&mut self, roots: &[&Path]) -> Vec<Verdicts> {
        let ours: Vec<Ours> = if self.nobody {
            std::thread::scope(|scope| {
                let ours = scope.spawn(|| {
                    become_nobody();
                    roots.iter().map(|root| Ours::judge(root)).collect()
                });
                ours.join().unwrap()
            })
        } else {
            roots.iter().map(|root| Ours::judge(root)).collect()
        };
        // What multiplies without end would take the released reader as long.
        let asked = |ours: &Ours| !ours.has(Code::TooComplex);
        let names = roots.iter().zip(&ours).filter(|(_, ours)| asked(ours));
        let names: Vec<_> = names.map(|(root, _)| root.as_os_str().as_bytes()).collect();
        let answers = self.airflow.0.ask(&json!({ "trees": names }));
        let mut answers = serde_json::from_value::<Vec<Value>>(answers)
            .unwrap()
            .into_iter();
        ours.into_iter()
            .map(|ours| {
                let theirs = asked(&ours).then(|| Theirs::read(answers.next().unwrap()));
                Verdicts { ours, theirs }
            })
            .collect()
    }
}

/// Gives up this thread's rights. Other threads keep theirs.
#[cfg(target_os = "linux")]
fn become_nobody() {
    use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
    let (user, group) = (
        rustix::process::Uid::from_raw(NOBODY),
        rustix::process::Gid::from_raw(NOBODY),
    );
    set_thread_groups(&[]).unwrap();
    set_thread_res_gid(group, group, group).unwrap();
    set_thread_res_uid(user, user, user).unwrap();
}

#[cfg(not(target_os = "linux"))]
fn become_nobody() {
    unreachable!("`is_root` says no elsewhere")
}

impl Ours {
    fn judge(root: &Path) -> Self {
        let (mut files, mut codes) = (Vec::new(), Vec::new());
        for found in walk([root]) {
            let may_execute = found.may_execute();
            let verdict = judge(&found.path, may_execute, Release::AIRFLOW_3_3);
            let problems: Vec<_> = verdict
                .problems
                .iter()
                .map(|problem| problem.code)
                .collect();
            assert_eq!(verdict.usable, problems.is_empty());
            if may_execute == MayExecute::No {
                // The worker does not look at it.
                assert!(!verdict.usable && !verdict.raises, "{verdict:?}");
                continue;
            }
            let mut ids = if verdict.usable {
                verdict.dag_ids
            } else {
                Vec::new()
            };
            ids.sort();
            ids.dedup();
            files.push(File {
                path: found.path,
                ids,
                raises: verdict.raises,
            });
            codes.push(problems);
        }
        Self { files, codes }
    }

    fn has(&self, code: Code) -> bool {
        self.codes.iter().flatten().any(|found| *found == code)
    }
}

impl Theirs {
    fn read(answer: Value) -> Self {
        let files = answer["files"].as_array().unwrap().iter().map(|file| {
            let mut ids: Vec<String> = serde_json::from_value(file["ids"].clone()).unwrap();
            ids.sort();
            File {
                path: path_of(&file["path"]).unwrap(),
                ids,
                raises: !file["raises"].is_null(),
            }
        });
        let started = answer["found"].as_object().unwrap().iter();
        Self {
            files: files.collect(),
            started: started
                .map(|(id, path)| (id.clone(), path_of(path)))
                .collect(),
            answer,
        }
    }
}

impl Verdicts {
    /// Whether a file is nested or multiplied beyond what this reader follows: what a worker does then depends on the worker.
    pub fn limited(&self) -> bool {
        self.ours.has(Code::TooDeep) || self.ours.has(Code::TooComplex)
    }

    /// Where the two disagree.
    pub fn difference(&self) -> Option<String> {
        let theirs = self.theirs.as_ref()?;
        let ours = &self.ours.files;
        if self.limited() {
            // What is too deep for us is not usable. It raises there, hundreds of levels down.
            let same = ours.len() == theirs.files.len()
                && ours
                    .iter()
                    .zip(&theirs.files)
                    .all(|(ours, theirs)| ours == theirs || theirs.raises);
            return (!same).then(|| self.shown(theirs));
        }
        if *ours != theirs.files {
            return Some(self.shown(theirs));
        }
        // The search as a whole: the first file that serves a dag, unless one before it raises.
        let first = |id: &String| {
            let decides = |file: &&File| file.raises || file.ids.contains(id);
            let file = ours.iter().find(decides).filter(|file| !file.raises)?;
            Some(file.path.canonicalize().unwrap())
        };
        let mut ids = theirs.started.keys();
        let wrong = ids.find(|id| theirs.started[*id] != first(id));
        wrong.map(|id| format!("the file for {id:?}\n{}", self.shown(theirs)))
    }

    fn shown(&self, theirs: &Theirs) -> String {
        let ours: Vec<_> = self.ours.files.iter().zip(&self.ours.codes).collect();
        format!(
            "  ours   {ours:?}\n  theirs {:?}\n  answer {}",
            theirs.files, theirs.answer
        )
    }
}

/// A path from JSON, where it is a list of bytes: not every path is a text.
fn path_of(bytes: &Value) -> Option<PathBuf> {
    let bytes: Option<Vec<u8>> = serde_json::from_value(bytes.clone()).unwrap();
    bytes.map(|bytes| OsString::from_vec(bytes).into())
}
