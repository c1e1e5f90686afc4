//! Both sides' verdicts on a folder, as the user that runs the test or as nobody.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use cargo_airflow_bundle::worker::verdict::judge_for;
use cargo_airflow_bundle::worker::walk::{MayExecute, walk};
use cargo_airflow_bundle::worker::{Code, Parsing, Release, ReleaseVerdict};
use serde_json::{Value, json};

use super::places::NOBODY;
use crate::Airflow;
use crate::releases::RELEASES;

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

/// A file that the Dag processor lists.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Listed {
    path: PathBuf,
    is_import_error: bool,
    /// What the UI shows in the place of sources.
    sources: Vec<String>,
}

/// What our library says of a root.
pub struct Ours {
    pub files: Vec<File>,
    /// The codes of the problems of each file.
    codes: Vec<Vec<Code>>,
    listed: Vec<Listed>,
}

/// What the released reader says of it.
struct Theirs {
    files: Vec<File>,
    /// The file that it starts for a dag; `None` if its search ends in an exception.
    started: BTreeMap<String, Option<PathBuf>>,
    /// What the Dag processor lists; `None` if it lists no bundles, or its walk ends in an exception.
    listed: Option<Vec<Listed>>,
    /// The answer as it came, for the report.
    answer: Value,
}

/// Both, for one release.
pub struct Verdicts {
    release: Release,
    pub ours: Ours,
    /// `None` if it was not asked.
    theirs: Option<Theirs>,
}

/// Our library and the released readers, as one user.
pub struct Readers {
    airflows: Vec<(Airflow, Release)>,
    nobody: bool,
}

impl Readers {
    pub fn start(nobody: bool) -> Self {
        let start = |(requirements, release)| {
            let mut airflow = Airflow::of(requirements);
            if nobody {
                assert_eq!(airflow.0.ask(&json!({ "become": NOBODY })), json!(NOBODY));
            }
            (airflow, release)
        };
        Self {
            airflows: RELEASES.into_iter().map(start).collect(),
            nobody,
        }
    }

    /// The verdicts on each root, of each release.
    pub fn judge(&mut self, roots: &[&Path]) -> Vec<Vec<Verdicts>> {
        let ours: Vec<Vec<Ours>> = if self.nobody {
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
        let asked = |ours: &[Ours]| !ours[0].has(Code::TooComplex);
        let names = roots.iter().zip(&ours).filter(|(_, ours)| asked(ours));
        let names: Vec<_> = names.map(|(root, _)| root.as_os_str().as_bytes()).collect();
        // One after the other, and the oldest first: newer ones set modes.
        let mut answers: Vec<_> = self
            .airflows
            .iter_mut()
            .map(|(airflow, _)| {
                let answers = airflow.0.ask(&json!({ "trees": names }));
                serde_json::from_value::<Vec<Value>>(answers)
                    .unwrap()
                    .into_iter()
            })
            .collect();
        ours.into_iter()
            .map(|ours| {
                let asked = asked(&ours);
                ours.into_iter()
                    .zip(&mut answers)
                    .zip(&self.airflows)
                    .map(|((ours, answers), (_, release))| Verdicts {
                        release: *release,
                        ours,
                        theirs: asked.then(|| Theirs::read(answers.next().unwrap())),
                    })
                    .collect()
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
    /// What workers of each release make of a root; each file is opened once.
    fn judge(root: &Path) -> Vec<Self> {
        let mut all: Vec<_> = RELEASES
            .iter()
            .map(|_| Self {
                files: Vec::new(),
                codes: Vec::new(),
                listed: Vec::new(),
            })
            .collect();
        let releases = RELEASES.map(|(_, release)| release);
        for found in walk([root]) {
            let may_execute = found.may_execute();
            let verdicts = judge_for(&found.path, may_execute, &releases);
            for (ours, one) in all.iter_mut().zip(&verdicts.by_release) {
                ours.add(&found.path, &verdicts.dag_ids, one, may_execute);
            }
        }
        all
    }

    fn add(&mut self, path: &Path, ids: &[String], one: &ReleaseVerdict, may_execute: MayExecute) {
        let problems: Vec<_> = one.problems.iter().map(|problem| problem.code).collect();
        assert_eq!(one.usable, problems.is_empty());
        if let Some(parsing @ (Parsing::Starts | Parsing::ImportError)) = one.parsing {
            let warnings = one.warnings.iter();
            let not_shown = warnings.filter(|one| one.code == Code::SourceNotShown);
            let sources = not_shown.map(|one| {
                let (_, shown) = one
                    .message
                    .split_once("Cannot read the source of ")
                    .unwrap();
                shown.strip_suffix('`').unwrap().to_owned()
            });
            self.listed.push(Listed {
                path: path.to_owned(),
                is_import_error: parsing == Parsing::ImportError,
                sources: sources.collect(),
            });
        }
        let is_looked_at = if one.release.needs_execute_bit {
            may_execute == MayExecute::Yes
        } else {
            // The listing of a folder names files that nobody may look at.
            path.metadata().is_ok()
        };
        if !is_looked_at {
            assert!(!one.usable && !one.raises, "{one:?}");
            return;
        }
        let mut ids = if one.usable { ids.to_vec() } else { Vec::new() };
        ids.sort();
        ids.dedup();
        self.files.push(File {
            path: path.to_owned(),
            ids,
            raises: one.raises,
        });
        self.codes.push(problems);
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
        let listed = answer.get("listed").and_then(Value::as_array);
        let listed = listed.map(|listed| {
            let of_file = |file: &Value| Listed {
                path: path_of(&file["path"]).unwrap(),
                is_import_error: !file["error"].is_null(),
                sources: serde_json::from_value(file["sources"].clone()).unwrap(),
            };
            listed.iter().map(of_file).collect()
        });
        Self {
            files: files.collect(),
            listed,
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
        if let Some(id) = ids.find(|id| theirs.started[*id] != first(id)) {
            return Some(format!("the file for {id:?}\n{}", self.shown(theirs)));
        }
        let mut listed = theirs.listed.clone()?;
        // The Dag processor takes the files of a folder before the folders in it.
        listed.sort();
        let mut ours = self.ours.listed.clone();
        ours.sort();
        let same = ours.len() == listed.len() && ours.iter().zip(&listed).all(|(a, b)| a.is_as(b));
        (!same).then(|| format!("what is listed: {ours:?}\n{}", self.shown(theirs)))
    }

    /// Whether the Dag processor has listed the root, and was compared.
    pub fn is_listed(&self) -> bool {
        let theirs = self.theirs.as_ref();
        !self.limited() && theirs.is_some_and(|theirs| theirs.listed.is_some())
    }

    fn shown(&self, theirs: &Theirs) -> String {
        let ours: Vec<_> = self.ours.files.iter().zip(&self.ours.codes).collect();
        format!(
            "  {}\n  ours   {ours:?}\n  theirs {:?}\n  answer {}",
            self.release, theirs.files, theirs.answer
        )
    }
}

impl Listed {
    /// Whether the released reader says the same.
    fn is_as(&self, theirs: &Self) -> bool {
        let sources = self.sources.len() == theirs.sources.len()
            && self
                .sources
                .iter()
                .zip(&theirs.sources)
                .all(|(ours, theirs)| {
                    // Behind the name of the file, which is not shown as it is.
                    let (_, ours) = ours.split_once(": ").unwrap();
                    let behind_name = |text: &str| {
                        let mismatch = text.ends_with(" SHA-256 mismatch");
                        let at = text.find(" source ").filter(|_| mismatch);
                        text[at.unwrap_or(0)..].to_owned()
                    };
                    fits(&behind_name(ours), &behind_name(theirs))
                });
        (&self.path, self.is_import_error) == (&theirs.path, theirs.is_import_error)
            && (self.is_import_error || sources)
    }
}

/// Whether `text` is `pattern`, in which `…` stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('…');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let mut parts: Vec<_> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// A path from JSON, where it is a list of bytes: not every path is a text.
fn path_of(bytes: &Value) -> Option<PathBuf> {
    let bytes: Option<Vec<u8>> = serde_json::from_value(bytes.clone()).unwrap();
    bytes.map(|bytes| OsString::from_vec(bytes).into())
}
