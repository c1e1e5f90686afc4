//! Damaged images: nothing panics, allocates by what a header claims, or takes long.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use cargo_airflow_bundle::bundle::displaced::find_displaced_trailer;
use cargo_airflow_bundle::executable::{
    GlibcVersion, Refusal, examine, glibc_symbols, link_record,
};

use crate::images::{ARM64, Content, LOAD_DYLIB, MachO, RPATH, X86_64, universal};
use crate::loader::importing;
use crate::toolchain::{Bench, HELLO_C, examine_bytes};

thread_local! {
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

/// Notes the largest allocation of each thread.
struct Watched;

// SAFETY: both calls are passed on unchanged to the system's allocator, which fulfils the contract. The note in between
// does not allocate: the cell is constant-initialised and has no destructor.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.with(|largest| largest.set(largest.get().max(layout.size())));
        // SAFETY: the caller's promise about `layout` is the one that the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: `pointer` came from `System.alloc` with this `layout`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Watched = Watched;

/// A small generator of pseudo-random numbers (xorshift64*), so that failures can be repeated.
struct Dice(u64);

impl Dice {
    fn throw(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.throw() % limit as u64).unwrap()
    }
}

fn record() -> Vec<u8> {
    [&b"AFMETA01\x02\0\0\0"[..], b"{}"].concat()
}

fn images() -> Vec<(&'static str, Vec<u8>)> {
    let record = record();
    let macho = |cpu, wide| {
        MachO {
            cpu,
            wide,
            texts: vec![
                (LOAD_DYLIB.0, LOAD_DYLIB.1, "@rpath/libpq.5.dylib"),
                (RPATH.0, RPATH.1, "/Users/me/lib"),
            ],
            sections: vec![
                Content {
                    segment: "__DATA",
                    name: "__airflow_md",
                    bytes: &record,
                },
                Content {
                    segment: "__DWARF",
                    name: "__debug_info",
                    bytes: b"debug",
                },
            ],
            ..MachO::default()
        }
        .build()
    };
    let more: [(&str, &[u8]); 2] = [(".aflow", &record), (".debug_something", b"debug")];
    let pe = importing(&["KERNEL32.dll", "libpq.dll"], &more);
    let bench = Bench::new();
    let source = format!(
        "__attribute__((used, section(\".airflow_md\"))) static const char record[] = \"AFMETA01\\2\\0\\0\\0{{}}\";\n{HELLO_C}"
    );
    let tight = [
        "-s",
        "-Wl,-z,noseparate-code",
        "-Wl,-z,norelro",
        "-Wl,--build-id=none",
    ];
    let elf = std::fs::read(bench.cc(&source, &tight, "program")).unwrap();
    assert!(elf.len() < 20_000, "{}", elf.len());
    vec![
        ("elf", elf),
        ("macho", macho(ARM64, true)),
        ("macho32", macho(7, false)),
        (
            "universal",
            universal(
                &[(X86_64, macho(X86_64, true)), (ARM64, macho(ARM64, true))],
                false,
            ),
        ),
        ("pe", pe),
    ]
}

/// Runs everything on `bytes` and checks that no allocation was large.
fn exercise(name: &str, bytes: &[u8]) {
    let len = bytes.len() as u64;
    LARGEST.set(0);
    let examined = examine(std::io::Cursor::new(bytes), 0, len);
    let record = link_record(std::io::Cursor::new(bytes), 0, len);
    // What `puts` needs, on the machines that these tests know.
    let version = examined.as_ref().ok().and_then(|found| found.glibc);
    let version = version.unwrap_or(GlibcVersion {
        major: 2,
        minor: 34,
        patch: 0,
    });
    let symbols = glibc_symbols(std::io::Cursor::new(bytes), 0, len, version);
    assert!(
        LARGEST.get() <= 64 * 1024,
        "{name}: {} bytes for {examined:?} and {record:?}",
        LARGEST.get()
    );
    // The texts must hold up as well.
    match examined {
        Ok(executable) => {
            let cautions = executable.cautions(&[]);
            let cautions = cautions.iter().map(ToString::to_string);
            let texts: Vec<_> = cautions.chain([executable.to_string()]).collect();
            assert!(
                texts.iter().all(|text| text.len() < 10_000),
                "{name}: {texts:?}"
            );
        }
        Err(refusal) => drop(refusal.to_string()),
    }
    if let Err(error) = record {
        drop(error.to_string());
    }
    match symbols {
        Ok(names) => assert!(names.len() <= 4, "{name}: {names:?}"),
        Err(refusal) => drop(refusal.to_string()),
    }
}

#[test]
fn the_images_are_sound() {
    for (name, bytes) in images() {
        examine_bytes(&bytes).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        let record = link_record(std::io::Cursor::new(&bytes), 0, bytes.len() as u64);
        assert_eq!(record.unwrap().unwrap().json, "{}", "{name}");
        exercise(name, &bytes);
    }
}

#[test]
fn every_truncation_is_handled() {
    for (name, bytes) in images() {
        for len in 0..bytes.len() {
            exercise(name, &bytes[..len]);
        }
        // A part of the file that nothing refers to may be cut off; half of the file may not.
        for len in 0..bytes.len() / 2 {
            assert!(examine_bytes(&bytes[..len]).is_err(), "{name}: {len}");
        }
    }
}

#[test]
fn thousands_of_mutants_are_handled() {
    const EDGES: [u8; 8] = [0, 1, 0x7f, 0x80, 0xff, 0xfe, b'/', 4];
    let mut dice = Dice(0x5eed);
    let (mut accepted, mut refused) = (0_u32, 0_u32);
    for (name, original) in images() {
        // Nearly everything that is read lies in the headers, at the start or (ELF sections) at the end.
        let head = original.len().min(1024);
        for round in 0..12_000_u32 {
            let mut bytes = original.clone();
            for _ in 0..=dice.below(6) {
                let at = match dice.below(4) {
                    0 => dice.below(original.len()),
                    1 => original.len() - 1 - dice.below(head),
                    _ => dice.below(head),
                };
                let width = [1, 1, 2, 4, 8][dice.below(5)];
                for byte in bytes.iter_mut().skip(at).take(width) {
                    *byte = match dice.below(2) {
                        0 => EDGES[dice.below(EDGES.len())],
                        _ => u8::try_from(dice.below(256)).unwrap(),
                    };
                }
            }
            exercise(&format!("{name} {round}"), &bytes);
            if round % 16 == 0 {
                match examine_bytes(&bytes) {
                    Ok(_) => accepted += 1,
                    Err(_) => refused += 1,
                }
            }
        }
    }
    // Both outcomes must be common, or the mutations miss what they are for.
    assert!(accepted > 300 && refused > 300, "{accepted} {refused}");
}

#[test]
fn claims_of_gigabytes_allocate_nothing() {
    let bench = Bench::new();
    for (name, bytes) in images() {
        let path = bench.write(name, &bytes);
        let file = std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .unwrap();
        // Sparse: takes no room on the disk.
        let len = 1 << 40;
        file.set_len(len).unwrap();
        LARGEST.set(0);
        examine(&file, 0, len).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        assert!(LARGEST.get() <= 64 * 1024, "{name}: {}", LARGEST.get());
    }
}

#[test]
fn an_elf_file_of_millions_of_sections_is_refused_at_once() {
    let (_, mut bytes) = images().swap_remove(0);
    assert_eq!(bytes[4], 2, "this test knows the 64-bit header");
    let table = usize::try_from(u64::from_le_bytes(*bytes[40..].first_chunk().unwrap())).unwrap();
    // A count of zero says that the first section header's size has the count.
    bytes[60..62].fill(0);
    bytes[table + 32..table + 40].copy_from_slice(&10_000_000_u64.to_le_bytes());
    let bench = Bench::new();
    let path = bench.write("sections", &bytes);
    let file = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .unwrap();
    file.set_len(1 << 30).unwrap();
    let refusal = examine(&file, 0, 1 << 30).unwrap_err();
    assert!(
        refusal.to_string().contains("10000000 section headers"),
        "{refusal}"
    );
    bytes[table + 32..table + 40].fill(0xff);
    let refusal = examine_bytes(&bytes).unwrap_err();
    assert!(matches!(refusal, Refusal::Truncated { .. }), "{refusal:?}");
}

#[test]
fn a_section_beyond_the_end_is_refused() {
    let (_, mut bytes) = images().swap_remove(0);
    assert_eq!(bytes[4], 2, "this test knows the 64-bit header");
    let table = usize::try_from(u64::from_le_bytes(*bytes[40..].first_chunk().unwrap())).unwrap();
    // The size of the second section.
    bytes[table + 64 + 32..table + 64 + 40].copy_from_slice(&0x1234_5678_u64.to_le_bytes());
    let refusal = examine_bytes(&bytes).unwrap_err();
    assert!(
        matches!(
            refusal,
            Refusal::Truncated {
                what: "a section",
                ..
            }
        ),
        "{refusal:?}"
    );
}

#[test]
fn the_search_for_trailers_takes_constant_memory() {
    let bytes = vec![b'1'; 8 * 1024 * 1024];
    LARGEST.set(0);
    let found = find_displaced_trailer(std::io::Cursor::new(&bytes), 0, bytes.len() as u64);
    assert_eq!(found.unwrap(), None);
    assert!(LARGEST.get() < 512 * 1024, "{}", LARGEST.get());
}
