//! The files that an executable was built from, as cargo writes them down beside it for other build tools.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// A longer list is cut: each of a program's thousands of files takes a line's worth.
const LIMIT: u64 = 16 << 20;

/// The source files of an executable that cargo has built, from `NAME.d`; none if cargo has not written it.
pub fn sources(executable: &Path) -> Vec<PathBuf> {
    let mut text = String::new();
    let read = File::open(executable.with_extension("d"))
        .and_then(|file| file.take(LIMIT).read_to_string(&mut text));
    if read.is_err() {
        return Vec::new();
    }
    parse(&text)
}

/// Reads `TARGET: FILE FILE ...`, where `\ ` is a space in a name.
fn parse(text: &str) -> Vec<PathBuf> {
    let Some((_, files)) = text.lines().next().and_then(|line| line.split_once(": ")) else {
        return Vec::new();
    };
    let mut names = vec![String::new()];
    let mut rest = files;
    while let Some((part, after)) = rest.split_once(' ') {
        let escaped = part.strip_suffix('\\');
        if let Some(name) = names.last_mut() {
            name.push_str(escaped.unwrap_or(part));
            if escaped.is_some() {
                name.push(' ');
            }
        }
        if escaped.is_none() {
            names.push(String::new());
        }
        rest = after;
    }
    if let Some(name) = names.last_mut() {
        name.push_str(rest);
    }
    names.retain(|name| !name.is_empty());
    names.into_iter().map(PathBuf::from).collect()
}

#[cfg(test)]
mod tests {
    use super::parse;
    use std::path::Path;

    #[test]
    fn names_may_have_spaces() {
        let text = "/t/etl: /p/build.rs /p\\ q/src/a\\ b.rs /p/src/main.rs\n";
        let expected = ["/p/build.rs", "/p q/src/a b.rs", "/p/src/main.rs"];
        assert_eq!(parse(text), expected.map(Path::new));
        assert_eq!(
            parse("C:\\t\\etl.exe: C:\\p\\main.rs"),
            [Path::new("C:\\p\\main.rs")]
        );
        for text in ["", "/t/etl:", "/t/etl: ", "nothing"] {
            assert!(parse(text).is_empty(), "{text}");
        }
    }
}
