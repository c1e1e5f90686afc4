//! Files that are no executables at all are refused by what they are.

use cargo_airflow_bundle::executable::Refusal;

use crate::toolchain::refused;

#[test]
fn a_java_class_is_no_universal_file() {
    let class = [
        0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 52, 0, 1, 2, 3, 0, 0, 0, 0, 0, 0,
    ];
    assert!(matches!(refused(&class), Refusal::UnknownFormat { .. }));
}

#[test]
fn files_of_other_kinds_are_refused_by_name() {
    let mut tar = vec![0; 600];
    tar[0] = b'a';
    tar[257..262].copy_from_slice(b"ustar");
    // A character lies across the border of what is looked at.
    let long_text = format!("x{}", "\u{e4}".repeat(1000));
    let mut coff = vec![0x64, 0x86, 1, 0];
    coff.resize(200, 0);
    let mut dos = b"MZ".to_vec();
    dos.resize(200, 0);
    let mut far = dos.clone();
    far[60..64].fill(0xff);
    let bundle = [&[0; 100][..], b"AFBNDL01"].concat();
    for (bytes, expected) in [
        (&b""[..], "empty file"),
        (b"fn main() {}\n", "text file"),
        ("// L\u{e4}nge\n".as_bytes(), "text file"),
        (long_text.as_bytes(), "text file"),
        (b"\xff\xfeh\0i\0", "text file"),
        (
            b"#!/usr/bin/env python3\nprint()\n",
            "script for `/usr/bin/env python3`",
        ),
        (b"#!\x1b[2J\n", "script for `\\u{1b}[2J`"),
        (b"PK\x03\x04....", "ZIP archive"),
        (b"\x1f\x8b\x08\0", "gzip"),
        (&tar, "tar archive"),
        (b"!<arch>\n", "static library"),
        (
            b"!<arch>\nx.o/            0           0     0     644     9999      `\n",
            "static library",
        ),
        (b"!<thin>\n", "thin static library"),
        (b"\0asm\x01\0\0\0", "WebAssembly"),
        (b"MDMP\x93\xa7\0\0", "core dump (minidump)"),
        (b"BC\xc0\xde\0\0", "LLVM bitcode"),
        (&coff, "object file (COFF)"),
        (b"\0\0\xff\xff\x02\0", "object file (COFF)"),
        (&far, "the PE header would end at byte 4294967299"),
        (&dos, "begins with `MZ\\x00"),
        (
            b"\x01\xdf\0\x04\0\0\0\0",
            "begins with `\\x01\\xdf\\x00\\x04",
        ),
        (b"\x7fELF\x02\x01", "ELF header would end"),
        (b"\x7fELF\x09\x01\x01\0", "class 9"),
        (&bundle, "cargo airflow-bundle unpack"),
    ] {
        let refusal = refused(bytes);
        assert!(
            refusal.to_string().contains(expected),
            "{}: {refusal}",
            bytes.escape_ascii()
        );
    }
}

#[test]
fn the_magic_alone_makes_no_bundle() {
    assert!(!matches!(refused(b"AFBNDL01"), Refusal::AlreadyBundle));
}
