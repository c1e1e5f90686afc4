//! Bounded, positioned reads of one part of a file.
//!
//! Everything that this module's siblings read goes through a [`Region`]. It keeps a few small blocks, whatever the
//! size of the file, so that walking a table of many small entries costs few system calls and constant memory.

use std::io::{self, Read, Seek, SeekFrom};

use object::pod::{self, Pod};

/// Bytes in a cached block.
const BLOCK: usize = 8 * 1024;
/// Blocks kept: a table, its names and two more.
const BLOCKS: usize = 4;
/// The largest header structure that is read as one value, in bytes.
const LARGEST_VALUE: usize = 256;

/// What a region reads from.
pub(super) trait Source: Read + Seek {}

impl<T: Read + Seek> Source for T {}

/// Why bytes could not be read.
#[derive(Debug)]
pub(super) enum Fault {
    /// The operating system failed.
    Io(io::Error),
    /// The bytes lie beyond the end of the region.
    Outside {
        /// What was to be read.
        what: &'static str,
        /// Where it would end, in bytes from the start of the region.
        end: u64,
        /// The length of the region, in bytes.
        len: u64,
    },
}

/// The bytes `[start, start + len)` of a source, addressed from zero.
pub(super) struct Region<'a> {
    source: &'a mut dyn Source,
    start: u64,
    len: u64,
    blocks: [Block; BLOCKS],
    oldest: usize,
}

#[derive(Default)]
struct Block {
    offset: u64,
    bytes: Vec<u8>,
}

#[repr(C, align(16))]
struct Aligned([u8; LARGEST_VALUE]);

impl<'a> Region<'a> {
    pub(super) fn new(source: &'a mut dyn Source, start: u64, len: u64) -> Self {
        Self {
            source,
            start,
            // An end past `u64::MAX` cannot be addressed; what lies there is then simply outside.
            len: len.min(u64::MAX - start),
            blocks: Default::default(),
            oldest: 0,
        }
    }

    /// The length in bytes.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// A part of this region as a region of its own.
    pub(super) fn part(
        &mut self,
        what: &'static str,
        offset: u64,
        len: u64,
    ) -> Result<Region<'_>, Fault> {
        self.check(what, offset, len)?;
        Ok(Region::new(&mut *self.source, self.start + offset, len))
    }

    /// Fails if the region does not hold the bytes `[offset, offset + size)`.
    pub(super) fn check(&self, what: &'static str, offset: u64, size: u64) -> Result<(), Fault> {
        let end = offset.saturating_add(size);
        if end > self.len {
            return Err(Fault::Outside {
                what,
                end,
                len: self.len,
            });
        }
        Ok(())
    }

    /// Fills `target` from `offset` on.
    pub(super) fn read(
        &mut self,
        what: &'static str,
        offset: u64,
        target: &mut [u8],
    ) -> Result<(), Fault> {
        self.check(what, offset, target.len() as u64)?;
        let mut done = 0;
        while let Some(rest) = target.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let position = offset + done as u64;
            let block_offset = position - position % BLOCK as u64;
            let within = usize::try_from(position - block_offset).unwrap_or(BLOCK);
            let available = self.block(block_offset).map_err(Fault::Io)?;
            // The slice is a reader of its own, which stops at the shorter of the two.
            let count = available
                .get(within..)
                .unwrap_or_default()
                .read(rest)
                .map_err(Fault::Io)?;
            if count == 0 {
                // The file is shorter than the region that the caller promised: it shrank meanwhile.
                return Err(Fault::Io(io::ErrorKind::UnexpectedEof.into()));
            }
            done += count;
        }
        Ok(())
    }

    /// Reads one header structure.
    pub(super) fn value<T: Pod>(&mut self, what: &'static str, offset: u64) -> Result<T, Fault> {
        const { assert!(size_of::<T>() <= LARGEST_VALUE && align_of::<T>() <= 16) };
        let mut buffer = Aligned([0; LARGEST_VALUE]);
        let (head, _) = buffer.0.split_at_mut(size_of::<T>());
        self.read(what, offset, head)?;
        match pod::from_bytes::<T>(head) {
            Ok((value, _)) => Ok(*value),
            Err(()) => Err(Fault::Io(io::ErrorKind::InvalidData.into())),
        }
    }

    /// Reads at most `N` bytes: fewer, or none, where the region ends before. Returns the bytes and how many they are.
    pub(super) fn head<const N: usize>(&mut self, offset: u64) -> Result<([u8; N], usize), Fault> {
        let mut bytes = [0; N];
        let count = usize::try_from(self.len.saturating_sub(offset)).map_or(N, |left| left.min(N));
        if count != 0 {
            let (head, _) = bytes.split_at_mut(count);
            self.read("the file", offset, head)?;
        }
        Ok((bytes, count))
    }

    /// Reads `size` bytes, which the caller has bounded. Nothing is allocated for bytes that the region lacks.
    pub(super) fn bytes(
        &mut self,
        what: &'static str,
        offset: u64,
        size: usize,
    ) -> Result<Vec<u8>, Fault> {
        self.check(what, offset, size as u64)?;
        let mut bytes = vec![0; size];
        self.read(what, offset, &mut bytes)?;
        Ok(bytes)
    }

    /// The block that begins at `offset`, a multiple of the block size inside the region.
    fn block(&mut self, offset: u64) -> io::Result<&[u8]> {
        let cached = self
            .blocks
            .iter()
            .position(|block| block.offset == offset && !block.bytes.is_empty());
        let index = match cached {
            Some(index) => index,
            None => self.load(offset)?,
        };
        Ok(self
            .blocks
            .get(index)
            .map_or(&[], |block| block.bytes.as_slice()))
    }

    fn load(&mut self, offset: u64) -> io::Result<usize> {
        let index = self.oldest;
        self.oldest = (index + 1) % BLOCKS;
        let count = (self.len - offset).min(BLOCK as u64);
        if let Some(block) = self.blocks.get_mut(index) {
            block.bytes.clear();
            // Else it is read in many small pieces that double in size.
            block.bytes.reserve(usize::try_from(count).unwrap_or(BLOCK));
            block.offset = offset;
            self.source.seek(SeekFrom::Start(self.start + offset))?;
            (&mut self.source)
                .take(count)
                .read_to_end(&mut block.bytes)?;
        }
        Ok(index)
    }
}
