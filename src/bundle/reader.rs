//! Opens a bundle from its end and lends its regions. Nothing in a bundle is trusted: lengths are
//! checked before they are used, and regions are streamed.

use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::digest::Sha256Digest;
use super::trailer::{Layout, MAGIC, TRAILER_LEN, Trailer, TrailerError};
use crate::platform;

/// The longest manifest that [`Bundle::manifest`] reads, in bytes. A manifest is a few kilobytes;
/// Airflow's own YAML reader would need many minutes for one of this length, and ours needs up to
/// forty times its length in memory.
pub const MANIFEST_LIMIT: u64 = airflow_protocol::record::MANIFEST_LIMIT as u64;

/// An open bundle.
///
/// ```no_run
/// use cargo_airflow_bundle::bundle::reader::Bundle;
///
/// let bundle = Bundle::open("target/release/airflow-bundle/etl".as_ref())?;
/// assert_eq!(bundle.compute_digest()?.0, bundle.trailer().binary_sha256);
/// println!("{}", String::from_utf8_lossy(&bundle.manifest()?));
/// # Ok::<(), cargo_airflow_bundle::bundle::reader::ReadError>(())
/// ```
#[derive(Debug)]
pub struct Bundle {
    file: File,
    metadata: Metadata,
    trailer: Trailer,
    layout: Layout,
    size: u64,
    /// The end of the file: the trailer, mostly the manifest, and all of a small bundle.
    tail: Vec<u8>,
}

/// How much of a file's end is read at once, in bytes. A folder has many files that are no bundles, and is searched in
/// little more time than it takes to open them.
const TAIL: usize = 4 << 10;

/// Why a file could not be read as a bundle.
#[derive(Debug)]
pub enum ReadError {
    /// The operating system refused.
    Io(io::Error),
    /// A folder, pipe or device.
    NotAFile,
    /// The trailer is missing or broken.
    Trailer(TrailerError),
    /// The manifest is longer than [`MANIFEST_LIMIT`].
    ManifestTooLong(u64),
    /// The file became shorter while it was read.
    Truncated,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::NotAFile => f.write_str("not a regular file"),
            Self::Trailer(error) => write!(f, "{error}"),
            Self::ManifestTooLong(length) => write!(
                f,
                "the manifest has {length} bytes; more than {MANIFEST_LIMIT} are not read"
            ),
            Self::Truncated => f.write_str("the file became shorter while it was read"),
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // `Display` holds the inner text already.
            Self::Io(error) => error.source(),
            Self::Trailer(error) => error.source(),
            Self::NotAFile | Self::ManifestTooLong(_) | Self::Truncated => None,
        }
    }
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Truncated,
            _ => Self::Io(error),
        }
    }
}

impl From<TrailerError> for ReadError {
    fn from(error: TrailerError) -> Self {
        Self::Trailer(error)
    }
}

impl Bundle {
    /// Opens the bundle at `path`. Reads the trailer only.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        // To open a device may do something, so the kind of file is asked first.
        if !std::fs::metadata(path)?.is_file() {
            return Err(ReadError::NotAFile);
        }
        // It may have become a pipe, which would wait for a writer.
        Self::from_file(platform::open_without_waiting(path)?)
    }

    /// As [`Self::open`], for a path that was seen to be a regular file. If that file does not end as a bundle does, `other`
    /// looks at it, its size and its last bytes, and the file comes back with what `other` has returned.
    pub(crate) fn open_regular<T>(
        path: &Path,
        other: impl FnOnce(&File, u64, &[u8]) -> T,
    ) -> Result<Result<Self, (File, T)>, ReadError> {
        // It may have become a pipe, which would wait for a writer.
        let mut file = platform::open_without_waiting(path)?;
        let mut tail = [0; TAIL];
        let (size, tail) = read_end(&mut file, &mut tail)?;
        if tail.len() >= TRAILER_LEN && tail.ends_with(&MAGIC) {
            return Self::from_end(file, size, tail).map(Ok);
        }
        let seen = other(&file, size, tail);
        Ok(Err((file, seen)))
    }

    /// Reads the trailer of an open file.
    pub fn from_file(mut file: File) -> Result<Self, ReadError> {
        let mut tail = [0; TAIL];
        let (size, tail) = read_end(&mut file, &mut tail)?;
        Self::from_end(file, size, tail)
    }

    fn from_end(file: File, size: u64, tail: &[u8]) -> Result<Self, ReadError> {
        let bytes = tail.last_chunk().ok_or(TrailerError::NoMagic)?;
        let trailer = Trailer::decode(bytes)?;
        // Only now, because most files in a folder are no bundles.
        let metadata = regular(&file)?;
        let layout = trailer.layout(size)?;
        Ok(Self {
            tail: tail.to_vec(),
            file,
            metadata,
            trailer,
            layout,
            size,
        })
    }

    /// What the trailer records.
    pub fn trailer(&self) -> &Trailer {
        &self.trailer
    }

    /// Where the regions lie.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Size of the whole file, in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The file's metadata, as they were when it was opened.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The open file.
    pub fn into_file(self) -> File {
        self.file
    }

    /// The executable region.
    pub fn executable(&self) -> Region<'_> {
        self.region(0..self.layout.source_start)
    }

    /// The source region.
    pub fn source(&self) -> Region<'_> {
        self.region(self.layout.source_start..self.layout.metadata_start)
    }

    /// `range` of the source region, or `None` if it is not inside the region. Offsets are from the start of the region,
    /// in bytes.
    pub fn source_range(&self, range: Range<u64>) -> Option<Region<'_>> {
        let start = self.layout.source_start;
        if range.start > range.end || range.end > self.layout.metadata_start - start {
            return None;
        }
        Some(self.region(start + range.start..start + range.end))
    }

    /// The manifest's bytes, as they are.
    pub fn manifest(&self) -> Result<Vec<u8>, ReadError> {
        let length = self.layout.trailer_start - self.layout.metadata_start;
        if length > MANIFEST_LIMIT {
            return Err(ReadError::ManifestTooLong(length));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        self.region(self.layout.metadata_start..self.layout.trailer_start)
            .read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Hashes the executable region. The trailer's `binary_sha256` must equal it.
    pub fn compute_digest(&self) -> Result<Sha256Digest, ReadError> {
        hash(self.executable())
    }

    /// Hashes the source region.
    pub fn compute_source_digest(&self) -> Result<Sha256Digest, ReadError> {
        hash(self.source())
    }

    fn region(&self, range: Range<u64>) -> Region<'_> {
        Region {
            bundle: self,
            range,
            position: 0,
        }
    }

    /// Reads from `position` on, at most to the end of the file as it was opened.
    fn read_at(&self, position: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let tail_start = self.size - self.tail.len() as u64;
        if let Some(within) = position.checked_sub(tail_start) {
            let within = usize::try_from(within).unwrap_or(usize::MAX);
            return self.tail.get(within..).unwrap_or_default().read(buffer);
        }
        let before_tail = usize::try_from(tail_start - position).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(before_tail);
        platform::read_at(&self.file, &mut buffer[..wanted], position)
    }
}

/// The metadata of an open file, if it is a regular one.
fn regular(file: &File) -> Result<Metadata, ReadError> {
    let metadata = file.metadata()?;
    if metadata.is_file() {
        Ok(metadata)
    } else {
        Err(ReadError::NotAFile)
    }
}

/// The size of an open file, and its last bytes, read into `buffer`.
fn read_end<'a>(file: &mut File, buffer: &'a mut [u8]) -> Result<(u64, &'a [u8]), ReadError> {
    let size = match file.seek(SeekFrom::End(0)) {
        Ok(size @ 1..) => size,
        // Devices and folders may have an end too; some files in `/proc` have none.
        Ok(0) | Err(_) => regular(file)?.len(),
    };
    match read_tail(file, size, buffer) {
        Ok(tail) => Ok((size, tail)),
        Err(error) => {
            regular(file)?;
            Err(error.into())
        }
    }
}

/// The last bytes of a file of `size` bytes, read into `buffer`.
fn read_tail<'a>(file: &File, size: u64, buffer: &'a mut [u8]) -> io::Result<&'a [u8]> {
    let length = buffer
        .len()
        .min(usize::try_from(size).unwrap_or(usize::MAX));
    let tail = &mut buffer[..length];
    let mut done = 0;
    while done < length {
        let position = size - (length - done) as u64;
        match platform::read_at(file, &mut tail[done..], position) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(tail)
}

/// The most bytes that are hashed at once: what the nearest cache of a processor holds. Half as many take longer, and twice as
/// many too.
const HASHED_AT_ONCE: u64 = 32 << 10;

/// Hashes a region in constant memory, from its position to its end.
pub fn hash(region: Region<'_>) -> Result<Sha256Digest, ReadError> {
    hash_and_look(region, |_| {})
}

/// As [`hash`]. `look` sees the bytes too, piece by piece.
pub(crate) fn hash_and_look(
    mut region: Region<'_>,
    mut look: impl FnMut(&[u8]),
) -> Result<Sha256Digest, ReadError> {
    let mut hasher = Sha256::new();
    // Not more than the region has: to clear a larger buffer would cost more than to hash a small bundle.
    let length = region.size().min(HASHED_AT_ONCE);
    let mut buffer = vec![0; usize::try_from(length).unwrap_or_default()];
    loop {
        match region.read(&mut buffer) {
            Ok(0) => return Ok(hasher.into()),
            Ok(count) => {
                let piece = &buffer[..count];
                hasher.update(piece);
                look(piece);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// A part of a bundle as a stream, with a position of its own. Ends in an error, not in silence, where the file has become
/// shorter than the part.
#[derive(Debug, Clone)]
pub struct Region<'a> {
    bundle: &'a Bundle,
    range: Range<u64>,
    /// From the start of the range.
    position: u64,
}

impl Region<'_> {
    /// The length in bytes.
    pub fn size(&self) -> u64 {
        self.range.end - self.range.start
    }
}

impl Read for Region<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let remaining = self.size().saturating_sub(self.position);
        let wanted = buffer
            .len()
            .min(usize::try_from(remaining).unwrap_or(usize::MAX));
        if wanted == 0 {
            return Ok(0);
        }
        let position = self.range.start + self.position;
        let count = self.bundle.read_at(position, &mut buffer[..wanted])?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for Region<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.size().checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use super::*;
    use std::io::Write as _;

    /// A bundle with `length` bytes of executable, from 0 to 250 again and again, then `source` and `manifest`.
    fn bundle(length: usize) -> (Vec<u8>, Bundle) {
        let executable: Vec<u8> = (0..=250).cycle().take(length).collect();
        let trailer = Trailer {
            source_len: 6,
            metadata_len: 8,
            binary_sha256: Sha256::digest(&executable).into(),
        };
        let mut file = tempfile::tempfile().unwrap();
        let bytes = [&executable, &b"sourcemanifest"[..], &trailer.encode()].concat();
        file.write_all(&bytes).unwrap();
        (bytes, Bundle::from_file(file).unwrap())
    }

    #[test]
    fn regions_are_read_across_the_start_of_the_tail() {
        for length in [1, TAIL - 78, TAIL - 77, TAIL, 3 * TAIL] {
            let (bytes, bundle) = bundle(length);
            let mut executable = Vec::new();
            bundle.executable().read_to_end(&mut executable).unwrap();
            assert_eq!(executable, bytes[..length]);
            assert_eq!(bundle.manifest().unwrap(), b"manifest");
            assert_eq!(
                bundle.compute_digest().unwrap().0,
                bundle.trailer().binary_sha256
            );
            // Two streams do not disturb each other.
            let mut first = bundle.source_range(0..3).unwrap();
            let second = io::read_to_string(bundle.source_range(3..6).unwrap()).unwrap();
            let mut start = [0; 3];
            first.read_exact(&mut start).unwrap();
            assert_eq!((&start, second.as_str()), (b"sou", "rce"));
            assert!(bundle.source_range(3..7).is_none());
        }
    }

    #[test]
    fn a_region_has_a_position_of_its_own() {
        let (bytes, bundle) = bundle(2 * TAIL);
        let mut region = bundle.executable();
        let mut byte = [0];
        for (to, position) in [
            (SeekFrom::Start(7), 7),
            (SeekFrom::Current(1 << 12), (1 << 12) + 8),
            (SeekFrom::End(-1), 2 * TAIL - 1),
        ] {
            assert_eq!(region.seek(to).unwrap(), position as u64);
            region.read_exact(&mut byte).unwrap();
            assert_eq!(byte[0], bytes[position]);
        }
        assert!(region.seek(SeekFrom::Current(-(1 << 20))).is_err());
        region.seek(SeekFrom::Start(u64::MAX)).unwrap();
        assert_eq!(region.read(&mut byte).unwrap(), 0);
    }

    #[test]
    fn a_file_that_shrinks_is_truncated() {
        let (_, bundle) = bundle(3 * TAIL);
        let file = bundle.file.try_clone().unwrap();
        file.set_len(10).unwrap();
        assert!(matches!(bundle.compute_digest(), Err(ReadError::Truncated)));
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_or_pipe_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = io::pipe().unwrap();
        for file in [
            File::open(folder.path()).unwrap(),
            File::from(std::os::fd::OwnedFd::from(pipe.0)),
        ] {
            assert!(matches!(Bundle::from_file(file), Err(ReadError::NotAFile)));
        }
    }
}
