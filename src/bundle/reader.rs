//! Opens a bundle from its end and lends its regions. Nothing in a bundle is trusted: lengths are
//! checked before they are used, and regions are streamed.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::digest::Sha256Digest;
use super::trailer::{Layout, TRAILER_LEN, Trailer, TrailerError};
use crate::platform;

/// The longest manifest that [`Bundle::manifest`] reads, in bytes. A manifest is a few kilobytes;
/// Airflow's own YAML reader would need many minutes for one of this length, and ours needs up to
/// forty times its length in memory.
pub const MANIFEST_LIMIT: u64 = 16 << 20;

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
    trailer: Trailer,
    layout: Layout,
    size: u64,
}

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

impl std::error::Error for ReadError {}

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
        Self::open_regular(path)
    }

    /// As [`Self::open`], for a path that was seen to be a regular file.
    pub(crate) fn open_regular(path: &Path) -> Result<Self, ReadError> {
        // It may have become a pipe, which would wait for a writer.
        Self::from_file(platform::open_without_waiting(path)?)
    }

    /// Reads the trailer of an open file.
    pub fn from_file(mut file: File) -> Result<Self, ReadError> {
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(ReadError::NotAFile);
        }
        let size = metadata.len();
        let Some(trailer_start) = size.checked_sub(TRAILER_LEN as u64) else {
            return Err(TrailerError::NoMagic.into());
        };
        let mut bytes = [0; TRAILER_LEN];
        file.seek(SeekFrom::Start(trailer_start))?;
        file.read_exact(&mut bytes)?;
        let trailer = Trailer::decode(&bytes)?;
        let layout = trailer.layout(size)?;
        Ok(Self {
            file,
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

    /// The open file, for its metadata.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// The executable region as a stream. Two streams of one bundle share a file position, so one
    /// must be finished before the next is started.
    pub fn executable(&self) -> Result<impl Read + '_, ReadError> {
        self.region(0..self.layout.source_start)
    }

    /// The source region as a stream.
    pub fn source(&self) -> Result<impl Read + '_, ReadError> {
        self.region(self.layout.source_start..self.layout.metadata_start)
    }

    /// `range` of the source region as a stream, or `None` if it is not inside the region.
    /// Offsets are from the start of the region, in bytes.
    pub fn source_range(&self, range: Range<u64>) -> Result<Option<impl Read + '_>, ReadError> {
        let start = self.layout.source_start;
        if range.start > range.end || range.end > self.layout.metadata_start - start {
            return Ok(None);
        }
        self.region(start + range.start..start + range.end)
            .map(Some)
    }

    /// The manifest's bytes, as they are.
    pub fn manifest(&self) -> Result<Vec<u8>, ReadError> {
        let length = self.layout.trailer_start - self.layout.metadata_start;
        if length > MANIFEST_LIMIT {
            return Err(ReadError::ManifestTooLong(length));
        }
        let mut bytes = Vec::new();
        self.region(self.layout.metadata_start..self.layout.trailer_start)?
            .read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Hashes the executable region. The trailer's `binary_sha256` must equal it.
    pub fn compute_digest(&self) -> Result<Sha256Digest, ReadError> {
        hash(self.executable()?)
    }

    /// Hashes the source region.
    pub fn compute_source_digest(&self) -> Result<Sha256Digest, ReadError> {
        hash(self.source()?)
    }

    fn region(&self, range: Range<u64>) -> Result<Region<'_>, ReadError> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(range.start))?;
        Ok(Region {
            file,
            remaining: range.end - range.start,
        })
    }
}

/// Hashes a stream to its end in constant memory.
pub fn hash(mut stream: impl Read) -> Result<Sha256Digest, ReadError> {
    let mut hasher = Sha256::new();
    // Larger ones come from the system anew each time, which costs more than hashing a small bundle.
    let mut buffer = vec![0; 64 << 10];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(hasher.into()),
            Ok(count) => hasher.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// A part of a file. Ends in an error, not in silence, where the file is shorter than the part.
struct Region<'a> {
    file: &'a File,
    remaining: u64,
}

impl Read for Region<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = buffer
            .len()
            .min(usize::try_from(self.remaining).unwrap_or(usize::MAX));
        if wanted == 0 {
            return Ok(0);
        }
        let count = self.file.read(&mut buffer[..wanted])?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.remaining -= count as u64;
        Ok(count)
    }
}
