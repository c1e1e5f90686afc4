//! The digests of a bundle: what the trailer and the manifest record.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// Names the recipe of [`cache_digest`]; other producers use other names, so that two recipes never
/// give the same digest by accident.
const CACHE_DOMAIN: &[u8] = b"cargo-airflow-bundle cache digest v1\0";

/// A SHA-256 digest. Displays as lower-case hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Sha256Digest(pub [u8; 32]);

impl Sha256Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl From<Sha256> for Sha256Digest {
    fn from(hasher: Sha256) -> Self {
        Self(hasher.finalize().into())
    }
}

impl fmt::Display for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The digests of the regions, known once they have been read. The manifest records them.
#[derive(Debug, Clone, Copy)]
pub struct RegionDigests {
    /// SHA-256 of the executable.
    pub executable: Sha256Digest,
    /// SHA-256 of the source region.
    pub source: Sha256Digest,
    /// Length of the source region, in bytes.
    pub source_len: u64,
}

/// The manifest's `digests.cache`: changes whenever any region changes, and is the same for the
/// same inputs. `manifest` is the digest of the manifest rendered without `digests`.
///
/// Airflow's main branch only compares it; the producer defines it.
pub fn cache_digest(
    executable: Sha256Digest,
    source: Sha256Digest,
    manifest: Sha256Digest,
) -> Sha256Digest {
    let mut hasher = Sha256::new();
    hasher.update(CACHE_DOMAIN);
    hasher.update(executable.0);
    hasher.update(source.0);
    hasher.update(manifest.0);
    hasher.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cache_digest_follows_the_documented_recipe() {
        let [a, b, c] = [b"a", b"b", b"c"].map(|bytes| Sha256Digest::of(bytes));
        let mut input = b"cargo-airflow-bundle cache digest v1\0".to_vec();
        for digest in [a, b, c] {
            input.extend(digest.0);
        }
        assert_eq!(cache_digest(a, b, c), Sha256Digest::of(&input));
        assert_ne!(cache_digest(a, b, c), cache_digest(b, a, c));
    }

    #[test]
    fn displays_as_lower_case_hex() {
        assert_eq!(
            Sha256Digest::of(b"").to_string(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }
}
