//! Writes a bundle in one pass over its inputs, in constant memory.
//!
//! The executable is hashed on a second thread from the same buffers that are written. Where the
//! output holds a bundle already, the inputs are compared with it first, and nothing is written as
//! long as they are equal: workers key their digest cache on inode and modification time.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

pub use super::digest::RegionDigests;
pub use super::error::WriteError;

use super::digest::Sha256Digest;
use super::hasher::HashThread;
use super::input::Input;
use super::output::{NewFolders, Output};
use super::reader::Bundle;
use super::sink::Sink;
use super::staging;
use super::trailer::{TRAILER_LEN, Trailer};
use crate::utf8::Utf8Check;

/// What goes into a bundle, apart from the manifest.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// The executable, unchanged.
    pub executable: &'a Input,
    /// The source file.
    pub source: &'a Input,
}

/// A bundle that was written, or was found to be there already.
#[derive(Debug, Clone)]
pub struct Packed {
    /// Absolute path of the bundle.
    pub path: PathBuf,
    /// SHA-256 of the executable.
    pub binary_sha256: Sha256Digest,
    /// Size of the bundle, in bytes.
    pub size: u64,
    /// The same bytes were there already and were left alone.
    pub fresh: bool,
}

/// Writes the bundle of `parts` to `output`. `render` makes the manifest once the digests are known.
/// Between buffers, `stop` is read: once it is true, the pack ends with [`WriteError::Interrupted`].
///
/// The bundle appears whole or not at all: it is written to a file in a folder that only root can list, synced, made executable
/// (0755) and renamed. That folder is above [`Output::root`] where this is writable and on the same file system, so that not
/// even root's worker, if it scans the root, finds the bundle under another name. Files that killed writers have left are
/// removed.
pub fn write_bundle(
    parts: Parts<'_>,
    output: &Output,
    stop: &AtomicBool,
    render: impl FnOnce(&RegionDigests) -> Result<Vec<u8>, String>,
) -> Result<Packed, WriteError> {
    write_bundle_if(parts, output, stop, render, &mut || true)
}

/// Does what [`write_bundle`] does, but asks `wanted` before anything is written, and stops with [`WriteError::Declined`] where
/// that says no. It is not asked where the same bytes are there already. It may be asked in the middle of reading, so it must
/// not read from the open files of `parts`.
pub fn write_bundle_if(
    parts: Parts<'_>,
    output: &Output,
    stop: &AtomicBool,
    render: impl FnOnce(&RegionDigests) -> Result<Vec<u8>, String>,
    wanted: &mut dyn FnMut() -> bool,
) -> Result<Packed, WriteError> {
    region_len("source", parts.source.size())?;
    let existing = matching_bundle(parts.executable, output);
    // To make folders is to write, so `wanted` is asked before. Where a bundle stands already no folder is missing, and the
    // sink asks at the first difference.
    let mut asked = existing.is_none();
    if asked && !wanted() {
        return Err(WriteError::Declined);
    }
    let mut wanted = || std::mem::replace(&mut asked, true) || wanted();
    let folder = output.path().parent().unwrap_or(Path::new("."));
    let new_folders = NewFolders::make(folder)
        .map_err(|error| WriteError::Write("create the folder", folder.to_owned(), error))?;
    staging::remove_left(folder);
    if let Some(above) = staging::above(output.root()) {
        staging::remove_left(&above);
    }
    let mut sink = Sink::new(output, existing, new_folders, &mut wanted);

    let executable = copy_executable(parts.executable, &mut sink, stop)?;
    let (source, source_len) = copy_source(parts.source, &mut sink, stop)?;
    let manifest = render(&RegionDigests {
        executable,
        source,
        source_len,
    })
    .map_err(WriteError::Manifest)?;
    let trailer = Trailer {
        source_len: region_len("source", source_len)?,
        metadata_len: region_len("manifest", manifest.len() as u64)?,
        binary_sha256: executable.0,
    };
    sink.put(&manifest)?;
    sink.put(&trailer.encode())?;

    for input in [parts.executable, parts.source] {
        let changed = input
            .changed()
            .map_err(|error| WriteError::Read(input.path().to_owned(), error))?;
        if changed {
            return Err(WriteError::Changed(input.path().to_owned()));
        }
    }
    if stop.load(Ordering::Relaxed) {
        return Err(WriteError::Interrupted);
    }
    let fresh = sink.finish()?;
    Ok(Packed {
        path: output.path().to_owned(),
        binary_sha256: executable,
        size: parts.executable.size() + source_len + manifest.len() as u64 + TRAILER_LEN as u64,
        fresh,
    })
}

fn region_len(region: &'static str, length: u64) -> Result<u32, WriteError> {
    u32::try_from(length).map_err(|_| WriteError::TooLong(region, length))
}

/// The bundle at `output`, if it may hold this very executable.
fn matching_bundle(executable: &Input, output: &Output) -> Option<File> {
    if !output.exists() {
        return None;
    }
    let bundle = Bundle::open(output.path()).ok()?;
    let may_match = bundle.layout().source_start == executable.size();
    may_match.then(|| bundle.into_file())
}

fn copy_executable(
    input: &Input,
    sink: &mut Sink<'_>,
    stop: &AtomicBool,
) -> Result<Sha256Digest, WriteError> {
    rewind(input)?;
    let mut length = 0;
    let digest = std::thread::scope(|scope| {
        let mut hasher = HashThread::start(scope);
        loop {
            if stop.load(Ordering::Relaxed) {
                return Err(WriteError::Interrupted);
            }
            let mut buffer = hasher.buffer();
            if read_some(input, &mut buffer)? == 0 {
                return Ok(hasher.finish());
            }
            length += buffer.len() as u64;
            let shared = hasher.hash(buffer);
            sink.put(&shared)?;
        }
    })?;
    // The parts of a bundle would not fit if the file had grown or shrunk since it was opened.
    if length != input.size() {
        return Err(WriteError::Changed(input.path().to_owned()));
    }
    Ok(digest)
}

fn copy_source(
    input: &Input,
    sink: &mut Sink<'_>,
    stop: &AtomicBool,
) -> Result<(Sha256Digest, u64), WriteError> {
    rewind(input)?;
    let mut hasher = sha2::Sha256::default();
    let mut utf8 = Utf8Check::default();
    let mut buffer = Vec::with_capacity(super::hasher::BUFFER_LEN);
    let mut length = 0;
    let not_utf8 = |line| WriteError::NotUtf8(input.path().to_owned(), line);
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(WriteError::Interrupted);
        }
        if read_some(input, &mut buffer)? == 0 {
            break;
        }
        length += buffer.len() as u64;
        utf8.feed(&buffer).map_err(not_utf8)?;
        sha2::Digest::update(&mut hasher, &buffer);
        sink.put(&buffer)?;
    }
    utf8.finish().map_err(not_utf8)?;
    if length != input.size() {
        return Err(WriteError::Changed(input.path().to_owned()));
    }
    Ok((hasher.into(), length))
}

/// Refuses a source that [`write_bundle`] would refuse, before anything is built or written.
///
/// # Errors
/// [`WriteError::TooLong`], [`WriteError::NotUtf8`], or that it cannot be read.
pub fn check_source(input: &Input, stop: &AtomicBool) -> Result<(), WriteError> {
    region_len("source", input.size())?;
    rewind(input)?;
    let mut utf8 = Utf8Check::default();
    let mut buffer = Vec::with_capacity(super::hasher::BUFFER_LEN);
    let not_utf8 = |line| WriteError::NotUtf8(input.path().to_owned(), line);
    while read_some(input, &mut buffer)? > 0 {
        if stop.load(Ordering::Relaxed) {
            return Err(WriteError::Interrupted);
        }
        utf8.feed(&buffer).map_err(not_utf8)?;
    }
    utf8.finish().map_err(not_utf8)
}

fn rewind(input: &Input) -> Result<(), WriteError> {
    input
        .file()
        .rewind()
        .map_err(|error| WriteError::Read(input.path().to_owned(), error))
}

/// Fills `buffer` as far as its capacity goes. Returns the number of bytes, 0 at the end.
fn read_some(input: &Input, buffer: &mut Vec<u8>) -> Result<usize, WriteError> {
    buffer.clear();
    let limit = buffer.capacity() as u64;
    input
        .file()
        .take(limit)
        .read_to_end(buffer)
        .map_err(|error| WriteError::Read(input.path().to_owned(), error))
}
