//! `unpack`: a bundle's parts as files. Nothing is written outside of the folder that was asked for.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, bail};
use tempfile::TempPath;

use crate::bundle::output::NewFolders;
use crate::bundle::reader::Bundle;
use crate::bundle::temporary;
use crate::cli::UnpackArgs;
use crate::exit;
use crate::interrupt::{self, AtOnce};
use crate::platform;
use crate::shell::Shell;
use crate::text::one_line;
use crate::worker::manifest;
use crate::worker::sources::source_files;

/// Name of the manifest's file.
const MANIFEST_NAME: &str = "airflow-metadata.yaml";
/// Name of the folder for source files, so that none can take the place of another part.
const SOURCE_FOLDER: &str = "source";

/// The longest path of a source file, in bytes: Linux takes no longer ones.
const MAX_PATH: usize = 4096;

/// Writes the parts, and returns the exit code.
pub fn run(args: &UnpackArgs, shell: &mut Shell) -> anyhow::Result<u8> {
    let reading = AtOnce::new();
    let bundle = super::open(&args.file)?;
    let failed = || format!("failed to unpack `{}`", args.file.display());
    let computed = bundle.compute_digest().with_context(failed)?;
    if computed.0 != bundle.trailer().binary_sha256 {
        bail!(
            "the executable in `{}` is not the one that was packed: its SHA-256 differs from the \
             trailer's; see `cargo airflow-bundle verify`",
            args.file.display()
        );
    }
    let plan = plan(&bundle, &args.file)?;
    check_apart(&plan)?;
    let root = std::path::absolute(&args.out_dir).with_context(failed)?;
    for part in &plan {
        check_target(&root.join(&part.path), &args.file, args.force)?;
    }
    // From here on there is something to clean up.
    drop(reading);
    let mut new = New::default();
    let folders = NewFolders::make(&root)
        .with_context(|| format!("failed to create the folder `{}`", root.display()))?;
    new.folders.push(folders);
    let mut staged = Vec::new();
    for part in &plan {
        interrupt::check()?;
        staged.push(stage(&bundle, part, &root, &mut new)?);
    }
    for (file, part) in staged.into_iter().zip(&plan) {
        let path = root.join(&part.path);
        let is_new = path.symlink_metadata().is_err();
        publish(file, &path, args.force)
            .with_context(|| format!("failed to write `{}`", path.display()))?;
        if is_new {
            new.files.push(path);
        }
    }
    new.keep();
    for part in &plan {
        let path = root.join(&part.path);
        shell.status("Unpacked", format!("`{}`", path.display()));
        let mut line = platform::path_bytes(&path);
        line.push(b'\n');
        shell.result_bytes(&line)?;
    }
    Ok(exit::OK)
}

/// What an unpacking has made that was not there before. Dropped, it is removed again, the newest
/// first: a folder must be empty by then.
#[derive(Default)]
struct New {
    files: Vec<PathBuf>,
    folders: Vec<NewFolders>,
}

impl New {
    fn keep(mut self) {
        self.files.clear();
        self.folders.drain(..).for_each(NewFolders::keep);
    }
}

impl Drop for New {
    fn drop(&mut self) {
        for file in &self.files {
            // Gone already: somebody else's business.
            let _ = fs::remove_file(file);
        }
        while self.folders.pop().is_some() {}
    }
}

/// Refuses to replace what nobody asked to replace, and the bundle itself in any case.
fn check_target(path: &Path, bundle: &Path, force: bool) -> anyhow::Result<()> {
    let Ok(there) = path.symlink_metadata() else {
        return Ok(());
    };
    if there.is_dir() {
        bail!("`{}` is a folder, and a file goes there", path.display());
    }
    // A link is replaced, not what it leads to.
    let is_bundle = !there.is_symlink()
        && platform::file_id(path, &there)? == platform::file_id(bundle, &fs::metadata(bundle)?)?;
    if is_bundle {
        bail!(
            "`{}` exists already and is the bundle itself; unpack it into another folder",
            path.display()
        );
    }
    if !force {
        bail!(
            "`{}` exists already; pass `--force` to replace it",
            path.display()
        );
    }
    Ok(())
}

/// One file to write. The path is below the folder that was asked for.
struct Part {
    path: PathBuf,
    content: Content,
}

enum Content {
    Executable,
    Manifest,
    Source { offset: u64, length: u64 },
}

fn plan(bundle: &Bundle, file: &Path) -> anyhow::Result<Vec<Part>> {
    let failed = || format!("failed to read the manifest of `{}`", file.display());
    let name = match file.file_name() {
        Some(name) if name != MANIFEST_NAME && name != SOURCE_FOLDER => PathBuf::from(name),
        _ => PathBuf::from("executable"),
    };
    let mut parts = vec![
        Part {
            path: name,
            content: Content::Executable,
        },
        Part {
            path: MANIFEST_NAME.into(),
            content: Content::Manifest,
        },
    ];
    let bytes = bundle.manifest().with_context(failed)?;
    // A manifest that cannot be read names no source files; its bytes are unpacked all the same.
    let files = match manifest::read(&bytes) {
        Ok(manifest) => source_files(&manifest, bundle),
        Err(_) => Vec::new(),
    };
    let region = bundle.layout().metadata_start - bundle.layout().source_start;
    let mut paths = HashSet::new();
    let mut total = 0_u64;
    for file in files {
        let path = Path::new(SOURCE_FOLDER).join(safe_path(&file.path)?);
        let end = file.offset.checked_add(file.length);
        if end.is_none_or(|end| end > region) {
            bail!(
                "`{}` in `sources` reaches out of the source region",
                one_line(&file.path)
            );
        }
        if !paths.insert(path.clone()) {
            bail!("`{}` stands twice in `sources`", one_line(&file.path));
        }
        // Else a small bundle could fill the disk with the same bytes again and again.
        total = total.saturating_add(file.length);
        if total > region {
            bail!("the files in `sources` overlap in the source region");
        }
        let content = Content::Source {
            offset: file.offset,
            length: file.length,
        };
        parts.push(Part { path, content });
    }
    if parts.len() == 2 && region > 0 {
        let content = Content::Source {
            offset: 0,
            length: region,
        };
        parts.push(Part {
            path: Path::new(SOURCE_FOLDER).join("source"),
            content,
        });
    }
    Ok(parts)
}

/// Refuses a path that is both a file and a folder: half of the parts would be written before that
/// shows.
fn check_apart(plan: &[Part]) -> anyhow::Result<()> {
    let paths: HashSet<&Path> = plan.iter().map(|part| part.path.as_path()).collect();
    for part in plan {
        let mut folders = part.path.ancestors().skip(1);
        if let Some(folder) = folders.find(|folder| paths.contains(folder)) {
            bail!(
                "the bundle names two source files, `{}` and `{}`, of which one would be a folder \
                 with the other in it",
                one_line(&folder.to_string_lossy()),
                one_line(&part.path.to_string_lossy())
            );
        }
    }
    Ok(())
}

/// A path from a manifest, if it stays below the folder on every system: no root, no `..`, no drive,
/// no device.
fn safe_path(path: &str) -> anyhow::Result<PathBuf> {
    let unsafe_part = |part: &str| {
        let stem = part
            .split('.')
            .next()
            .unwrap_or_default()
            .trim_end()
            .to_ascii_uppercase();
        let device = matches!(
            stem.as_str(),
            "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$"
        ) || (stem.len() == 4
            && (stem.starts_with("COM") || stem.starts_with("LPT"))
            && stem.ends_with(|c: char| c.is_ascii_digit()));
        part.is_empty()
            || part == "."
            || part == ".."
            || device
            || part.ends_with([' ', '.'])
            || part.contains(|c: char| c.is_control() || "\\:*?\"<>|".contains(c))
    };
    let wrong = path.len() > MAX_PATH
        || path.split('/').any(unsafe_part)
        || !Path::new(path)
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
    if wrong {
        bail!(
            "the bundle names a source file `{}`, which cannot be written safely; look at it with \
             `cargo airflow-bundle inspect --source`",
            one_line(path)
        );
    }
    Ok(PathBuf::from(path))
}

/// Writes a part to a temporary file beside its place.
fn stage(bundle: &Bundle, part: &Part, root: &Path, new: &mut New) -> anyhow::Result<TempPath> {
    let path = root.join(&part.path);
    let failed = || format!("failed to write `{}`", path.display());
    let folder = path.parent().unwrap_or(root);
    no_links(root, folder)?;
    new.folders
        .push(NewFolders::make(folder).with_context(failed)?);
    // Not as the writer's: there may be too many to keep them all open and locked.
    let mut file = temporary::create(folder, ".airflow-unpack-", ".tmp").with_context(failed)?;
    match part.content {
        Content::Executable => {
            copy(bundle.executable(), file.as_file_mut()).with_context(failed)?;
            platform::make_executable(file.as_file()).with_context(failed)?;
        }
        Content::Manifest => {
            copy(bundle.manifest()?.as_slice(), file.as_file_mut()).with_context(failed)?;
            platform::make_readable(file.as_file()).with_context(failed)?;
        }
        Content::Source { offset, length } => {
            let source = bundle.source_range(offset..offset + length);
            let source = source.context("the source region is too short")?;
            copy(source, file.as_file_mut()).with_context(failed)?;
            platform::make_readable(file.as_file()).with_context(failed)?;
        }
    }
    Ok(file.into_temp_path())
}

fn copy(mut from: impl Read, to: &mut File) -> anyhow::Result<()> {
    let mut buffer = vec![0; 256 << 10];
    loop {
        interrupt::check()?;
        let count = from.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        to.write_all(buffer.get(..count).unwrap_or_default())?;
    }
}

/// Refuses to walk through a symbolic link below `root`: it may lead out of it.
fn no_links(root: &Path, folder: &Path) -> anyhow::Result<()> {
    for below in folder.ancestors().take_while(|path| *path != root) {
        if fs::symlink_metadata(below).is_ok_and(|metadata| metadata.is_symlink()) {
            bail!(
                "`{}` is a symbolic link; nothing is written through it",
                below.display()
            );
        }
    }
    Ok(())
}

fn publish(file: TempPath, path: &Path, force: bool) -> io::Result<()> {
    if force {
        file.persist(path).map(drop).map_err(|error| error.error)
    } else {
        file.persist_noclobber(path)
            .map(drop)
            .map_err(|error| error.error)
    }
}

#[cfg(test)]
mod tests {
    use super::safe_path;

    #[test]
    fn paths_that_could_lead_out_are_refused() {
        for path in [
            "main.rs",
            "src/main.rs",
            "a/b/c.rs",
            "größe/日本.rs",
            "-rf",
            "src/..rs",
        ] {
            assert!(safe_path(path).is_ok(), "{path}");
        }
        for path in [
            "",
            ".",
            "..",
            "/etc/passwd",
            "../x",
            "a/../../x",
            "a//b",
            "a/",
            "./a",
            "C:\\x",
            "C:x",
            "\\\\server\\x",
            "a\\b",
            "NUL",
            "con.txt",
            "src/COM1",
            "a\0b",
            "a\nb",
            "x.",
            "x ",
            "a:b",
            &"a/".repeat(3000),
            &"a".repeat(5000),
        ] {
            assert!(safe_path(path).is_err(), "{path:?}");
        }
    }
}
