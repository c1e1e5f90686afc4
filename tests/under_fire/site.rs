//! A place to pack to: two executables of the same length, and a folder that both are packed to.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cargo_airflow_bundle::bundle::digest::Sha256Digest;

use crate::packer::{Bench, MANIFEST, Outcome, mode, packer, run};

/// Added to the executables, in bytes: so much that writing takes a while, in several buffers.
const PADDING: usize = 400 << 10;

/// Files that look like ours and are not.
const SIMILAR: [&str; 4] = [
    ".airflow-bundle-notes.tmp",
    ".airflow-bundle-my_own.tmp",
    ".airflow-bundle-abcDEF.tmp.bak",
    "airflow-bundle-abcDEF.tmp",
];

/// Which of two executables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    A,
    B,
}

impl Content {
    pub const BOTH: [Self; 2] = [Self::A, Self::B];

    pub fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
        }
    }
}

pub struct Site {
    pub bench: Bench,
    bundles: [Vec<u8>; 2],
}

impl Site {
    pub fn new() -> Self {
        Self::with_program("prints_file")
    }

    /// Both executables are copies of the bin `name`, with different bytes in a section more. Bytes behind the image would be
    /// warned of.
    pub fn with_program(name: &str) -> Self {
        let bench = Bench::with_program(name);
        bench.write("captured.json", MANIFEST);
        for content in Content::BOTH {
            fs::create_dir(bench.path(content.folder())).unwrap();
            // The difference is in the middle: so far the new bundle is compared with the old one.
            let mut padding = vec![0; PADDING];
            padding[PADDING / 2..].fill(content.folder().as_bytes()[0]);
            bench.write("padding", padding);
            let mut objcopy = Command::new("objcopy");
            objcopy
                .arg("--add-section=.padding=padding")
                .arg("etl")
                .arg(format!("{}/etl", content.folder()))
                .current_dir(bench.path(""));
            run(&mut objcopy).ok();
        }
        fs::create_dir_all(bench.path("above/bundles")).unwrap();
        let mut site = Self {
            bench,
            bundles: [Vec::new(), Vec::new()],
        };
        site.bundles = Content::BOTH.map(|content| {
            let path = site.bench.path(format!("reference-{}", content.folder()));
            run(&mut site.pack_to(content, &path)).ok();
            fs::read(path).unwrap()
        });
        site
    }

    pub fn above(&self) -> PathBuf {
        self.bench.path("above")
    }

    pub fn folder(&self) -> PathBuf {
        self.bench.path("above/bundles")
    }

    pub fn bundle(&self) -> PathBuf {
        self.bench.path("above/bundles/etl")
    }

    /// The whole bundle of `content`, made elsewhere.
    pub fn reference(&self, content: Content) -> PathBuf {
        self.bench.path(format!("reference-{}", content.folder()))
    }

    /// SHA-256 of the whole bundle.
    pub fn digest(&self, content: Content) -> String {
        Sha256Digest::of(self.bytes(content)).to_string()
    }

    fn bytes(&self, content: Content) -> &[u8] {
        &self.bundles[usize::from(content == Content::B)]
    }

    pub fn executable(&self, content: Content) -> PathBuf {
        self.bench.path(content.folder()).join("etl")
    }

    /// A pack of `content` to the place of the site.
    pub fn pack(&self, content: Content) -> Command {
        self.pack_to(content, &self.bundle())
    }

    /// The same, to another place. All paths are absolute.
    pub fn pack_to(&self, content: Content, output: &Path) -> Command {
        let mut command = packer();
        command.arg("--executable").arg(self.executable(content));
        command.arg("--source").arg(self.bench.path("main.rs"));
        command
            .arg("--airflow-metadata")
            .arg(self.bench.path("captured.json"));
        command.arg("-o").arg(output);
        command
    }

    /// Packs `content` to the place of the site.
    #[track_caller]
    pub fn packed(&self, content: Content) -> Outcome {
        run(&mut self.pack(content)).ok()
    }

    /// Which bundle stands at `path`. Fails if it is neither, or not whole, or not executable.
    #[track_caller]
    pub fn content_at(&self, path: &Path) -> Content {
        assert_eq!(mode(path), 0o755, "{}", path.display());
        let bytes = fs::read(path).unwrap();
        let found = Content::BOTH
            .into_iter()
            .find(|&content| self.bytes(content) == bytes);
        found.unwrap_or_else(|| panic!("`{}` is neither bundle", path.display()))
    }

    /// Puts somebody else's files, which look like ours, beside the bundle and above.
    pub fn add_similar_files(&self) {
        for folder in [self.folder(), self.above()] {
            for name in SIMILAR {
                fs::write(folder.join(name), "somebody's").unwrap();
            }
        }
    }

    /// Fails unless the bundle is alone in its folder, and that in the one above, but for somebody else's files.
    #[track_caller]
    pub fn nothing_is_left(&self, similar: bool) {
        for (folder, own) in [(self.folder(), "etl"), (self.above(), "bundles")] {
            let mut expected = vec![own.to_owned()];
            if similar {
                expected.extend(SIMILAR.map(str::to_owned));
            }
            expected.sort();
            assert_eq!(names(&folder), expected, "{}", folder.display());
        }
    }

    /// The staged files beside the bundle, and above, and the folders in which they are.
    pub fn staged(&self) -> Vec<PathBuf> {
        let folders = [self.folder(), self.above()];
        let all = folders
            .iter()
            .flat_map(|folder| names(folder).into_iter().map(|name| folder.join(name)));
        all.filter(|path| {
            let name = path.file_name().unwrap().as_bytes();
            name.starts_with(b".airflow-bundle-") && !SIMILAR.iter().any(|s| s.as_bytes() == name)
        })
        .collect()
    }
}

/// The mode of what was left behind, and of what is in it.
pub fn modes(left: &Path) -> Vec<u32> {
    let mut modes = vec![mode(left)];
    if left.is_dir() {
        modes.extend(names(left).iter().map(|name| mode(&left.join(name))));
    }
    modes
}

/// What is said on stderr of a bundle that could not be written to `output`.
pub fn not_written(output: &Path, why: &str) -> String {
    let output = output.display();
    format!("error: failed to write the bundle `{output}`\n\nCaused by:\n  {why}\n")
}

/// What is said of an `output` that can be seen not to work before anything is written.
pub fn refused(output: &Path, why: &str) -> String {
    let output = output.display();
    format!("error: cannot write the bundle to `{output}`\n\nCaused by:\n  {why}\n")
}

/// The names in a folder, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The same command with the signals as a terminal has them: a shell in the background has some of them ignored, and the
/// packer rightly leaves it so.
pub fn with_signals(command: &Command) -> Command {
    wrapped("env", ["--default-signal=INT,TERM,HUP"], command)
}

/// `program args command`, with the environment of `command` and without its output.
pub fn wrapped<'a>(
    program: &str,
    args: impl IntoIterator<Item = &'a str>,
    command: &Command,
) -> Command {
    let mut outer = Command::new(program);
    outer.args(args);
    outer.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    outer.stdin(Stdio::null());
    outer
}

/// A small generator of pseudo-random numbers (xorshift64*), so that failures can be repeated.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number from 0 to 1.
    pub fn fraction(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = u32::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32).unwrap();
        f64::from(high) / f64::from(u32::MAX)
    }
}
