//! `.airflowignore`: which files of a Dag bundle the Dag processor passes over. The search for a task's bundle does not read it.
//!
//! Follows `_find_path_from_directory` and `_GlobIgnoreRule` in `airflow/sdk/_shared/module_loading/file_discovery.py` of
//! `apache-airflow-task-sdk` 1.4.0b2, for the syntax `glob`, which `[core] dag_ignore_file_syntax` has by default.
//! The patterns are git's, by Python's `pathspec`, with two differences: `#` begins a comment anywhere in a line, and a pattern
//! of a folder holds for all below it, also where `!` takes back a part of it.
//!
//! Not followed: where Airflow's walk ends in an exception, so that it lists nothing of the Dag bundle, the line or the file counts
//! as absent here. Such cases are patterns that `pathspec` refuses, and an ignore file that is not UTF-8; of a folder that a link leads
//! to once more, [`listing`](super::listing) tells. Nor is a negated class at the end of a pattern (`deep[^e]`), which for `pathspec` also matches the slash behind a
//! folder.

use std::collections::HashMap;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use glob::{MatchOptions, Pattern};

use crate::platform;

/// The name of the ignore files.
pub(crate) const FILE_NAME: &str = ".airflowignore";

/// A longer ignore file is not read, in bytes.
const LIMIT: u64 = 1 << 20;

/// The ignore files below one folder, which is a Dag bundle. Each is read once.
#[derive(Debug)]
pub(crate) struct Ignored {
    root: PathBuf,
    folders: HashMap<PathBuf, Folder>,
}

/// What holds for the entries of a folder: the rules, the later ones win; `None` if the folder is ignored itself.
type Folder = Option<Arc<Vec<Rule>>>;

impl Ignored {
    pub(crate) fn below(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            folders: HashMap::new(),
        }
    }

    /// Whether the file at `path`, which lies below the root and begins with its path, is passed over.
    pub(crate) fn holds(&mut self, path: &Path) -> bool {
        let folder = path.parent().unwrap_or(&self.root).to_owned();
        match self.rules(&folder) {
            Some(rules) => is_matched(&rules, path, false),
            None => true,
        }
    }

    /// Whether the folder at `path`, which lies below the root and begins with its path, is passed over with all below it.
    pub(crate) fn holds_folder(&mut self, path: &Path) -> bool {
        self.rules(path).is_none()
    }

    fn rules(&mut self, folder: &Path) -> Folder {
        if let Some(known) = self.folders.get(folder) {
            return known.clone();
        }
        let mut at = self.root.clone();
        let mut rules = self.enter(&at, &Arc::default());
        for part in folder.strip_prefix(&self.root).unwrap_or(Path::new("")) {
            at.push(part);
            rules = match rules {
                Some(above) if !is_matched(&above, &at, true) => self.enter(&at, &above),
                _ => {
                    self.folders.insert(at.clone(), None);
                    None
                }
            };
        }
        rules
    }

    /// The rules in a folder that is not ignored: those from above, then its own.
    fn enter(&mut self, folder: &Path, above: &Arc<Vec<Rule>>) -> Folder {
        if let Some(known) = self.folders.get(folder) {
            return known.clone();
        }
        let own = read(folder);
        let rules = if own.is_empty() {
            Arc::clone(above)
        } else {
            Arc::new(above.iter().cloned().chain(own).collect())
        };
        self.folders.insert(folder.to_owned(), Some(rules.clone()));
        Some(rules)
    }
}

/// The rules in the ignore file of a folder; none if there is no such file.
fn read(folder: &Path) -> Vec<Rule> {
    let path = folder.join(FILE_NAME);
    // Most folders have none, and to ask for it costs as much as to open it. A pipe of this name is no ignore file.
    let Ok(file) = platform::open_without_waiting(&path) else {
        return Vec::new();
    };
    let is_file = file.metadata().is_ok_and(|found| found.is_file());
    let mut bytes = Vec::new();
    // A file may grow while it is read.
    let read = |bytes: &mut Vec<u8>| file.take(LIMIT + 1).read_to_end(bytes);
    if !is_file || read(&mut bytes).is_err() || bytes.len() as u64 > LIMIT {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(&bytes);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.split('\n')
        .filter_map(|line| Rule::parse(line, folder))
        .collect()
}

fn is_matched(rules: &[Rule], path: &Path, is_folder: bool) -> bool {
    let last = rules
        .iter()
        .rev()
        .find(|rule| rule.matches(path, is_folder));
    last.is_some_and(|rule| rule.ignores)
}

/// A line of an ignore file.
#[derive(Debug, Clone)]
struct Rule {
    /// False for a line that begins with `!`.
    ignores: bool,
    folders_only: bool,
    /// The folder to which paths are relative. Without it names are matched, at any depth.
    base: Option<Arc<Path>>,
    segments: Arc<[Segment]>,
}

/// What stands between two slashes of a pattern.
#[derive(Debug)]
enum Segment {
    /// `**`: any number of folders.
    AnyDepth,
    Name(Pattern),
}

impl Rule {
    /// The rule in a line; `None` for comments, empty lines, and what is no pattern.
    fn parse(line: &str, folder: &Path) -> Option<Self> {
        let line = match line.split_once('#') {
            Some((before, _)) => before.trim_end(),
            None => line,
        };
        let pattern = if line.ends_with("\\ ") {
            line
        } else {
            line.trim_end()
        };
        if pattern.trim() == "/" {
            return None;
        }
        let (ignores, pattern) = match pattern.strip_prefix('!') {
            Some(rest) => (false, rest),
            None => (true, pattern),
        };
        let names = pattern.trim_end_matches('/');
        if names.is_empty() {
            return None;
        }
        let folders_only = names.len() < pattern.len();
        let names = pattern.strip_suffix('/').unwrap_or(pattern);
        let is_relative = names.contains('/');
        let names = names.strip_prefix('/').unwrap_or(names);
        let segments: Option<Vec<_>> = names.split('/').map(Segment::parse).collect();
        Some(Self {
            ignores,
            folders_only,
            base: is_relative.then(|| folder.into()),
            segments: segments?.into(),
        })
    }

    fn matches(&self, path: &Path, is_folder: bool) -> bool {
        if self.folders_only && !is_folder {
            return false;
        }
        let below = match &self.base {
            Some(base) => path.strip_prefix(base).unwrap_or(path),
            None => Path::new(path.file_name().unwrap_or_default()),
        };
        let names = below.components().filter_map(|part| match part {
            Component::Normal(name) => Some(characters(name)),
            _ => None,
        });
        let names: Vec<_> = names.collect();
        leads(&self.segments, &names, is_folder)
    }
}

/// A name as Python has it, with one character for each byte that is no text.
fn characters(name: &std::ffi::OsStr) -> String {
    let mut text = String::new();
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}

/// Whether the segments lead to the path, or to a folder above it. The time is that of the segments times the names, whatever an
/// ignore file holds.
fn leads(segments: &[Segment], names: &[String], is_folder: bool) -> bool {
    // How many of the names the segments so far can stand for.
    let mut reached = vec![false; names.len() + 1];
    reached[0] = true;
    for (index, segment) in segments.iter().enumerate() {
        match segment {
            Segment::AnyDepth if index + 1 == segments.len() => {
                // What is in a folder; the folder itself ends in a slash for this reader.
                let inside = reached[..names.len()].contains(&true);
                return inside || (is_folder && reached[names.len()]);
            }
            Segment::AnyDepth => {
                let first = reached.iter().position(|&reached| reached);
                let first = first.unwrap_or(reached.len());
                reached[first..].fill(true);
            }
            Segment::Name(pattern) => {
                for at in (0..names.len()).rev() {
                    reached[at + 1] = reached[at] && pattern.matches_with(&names[at], MATCH);
                }
                reached[0] = false;
            }
        }
        if !reached.contains(&true) {
            return false;
        }
    }
    true
}

const MATCH: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: false,
    require_literal_leading_dot: false,
};

impl Segment {
    /// git's pattern as one of the crate `glob`, which knows no backslash. `None` where git discards the line.
    fn parse(text: &str) -> Option<Self> {
        if text == "**" {
            return Some(Self::AnyDepth);
        }
        let mut pattern = String::new();
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            match c {
                '\\' => pattern.push_str(&Pattern::escape(&rest.next()?.to_string())),
                '*' if pattern.ends_with('*') => {}
                '[' => {
                    let class = rest.as_str();
                    let start = usize::from(class.starts_with(['!', '^']));
                    let inner = class.get(start..)?;
                    // A bracket that stands first is one of the characters.
                    let end = inner.char_indices().skip(1).find(|(_, c)| *c == ']')?.0;
                    pattern.push('[');
                    pattern.push_str(if start == 1 { "!" } else { "" });
                    pattern.push_str(inner.get(..=end)?);
                    rest = inner.get(end + 1..)?.chars();
                }
                c => pattern.push(c),
            }
        }
        Pattern::new(&pattern).ok().map(Self::Name)
    }
}

/// The line of an ignore file that holds for the file at `path` alone, which is relative to that ignore file.
pub(crate) fn line_for(path: &Path) -> String {
    let mut line = String::new();
    for part in path {
        line.push('/');
        for c in characters(part).chars() {
            match c {
                // Would begin a comment, end the line, or is no text.
                '#' | '\n' | '\r' | char::REPLACEMENT_CHARACTER => line.push('?'),
                '\\' | '*' | '?' | '[' => line.extend(['\\', c]),
                // A space at the end of the line would not count.
                c if c.is_whitespace() => line.push('?'),
                c => line.push(c),
            }
        }
    }
    line
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use std::fs;

    use super::*;

    /// Whether an ignore file with this text holds for a path below it.
    fn holds(text: &str, path: &str) -> bool {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join(FILE_NAME), text).unwrap();
        Ignored::below(root.path()).holds(&root.path().join(path))
    }

    #[test]
    fn patterns_are_gits() {
        for (text, path, expected) in [
            ("etl", "etl", true),
            ("etl", "bin/etl", true),
            ("etl", "etl2", false),
            ("/etl", "bin/etl", false),
            ("bin/", "bin/etl", true),
            ("bin/", "bin", false),
            ("bin/etl", "bin/etl", true),
            ("bin/etl", "x/bin/etl", false),
            ("**/etl", "a/b/etl", true),
            ("bin/**/etl", "bin/a/b/etl", true),
            ("bin/**", "bin/etl", true),
            ("e*", "etl", true),
            ("*\n!etl", "etl", false),
            ("bin/*\n!bin/etl", "bin/etl", false),
            ("bin\n!bin/etl", "bin/etl", true),
            ("etl # ours", "etl", true),
            ("# etl", "etl", false),
            ("[d-f]t[!x]", "etl", true),
            ("e\\tl", "etl", true),
            ("etl\r\n", "etl", true),
            ("e**l", "etl", true),
            ("[etl", "[etl", false),
            ("/", "etl", false),
            ("!", "etl", false),
        ] {
            assert_eq!(holds(text, path), expected, "{text:?} for {path}");
        }
    }

    /// Neither the stack nor the time has an end by what a line holds.
    #[test]
    fn a_hostile_line_is_matched_all_the_same() {
        let path = "a/".repeat(40) + "etl";
        let deep = "**/".repeat(300_000);
        for (text, expected) in [
            (deep.clone() + "etl", true),
            (deep + "other", false),
            ("**/*/".repeat(30) + "other", false),
            ("**/*/".repeat(30) + "etl", true),
        ] {
            assert_eq!(holds(&text, &path), expected);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_no_ignore_file() {
        let root = tempfile::tempdir().unwrap();
        let made = std::process::Command::new("mkfifo")
            .arg(root.path().join(FILE_NAME))
            .status();
        assert!(made.unwrap().success());
        assert!(!Ignored::below(root.path()).holds(&root.path().join("etl")));
    }

    #[test]
    fn a_line_holds_for_its_file_alone() {
        for path in [
            "etl",
            "a b/größe",
            "#x",
            "we*rd?[1]\\",
            "!x",
            "a\nb",
            "end ",
            "..x",
        ] {
            let line = line_for(Path::new(path));
            assert!(!line.contains('\n'), "{line}");
            assert!(holds(&line, path), "{line}");
            assert!(!holds(&line, "other"), "{line}");
            assert!(!holds(&line, &format!("below/{path}")), "{line}");
        }
        assert_eq!(line_for(Path::new("team/etl")), "/team/etl");
    }

    #[test]
    fn ignore_files_below_count_too() {
        let root = tempfile::tempdir().unwrap();
        let bin = root.path().join("a/bin");
        fs::create_dir_all(&bin).unwrap();
        fs::write(root.path().join(FILE_NAME), "etl\nold/\n").unwrap();
        fs::write(bin.join(FILE_NAME), "!/etl\nsales\n").unwrap();
        let mut ignored = Ignored::below(root.path());
        for (path, expected) in [
            ("a/bin/etl", false),
            ("a/etl", true),
            ("a/bin/sales", true),
            ("a/sales", false),
            ("a/old/sales", true),
            ("a/old/deep/etl", true),
            ("a/bin/etl", false),
        ] {
            assert_eq!(ignored.holds(&root.path().join(path)), expected, "{path}");
        }
    }
}
