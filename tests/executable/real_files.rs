//! Executables, libraries and objects as the compilers of this machine make them.

use std::path::Path;

use cargo_airflow_bundle::executable::{
    Architecture, Executable, Format, GlibcVersion, Linkage, Platform, Refusal, glibc_symbols,
};

use crate::toolchain::{
    Bench, HELLO_C, LIBRARY_C, LIBRARY_RS, MAIN_RS, examine_bytes, examine_file,
};

fn assert_native(executable: &Executable) {
    assert_eq!(executable.format, Format::Elf);
    assert_eq!(executable.platform, Platform::Linux);
    assert_eq!(executable.architectures, [Architecture::host().unwrap()]);
    assert!(executable.runs_here());
    assert!(executable.is_for_linux());
    assert_eq!(executable.suggested_target(), None);
}

#[test]
fn this_test_is_an_executable() {
    let executable = examine_file(std::env::current_exe().unwrap()).unwrap();
    assert_native(&executable);
    assert_eq!(executable.linkage, Some(Linkage::Dynamic));
    assert!(executable.interpreter.as_ref().unwrap().contains("ld"));
    assert!(executable.debug_info_bytes > 1000, "{executable:?}");
    assert!(
        executable
            .to_string()
            .starts_with("ELF executable for Linux on ")
    );
}

#[test]
fn system_programs_are_executables() {
    for path in ["/bin/ls", "/bin/sh", "/usr/bin/env"] {
        let executable = examine_file(path).unwrap();
        assert_native(&executable);
        assert_eq!(executable.debug_info_bytes, 0, "{path}");
    }
}

#[test]
fn every_way_to_link_a_program() {
    let bench = Bench::new();
    for (name, flags, linkage) in [
        ("pie", &["-pie", "-fPIE"][..], Linkage::Dynamic),
        ("no-pie", &["-no-pie"], Linkage::Dynamic),
        ("static", &["-static"], Linkage::Static),
        ("static-pie", &["-static-pie", "-fPIE"], Linkage::Static),
    ] {
        let executable = examine_file(bench.cc(HELLO_C, flags, name)).unwrap();
        assert_native(&executable);
        assert_eq!(executable.linkage, Some(linkage), "{name}");
        assert_eq!(
            executable.interpreter.is_some(),
            linkage == Linkage::Dynamic,
            "{name}"
        );
        assert_eq!(
            executable.glibc.is_some(),
            linkage == Linkage::Dynamic,
            "{name}: {executable:?}"
        );
    }
}

/// Removes `DF_1_PIE` from a little-endian 64-bit file.
fn without_pie_mark(mut bytes: Vec<u8>) -> Vec<u8> {
    let tag = 0x6fff_fffb_u64.to_le_bytes();
    let at = bytes
        .windows(8)
        .position(|window| window == tag)
        .expect("the entry DT_FLAGS_1");
    assert_eq!(bytes[at + 11] & 0x08, 0x08, "DF_1_PIE");
    bytes[at + 11] &= !0x08;
    bytes
}

/// Removes `DT_DEBUG`, as `-z rodynamic` does, by giving its place to a tag that nobody reads.
fn without_debug_entry(mut bytes: Vec<u8>) -> Vec<u8> {
    let mut entry = [0; 16];
    entry[0] = 21;
    let dynamic = bytes
        .windows(8)
        .position(|window| window == 0x6fff_fffb_u64.to_le_bytes())
        .expect("the entry DT_FLAGS_1");
    let near = dynamic.saturating_sub(640);
    let at = near
        + bytes[near..dynamic + 640]
            .windows(16)
            .position(|window| window == entry)
            .expect("the entry DT_DEBUG");
    bytes[at..at + 8].copy_from_slice(&0x6000_000d_u64.to_le_bytes());
    bytes
}

#[test]
fn the_mark_or_the_place_for_the_debugger_makes_a_program() {
    let bench = Bench::new();
    for (flags, linkage) in [
        (&["-pie", "-fPIE"][..], Linkage::Dynamic),
        (&["-static-pie", "-fPIE"], Linkage::Static),
    ] {
        let program = std::fs::read(bench.cc(HELLO_C, flags, "program")).unwrap();
        let unmarked = without_pie_mark(program.clone());
        let marked_only = without_debug_entry(program);
        for bytes in [&unmarked, &marked_only] {
            let executable = examine_bytes(bytes).unwrap();
            assert_native(&executable);
            assert_eq!(executable.linkage, Some(linkage));
        }
        let neither = examine_bytes(&without_debug_entry(unmarked));
        assert!(
            matches!(neither, Err(Refusal::SharedLibrary { .. })),
            "{neither:?}"
        );
    }
}

#[test]
fn rust_programs_with_debug_information_and_without() {
    let bench = Bench::new();
    let full = examine_file(bench.rustc(MAIN_RS, &["-g"], "full")).unwrap();
    let stripped = examine_file(bench.rustc(MAIN_RS, &["-Cstrip=symbols"], "stripped")).unwrap();
    assert_native(&full);
    assert_native(&stripped);
    assert!(full.debug_info_bytes > 100_000, "{full:?}");
    assert_eq!(stripped.debug_info_bytes, 0);
    assert_eq!(full.glibc, stripped.glibc);
}

#[test]
fn libraries_are_refused_by_kind() {
    let bench = Bench::new();
    let shared = [
        bench.cc(LIBRARY_C, &["-shared", "-fPIC"], "plain.so"),
        bench.cc(
            LIBRARY_C,
            &["-shared", "-fPIC", "-Wl,-soname,named.so"],
            "named.so",
        ),
        // Neither a name nor a library that it needs, but an entry: all that mold links are so.
        bench.cc(
            LIBRARY_C,
            &["-shared", "-fPIC", "-nostdlib", "-Wl,-e,answer"],
            "bare.so",
        ),
        // Neither a name nor the mark, but an interpreter and an entry, as some PAM modules have.
        bench.cc(
            "const char path[] __attribute__((section(\".interp\"))) = \"/lib64/ld-linux-x86-64.so.2\";\nint answer(void) { return 42; }\n",
            &["-shared", "-fPIC", "-Wl,-e,answer"],
            "startable.so",
        ),
        bench.rustc(LIBRARY_RS, &["--crate-type=cdylib"], "cdylib.so"),
        bench.rustc(
            LIBRARY_RS,
            &["--crate-type=dylib", "-Cprefer-dynamic"],
            "dylib.so",
        ),
    ];
    for path in shared {
        let refusal = examine_file(&path).unwrap_err();
        assert!(
            matches!(refusal, Refusal::SharedLibrary { .. }),
            "{path:?}: {refusal:?}"
        );
        assert!(refusal.to_string().contains("bin target"), "{refusal}");
    }
    let rlib = examine_file(bench.rustc(LIBRARY_RS, &["--crate-type=rlib"], "libmade.rlib"));
    assert!(
        matches!(
            rlib,
            Err(Refusal::StaticLibrary {
                kind: "Rust library (.rlib)"
            })
        ),
        "{rlib:?}"
    );
    let staticlib = examine_file(bench.rustc(LIBRARY_RS, &["--crate-type=staticlib"], "libmade.a"));
    assert!(
        matches!(
            staticlib,
            Err(Refusal::StaticLibrary {
                kind: "static library"
            })
        ),
        "{staticlib:?}"
    );
}

#[test]
fn objects_and_archives_of_them_are_refused() {
    let bench = Bench::new();
    let object = bench.cc(LIBRARY_C, &["-c"], "library.o");
    let refusal = examine_file(object).unwrap_err();
    assert!(
        matches!(refusal, Refusal::ObjectFile { format: "ELF" }),
        "{refusal:?}"
    );
    bench.tool("ar", &["rcs", "plain.a", "library.o"]);
    bench.tool("ar", &["rcsT", "thin.a", "library.o"]);
    for (name, expected) in [
        ("plain.a", "static library"),
        ("thin.a", "thin static library"),
    ] {
        let refusal = examine_file(bench.path(name)).unwrap_err();
        assert!(
            matches!(refusal, Refusal::StaticLibrary { kind } if kind == expected),
            "{name}: {refusal:?}"
        );
    }
}

#[test]
fn the_c_library_is_a_library_although_it_can_be_started() {
    // Its path stands in the memory map of every dynamically linked program.
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let libc = maps
        .lines()
        .filter_map(|line| line.split_whitespace().last())
        .find(|path| path.ends_with("/libc.so.6"))
        .expect("this test is linked with the GNU C library");
    let loader = maps
        .lines()
        .filter_map(|line| line.split_whitespace().last())
        .find(|path| path.contains("/ld-linux") || path.contains("/ld64.so"))
        .expect("the loader of the GNU C library");
    for path in [libc, loader] {
        let refusal = examine_file(path).unwrap_err();
        assert!(
            matches!(refusal, Refusal::SharedLibrary { .. }),
            "{path}: {refusal:?}"
        );
    }
}

#[test]
fn separate_debug_information_is_refused() {
    let bench = Bench::new();
    bench.cc(HELLO_C, &["-g"], "program");
    bench.tool(
        "objcopy",
        &["--only-keep-debug", "program", "program.debug"],
    );
    let refusal = examine_file(bench.path("program.debug")).unwrap_err();
    assert!(
        matches!(
            refusal,
            Refusal::DebugFile {
                format: Format::Elf
            }
        ),
        "{refusal:?}"
    );
}

/// Compares with `readelf`, which reads the sections, where ours reads the dynamic segment.
fn assert_glibc_as_readelf_says(program: &Path) -> GlibcVersion {
    let listing = std::process::Command::new("readelf")
        .arg("-V")
        .arg(program)
        .output()
        .expect("readelf (Debian: apt-get install binutils)");
    let expected = String::from_utf8(listing.stdout)
        .unwrap()
        .split_whitespace()
        .filter_map(|word| word.strip_prefix("GLIBC_")?.parse().ok())
        .max()
        .unwrap();
    assert_eq!(examine_file(program).unwrap().glibc, Some(expected));
    expected
}

#[test]
fn the_newest_version_of_the_c_library_is_found() {
    // A small program, and one that needs several libraries and many versions.
    assert_glibc_as_readelf_says(&std::env::current_exe().unwrap());
    let bench = Bench::new();
    let program = bench.cc(HELLO_C, &[], "needs");
    let expected = assert_glibc_as_readelf_says(&program);
    // Without section headers, as `sstrip` leaves it.
    let mut bytes = std::fs::read(&program).unwrap();
    assert_eq!(bytes[4], 2, "this test knows the 64-bit header");
    bytes[40..48].fill(0);
    bytes[60..64].fill(0);
    let executable = examine_bytes(&bytes).unwrap();
    assert_eq!(executable.glibc, Some(expected));
    assert_eq!(executable.linkage, Some(Linkage::Dynamic));
}

/// The names that `readelf` lists with this version.
fn symbols_by_readelf(program: &Path, version: GlibcVersion) -> Vec<String> {
    let listing = std::process::Command::new("readelf")
        .args(["--dyn-syms", "-W"])
        .arg(program)
        .output()
        .expect("readelf (Debian: apt-get install binutils)");
    let version = format!("GLIBC_{version}");
    String::from_utf8(listing.stdout)
        .unwrap()
        .split_whitespace()
        .filter_map(|word| word.split_once('@'))
        .filter(|(_, of)| *of == version)
        .map(|(name, _)| name.to_owned())
        .collect()
}

#[test]
fn the_symbols_of_a_version_are_named() {
    let program = std::env::current_exe().unwrap();
    let file = std::fs::File::open(&program).unwrap();
    let len = file.metadata().unwrap().len();
    let newest = examine_file(&program).unwrap().glibc.unwrap();
    for version in [newest, "2.2.5".parse().unwrap(), "2.17".parse().unwrap()] {
        let expected = symbols_by_readelf(&program, version);
        let found = glibc_symbols(&file, 0, len, version).unwrap();
        assert_eq!(found, expected[..expected.len().min(4)], "{version}");
    }
    let newest_ones = glibc_symbols(&file, 0, len, newest).unwrap();
    assert_ne!(newest_ones, [] as [&str; 0]);
    assert_eq!(
        glibc_symbols(&file, 0, len, "9.9".parse().unwrap()).unwrap(),
        [] as [&str; 0]
    );
    // Without section headers nobody knows how many symbols there are.
    let mut bytes = std::fs::read(&program).unwrap();
    bytes[40..48].fill(0);
    bytes[60..64].fill(0);
    let found = glibc_symbols(std::io::Cursor::new(bytes), 0, len, newest).unwrap();
    assert_eq!(found, [] as [&str; 0]);
}

#[test]
fn versions_that_may_be_missing_do_not_count() {
    let bench = Bench::new();
    let mut bytes = std::fs::read(bench.cc(HELLO_C, &[], "weak")).unwrap();
    let newest = examine_bytes(&bytes).unwrap().glibc.unwrap();
    // The entry begins with the hash of the name; the flags follow.
    let name = format!("GLIBC_{newest}");
    let hash = name.bytes().fold(0_u32, |hash, byte| {
        let hash = (hash << 4) + u32::from(byte);
        let top = hash & 0xf000_0000;
        (hash ^ (top >> 24)) & !top
    });
    let at = bytes
        .windows(6)
        .position(|window| window == [&hash.to_ne_bytes()[..], &[0, 0]].concat())
        .unwrap();
    let weak = u16::to_ne_bytes(2);
    bytes[at + 4..at + 6].copy_from_slice(&weak);
    let older = examine_bytes(&bytes).unwrap().glibc;
    assert!(
        older.is_none_or(|older| older < newest),
        "{older:?} {newest}"
    );
}

#[test]
fn a_file_cut_short_is_refused_with_the_numbers() {
    let bytes = std::fs::read("/bin/ls").unwrap();
    for keep in [1, 5, 63, 64, 1000, bytes.len() / 2, bytes.len() - 1] {
        let refusal = examine_bytes(&bytes[..keep]).unwrap_err();
        match refusal {
            Refusal::Truncated { needs, has, .. } => {
                assert_eq!(has, keep as u64);
                assert!(needs > has && needs <= bytes.len() as u64, "{needs} {has}");
            }
            // One byte is not yet the magic number of anything.
            Refusal::UnknownFormat { .. } if keep < 4 => {}
            other => panic!("{keep}: {other:?}"),
        }
    }
}

#[test]
fn a_region_inside_of_a_file_is_examined() {
    let program = std::fs::read("/bin/ls").unwrap();
    let mut file = b"something before".to_vec();
    let start = file.len() as u64;
    file.extend_from_slice(&program);
    file.extend_from_slice(b"and behind");
    let executable = cargo_airflow_bundle::executable::examine(
        std::io::Cursor::new(&file),
        start,
        program.len() as u64,
    )
    .unwrap();
    assert_eq!(executable, examine_bytes(&program).unwrap());
}
