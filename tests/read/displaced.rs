//! Trailers that tools have moved.

use std::io::Cursor;

use cargo_airflow_bundle::bundle::displaced::{DisplacedTrailer, find_displaced_trailer};
use cargo_airflow_bundle::bundle::trailer::Trailer;

fn trailer(source: u32, metadata: u32, version: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in [source, metadata, version] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    bytes.extend_from_slice(&[0xab; 32]);
    bytes.extend_from_slice(&[0; 12]);
    bytes.extend_from_slice(b"AFBNDL01");
    bytes
}

fn search(bytes: &[u8]) -> Option<DisplacedTrailer> {
    find_displaced_trailer(Cursor::new(bytes), 0, bytes.len() as u64).unwrap()
}

#[test]
fn a_trailer_with_something_behind_it_is_found_at_every_distance() {
    const CHUNK: usize = 256 * 1024;
    for trailing in [
        1,
        7,
        8,
        63,
        64,
        4096,
        CHUNK - 65,
        CHUNK - 64,
        CHUNK - 1,
        CHUNK,
        CHUNK + 1,
        CHUNK + 62,
        CHUNK + 63,
        CHUNK + 64,
        3 * CHUNK,
    ] {
        let mut bytes = vec![b'x'; 1000];
        bytes.extend(trailer(100, 200, 1));
        bytes.resize(bytes.len() + trailing, 0);
        assert_eq!(
            search(&bytes),
            Some(DisplacedTrailer {
                offset: 1000,
                trailer: Trailer {
                    source_len: 100,
                    metadata_len: 200,
                    binary_sha256: [0xab; 32],
                },
                trailing: trailing as u64
            }),
            "{trailing}"
        );
    }
}

#[test]
fn a_trailer_in_its_place_is_not_displaced() {
    let mut bytes = vec![0; 5000];
    bytes.extend(trailer(1, 2, 1));
    assert_eq!(search(&bytes), None);
    // A nested one is found before the one in its place.
    bytes.extend(trailer(0, 0, 1));
    assert_eq!(search(&bytes).unwrap().offset, 5000);
}

#[test]
fn the_last_of_several_is_returned() {
    let mut bytes = vec![0; 500];
    bytes.extend(trailer(1, 2, 1));
    bytes.extend(trailer(3, 4, 1));
    bytes.push(0);
    assert_eq!(search(&bytes).unwrap().offset, 564);
}

#[test]
fn the_magic_alone_is_not_plausible() {
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = vec![0; 100];
        let mut trailer = trailer(40, 59, 1);
        change(&mut trailer);
        bytes.extend(trailer);
        bytes.extend_from_slice(b"behind");
        search(&bytes)
    };
    assert!(with(&|_| {}).is_some());
    assert!(
        with(&|trailer| trailer[0] += 1).is_none(),
        "no room for an executable"
    );
    assert!(
        with(&|trailer| trailer[3] = 0xff).is_none(),
        "lengths too large"
    );
    assert!(with(&|trailer| trailer[8] = 2).is_none(), "another version");
    assert!(with(&|trailer| trailer[44] = 1).is_none(), "reserved bytes");
    assert!(
        with(&|trailer| trailer[63] = b'2').is_none(),
        "another magic"
    );
    for len in 0..130 {
        assert_eq!(search(&b"AFBNDL01".repeat(17)[..len]), None);
    }
}

#[test]
fn a_file_full_of_the_magic_is_searched_in_linear_time() {
    let bytes = b"AFBNDL01".repeat(1024 * 1024);
    assert_eq!(search(&bytes), None);
}

#[test]
fn only_the_region_is_searched() {
    let mut bytes = vec![0; 300];
    bytes.extend(trailer(1, 2, 1));
    bytes.extend(vec![0; 300]);
    let found = |start, len| find_displaced_trailer(Cursor::new(&bytes), start, len).unwrap();
    assert_eq!(found(200, 300).unwrap().offset, 100);
    assert_eq!(found(200, 163), None);
    assert_eq!(found(301, 300), None);
}
