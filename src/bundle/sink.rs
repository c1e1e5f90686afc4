//! Where a bundle's bytes go: first they are compared with the bundle that is there already; from
//! the first difference on they are written to a new file, which then takes its name.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::SystemTime;

use super::error::WriteError;
use super::output::{NewFolders, Output};
use super::staging::Staged;
use crate::platform;

/// Receives the bytes of a bundle in order.
pub struct Sink<'a> {
    output: &'a Output,
    state: State,
    // Stands behind the state, because fields are dropped in this order, and the state's file is in one of the folders.
    folders: NewFolders,
    wanted: &'a mut dyn FnMut() -> bool,
    compared: Vec<u8>,
}

/// Size and time of the last change. They tell whether another program has written into the file while it was compared.
type Stamp = (u64, Option<SystemTime>);

fn stamp(file: &File) -> io::Result<Stamp> {
    let metadata = file.metadata()?;
    Ok((metadata.len(), metadata.modified().ok()))
}

enum State {
    /// All bytes so far stand in this file too.
    Same {
        existing: File,
        length: u64,
        opened: Stamp,
    },
    /// The bytes so far stand in this file.
    New(Staged),
    /// Nothing was received yet.
    Empty,
}

impl<'a> Sink<'a> {
    /// A sink for the bundle at `output`. `existing` is the open file there, if it may be the same. `folders` were made
    /// for it, and stay once it is there. `wanted` is asked whether something may be written, before the first byte is.
    pub fn new(
        output: &'a Output,
        existing: Option<File>,
        folders: NewFolders,
        wanted: &'a mut dyn FnMut() -> bool,
    ) -> Self {
        let same = |mut existing: File| {
            existing.rewind().ok()?;
            let opened = stamp(&existing).ok()?;
            let length = 0;
            Some(State::Same {
                existing,
                length,
                opened,
            })
        };
        Self {
            output,
            state: existing.and_then(same).unwrap_or(State::Empty),
            folders,
            wanted,
            compared: Vec::new(),
        }
    }

    /// Takes the next bytes.
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        if let State::Same {
            existing, length, ..
        } = &mut self.state
        {
            self.compared.clear();
            let same = existing
                .take(bytes.len() as u64)
                .read_to_end(&mut self.compared)
                .is_ok()
                && self.compared == bytes;
            if same {
                *length += bytes.len() as u64;
                return Ok(());
            }
        }
        let path = self.output.path();
        self.new_file()?
            .write_all(bytes)
            .map_err(|error| WriteError::Write("write", path.to_owned(), error))
    }

    /// Puts the bundle in its place. Returns whether the same bytes were there already.
    pub fn finish(mut self) -> Result<bool, WriteError> {
        if let State::Same {
            existing,
            length,
            opened,
        } = &self.state
            && self
                .still_there(existing, *length, *opened)
                .unwrap_or(false)
        {
            // The bytes are right, but a copy may have lost the mode.
            platform::make_executable(existing).map_err(|error| {
                WriteError::Write("make executable", self.output.path().to_owned(), error)
            })?;
            self.folders.keep();
            return Ok(true);
        }
        self.new_file()?;
        if let State::New(staged) = self.state {
            publish(staged, self.output, &mut self.folders)?;
        }
        self.folders.keep();
        Ok(false)
    }

    /// Whether the compared file ends here and is still what the path names.
    fn still_there(&self, existing: &File, length: u64, opened: Stamp) -> io::Result<bool> {
        let open = existing.metadata()?;
        let named = std::fs::metadata(self.output.path())?;
        Ok(open.len() == length
            && stamp(existing)? == opened
            && platform::file_id(self.output.path(), &open)?
                == platform::file_id(self.output.path(), &named)?)
    }

    /// The new file, holding all bytes so far.
    fn new_file(&mut self) -> Result<&mut File, WriteError> {
        let failed = |error| WriteError::Write("write", self.output.path().to_owned(), error);
        if !matches!(self.state, State::New(_)) {
            if !(self.wanted)() {
                return Err(WriteError::Declined);
            }
            let mut staged = stage(self.output, &mut self.folders)?;
            if let State::Same {
                existing,
                length,
                opened,
            } = &mut self.state
            {
                existing.seek(SeekFrom::Start(0)).map_err(failed)?;
                let copied =
                    io::copy(&mut existing.take(*length), staged.file()).map_err(failed)?;
                if copied != *length || stamp(existing).map_err(failed)? != *opened {
                    return Err(WriteError::Changed(self.output.path().to_owned()));
                }
            }
            self.state = State::New(staged);
        }
        match &mut self.state {
            State::New(staged) => Ok(staged.file()),
            State::Same { .. } | State::Empty => Err(failed(io::ErrorKind::Other.into())),
        }
    }
}

/// A new file for the folder of `output`.
fn stage(output: &Output, folders: &mut NewFolders) -> Result<Staged, WriteError> {
    let folder = output.path().parent().unwrap_or(Path::new("."));
    Staged::create(folder, output.root())
        .or_else(|error| {
            remake(folder, error, folders)?;
            Staged::create(folder, output.root())
        })
        .map_err(|error| WriteError::Write("create a file in", folder.to_owned(), error))
}

/// Makes a missing folder again, and returns every other error. A folder may vanish that was there when this pack began: if
/// another pack had made it and failed, that pack removes it while it is empty.
fn remake(folder: &Path, error: io::Error, folders: &mut NewFolders) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound {
        folders.add(folder)
    } else {
        Err(error)
    }
}

/// Syncs, makes executable, renames: in this order, so that no incomplete file is ever executable.
fn publish(staged: Staged, output: &Output, folders: &mut NewFolders) -> Result<(), WriteError> {
    let path = output.path();
    let failed = |action| move |error| WriteError::Write(action, path.to_owned(), error);
    let finished = staged.finish().map_err(failed("sync"))?;
    platform::make_executable(finished.file()).map_err(failed("make executable"))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    finished
        .persist(path, |error| remake(folder, error, folders))
        .map_err(failed("rename the new bundle to"))?;
    // The bundle is in place, so a file system that cannot sync folders does not make the pack fail.
    let _ = platform::sync_folder(folder);
    Ok(())
}
