//! Checks the page hashes in the code signature of a Mach-O file.
//!
//! `LC_CODE_SIGNATURE` names a range with a "super blob", whose blob in slot 0 is the code directory: it holds a SHA-256 for each page of
//! the file, up to the signature. The kernel checks a page against it when it is first used. The layouts are those of
//! Apple's `cs_blobs.h`; numbers there are big-endian.

use std::ops::Range;

use cargo_airflow_bundle::bundle::digest::Sha256Digest;

const LC_CODE_SIGNATURE: u32 = 0x1d;
const SUPER_BLOB: u32 = 0xfade_0cc0;
const CODE_DIRECTORY: u32 = 0xfade_0c02;
/// `CS_HASHTYPE_SHA256`.
const SHA256: u8 = 2;
/// The signature has no certificate.
const AD_HOC: u32 = 2;

/// A code directory.
#[derive(Debug)]
pub struct Signature {
    /// What the hashes cover, in bytes from the start of the file.
    pub covered: Range<usize>,
    /// Where the signature itself stands.
    pub place: Range<usize>,
    pub ad_hoc: bool,
    /// The pages whose hashes are wrong.
    pub wrong: Vec<usize>,
    pub pages: usize,
    /// The size of a page in bytes.
    pub page: usize,
}

fn big(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn little(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap()
}

/// The range that the load command for the signature names; `None` if the file is not signed. 64 bits, little-endian only.
fn place(file: &[u8]) -> Option<Range<usize>> {
    assert_eq!(little(file, 0), 0xfeed_facf, "a Mach-O file of 64 bits");
    let mut at = 32;
    for _ in 0..little(file, 16) {
        if little(file, at) == LC_CODE_SIGNATURE {
            let start = size(little(file, at + 8));
            return Some(start..start + size(little(file, at + 12)));
        }
        at += size(little(file, at + 4));
    }
    None
}

/// Reads the signature at its place in the file, and hashes the pages.
pub fn check(file: &[u8]) -> Option<Signature> {
    let place = place(file)?;
    let blobs = &file[place.clone()];
    assert_eq!(big(blobs, 0), SUPER_BLOB);
    let slot = (0..size(big(blobs, 8)))
        .map(|index| 12 + index * 8)
        .find(|&at| big(blobs, at) == 0)
        .expect("a code directory in slot 0");
    let directory = &blobs[size(big(blobs, slot + 4))..];
    assert_eq!(big(directory, 0), CODE_DIRECTORY);
    assert_eq!((directory[36], directory[37]), (32, SHA256));
    let hashes = size(big(directory, 16));
    let pages = size(big(directory, 28));
    let limit = size(big(directory, 32));
    let page = 1 << directory[39];
    assert_eq!(pages, limit.div_ceil(page), "one hash for each page");
    let wrong = (0..pages).filter(|&index| {
        let from = index * page;
        let hash = Sha256Digest::of(&file[from..limit.min(from + page)]);
        hash.0 != directory[hashes + index * 32..][..32]
    });
    Some(Signature {
        wrong: wrong.collect(),
        covered: 0..limit,
        ad_hoc: big(directory, 12) & AD_HOC != 0,
        place,
        pages,
        page,
    })
}
