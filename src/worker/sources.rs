//! The files of the source region, as a manifest names them.

use std::collections::HashMap;

use pyyaml_safe_load::{Value, ValueRef};

use super::manifest::WorkerManifest;
use crate::bundle::digest::Sha256Digest;
use crate::bundle::reader::{Bundle, hash_and_look};
use crate::utf8::Utf8Check;

/// A file in the source region. Offsets and lengths in bytes, unchecked.
pub(crate) struct SourceFile {
    pub(crate) path: String,
    pub(crate) offset: u64,
    pub(crate) length: u64,
}

/// The source files that a manifest names: those in `sources`, or the whole region as `source`.
pub(crate) fn source_files(manifest: &WorkerManifest, bundle: &Bundle) -> Vec<SourceFile> {
    let root = manifest.root();
    let listed: Vec<_> = root
        .get("sources")
        .into_iter()
        .flat_map(ValueRef::items)
        .filter_map(|file| {
            let (offset, length) = place(file)?;
            Some(SourceFile {
                path: file.get("path")?.as_str()?.to_owned(),
                offset,
                length,
            })
        })
        .collect();
    if !listed.is_empty() {
        return listed;
    }
    let layout = bundle.layout();
    let whole = |path: &str| SourceFile {
        path: path.to_owned(),
        offset: 0,
        length: layout.metadata_start - layout.source_start,
    };
    let name = root.get("source").and_then(ValueRef::as_str);
    name.map(whole).into_iter().collect()
}

/// Offset and length of an entry of `sources`.
pub(super) fn place(file: ValueRef<'_>) -> Option<(u64, u64)> {
    let number = |key| match file.get(key)?.value() {
        Value::Int(int) => int.to_i128().and_then(|int| u64::try_from(int).ok()),
        _ => None,
    };
    Some((number("offset")?, number("length")?))
}

/// The files of the source region that were read; each is read once.
pub(super) struct ReadSources<'b> {
    bundle: &'b Bundle,
    files: HashMap<(u64, u64), Option<ReadFile>>,
    /// How many bytes more are read. A manifest may name the same bytes any number of times.
    budget: u64,
}

/// What was seen of a file while it was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReadFile {
    pub(super) digest: Sha256Digest,
    pub(super) is_utf8: bool,
}

impl<'b> ReadSources<'b> {
    pub(super) fn new(bundle: &'b Bundle) -> Self {
        Self {
            bundle,
            files: HashMap::new(),
            // Once for the files back to back, and once more for files that are not.
            budget: 2 * bundle.source().size(),
        }
    }

    pub(super) fn bundle(&self) -> &'b Bundle {
        self.bundle
    }

    /// Reads a file; `None` if it reaches out of the region, or too much was read already.
    pub(super) fn file(&mut self, offset: u64, length: u64) -> Option<ReadFile> {
        if let Some(known) = self.files.get(&(offset, length)) {
            return *known;
        }
        let read = self.read(offset, length);
        self.files.insert((offset, length), read);
        read
    }

    fn read(&mut self, offset: u64, length: u64) -> Option<ReadFile> {
        let end = offset.checked_add(length)?;
        let region = self.bundle.source_range(offset..end)?;
        self.budget = self.budget.checked_sub(length)?;
        let mut utf8 = Utf8Check::default();
        let mut is_utf8 = true;
        let digest = hash_and_look(region, |piece| is_utf8 &= utf8.feed(piece).is_ok());
        Some(ReadFile {
            digest: digest.ok()?,
            is_utf8: is_utf8 && utf8.finish().is_ok(),
        })
    }
}
