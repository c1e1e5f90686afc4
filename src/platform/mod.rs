//! What differs between operating systems.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::{DirectoryIdentity, directory_identity, is_executable, open_without_waiting};
#[cfg(windows)]
pub use windows::{DirectoryIdentity, directory_identity, is_executable, open_without_waiting};
