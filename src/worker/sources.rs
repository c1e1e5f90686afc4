//! The files of the source region, as a manifest names them.

use pyyaml_safe_load::{Value, ValueRef};

use super::manifest::WorkerManifest;
use crate::bundle::reader::Bundle;

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
