//! What the loader needs, what of it other machines lack, and what stands behind the image.

use std::path::Path;

use cargo_airflow_bundle::executable::{Caution, Executable, Refusal};
use cargo_airflow_bundle::worker::Code;

use crate::images::{
    ARM64, Content, LOAD_DYLIB, LOAD_WEAK_DYLIB, MachO, Pe, RPATH, X86_64, elf, universal,
};
use crate::toolchain::{Bench, HELLO_C, LIBRARY_C, MAIN_RS, examine_bytes, examine_file, refused};

fn codes(executable: &Executable) -> Vec<&'static str> {
    let cautions = executable.cautions(&[]);
    let codes = cautions.iter().map(Code::from);
    codes.map(Code::as_str).collect()
}

/// The values of `readelf -d` that stand in brackets behind `(NEEDED)` and the like.
fn by_readelf(program: &Path, tag: &str) -> Vec<String> {
    let listing = std::process::Command::new("readelf")
        .args(["-d", "-W"])
        .arg(program)
        .output()
        .expect("readelf (Debian: apt-get install binutils)");
    let listing = String::from_utf8(listing.stdout).unwrap();
    let lines = listing.lines().filter(|line| line.contains(tag));
    let value = |line: &str| Some(line.split_once('[')?.1.split_once(']')?.0.to_owned());
    lines.filter_map(value).collect()
}

#[test]
fn libraries_and_folders_are_those_of_readelf() {
    let this_test = std::env::current_exe().unwrap();
    let executable = examine_file(&this_test).unwrap();
    assert!(executable.needed.iter().any(|name| name == "libc.so.6"));
    assert_eq!(executable.needed, by_readelf(&this_test, "(NEEDED)"));
    assert_eq!(executable.rpath, [] as [&str; 0]);
    assert!(!executable.to_string().contains("needs"), "{executable}");

    let bench = Bench::new();
    bench.cc(
        LIBRARY_C,
        &["-shared", "-fPIC", "-Wl,-soname,libmine.so.3"],
        "libmine.so",
    );
    let folder = bench.path("");
    let search = format!("-L{}", folder.display());
    for (tags, name) in [
        ("--enable-new-dtags", "(RUNPATH)"),
        ("--disable-new-dtags", "(RPATH)"),
    ] {
        let flags = [
            search.as_str(),
            "-Wl,--no-as-needed",
            "-lmine",
            "-lm",
            &format!("-Wl,{tags}"),
            "-Wl,-rpath,$ORIGIN/../lib:/opt/conda/lib",
        ];
        let program = bench.cc(HELLO_C, &flags, "program");
        let executable = examine_file(&program).unwrap();
        assert_eq!(executable.needed, by_readelf(&program, "(NEEDED)"));
        assert_eq!(executable.needed[..2], ["libmine.so.3", "libm.so.6"]);
        assert_eq!(
            executable.rpath.join(":"),
            by_readelf(&program, name).join("")
        );
        assert_eq!(executable.rpath, ["$ORIGIN/../lib", "/opt/conda/lib"]);
        assert_eq!(codes(&executable), [] as [&str; 0]);
        let shown = executable.to_string();
        assert!(shown.ends_with(", needs libmine.so.3"), "{shown}");
    }
    let program = bench.cc(HELLO_C, &["-static"], "static");
    let executable = examine_file(&program).unwrap();
    assert_eq!(executable.needed, [] as [&str; 0]);
}

#[test]
fn shared_libraries_of_rust_itself() {
    let bench = Bench::new();
    let executable = examine_file(bench.rustc(MAIN_RS, &["-Cprefer-dynamic"], "dynamic")).unwrap();
    assert_eq!(codes(&executable), ["library"]);
    let [Caution::SharedRust { libraries }] = &executable.cautions(&[])[..] else {
        panic!("{executable:?}");
    };
    assert!(libraries[0].starts_with("libstd-"), "{libraries:?}");
    assert!(
        executable.runs_here(),
        "missing libraries are not looked for"
    );
    let plain = examine_file(bench.rustc(MAIN_RS, &[], "plain")).unwrap();
    assert_eq!(codes(&plain), [] as [&str; 0]);
}

#[test]
fn interpreters_that_workers_lack() {
    let bench = Bench::new();
    let with = |path: &str| {
        let flag = format!("-Clink-arg=-Wl,--dynamic-linker={path}");
        examine_file(bench.rustc(MAIN_RS, &[&flag], "program")).unwrap()
    };
    let usual = examine_file("/bin/ls").unwrap().interpreter.unwrap();
    let there = bench.path("loader");
    std::os::unix::fs::symlink(&usual, &there).unwrap();

    let nix = with("/nix/store/abc-glibc-2.40/lib/ld-linux-x86-64.so.2");
    assert!(!nix.runs_here());
    assert!(nix.is_for_this_machine());
    assert_eq!(codes(&nix), ["interpreter"]);
    assert!(matches!(
        nix.cautions(&[])[..],
        [Caution::LocalInterpreter { .. }]
    ));

    let missing = with("/lib/ld-musl-nowhere.so.1");
    assert!(!missing.runs_here());
    assert!(matches!(
        missing.cautions(&[])[..],
        [Caution::NoInterpreter { .. }]
    ));

    // It runs on this machine, and on no other.
    let own = with(there.to_str().unwrap());
    assert!(own.runs_here());
    let build_folders = [bench.path("")];
    assert!(matches!(
        own.cautions(&build_folders)[..],
        [Caution::LocalInterpreter { .. }]
    ));
    // The kernel takes it from the folder that it happens to be started in.
    let relative = with("loader");
    assert!(!relative.runs_here());
    assert_eq!(codes(&relative), ["interpreter"]);

    let usual = with(&usual);
    assert!(usual.runs_here());
    assert_eq!(codes(&usual), [] as [&str; 0]);

    // Another processor's interpreter is not looked for here.
    let foreign = examine_bytes(&elf(true, true, 22)).unwrap();
    assert_eq!(codes(&foreign), [] as [&str; 0]);
}

#[test]
fn folders_and_paths_of_the_machine_that_built_it() {
    let bench = Bench::new();
    let unnamed = bench.cc(LIBRARY_C, &["-shared", "-fPIC"], "unnamed.so");
    let by_path = bench.cc(
        HELLO_C,
        &["-Wl,--no-as-needed", unnamed.to_str().unwrap()],
        "by-path",
    );
    let executable = examine_file(by_path).unwrap();
    let build_folders = [bench.path("")];
    let cautions = executable.cautions(&build_folders);
    let library = unnamed.to_str().unwrap().to_owned();
    assert_eq!(
        cautions,
        [Caution::LibraryPath {
            libraries: vec![library]
        }]
    );

    let rpath = |path: &str| {
        let flag = format!("-Wl,-rpath,{path}");
        examine_file(bench.cc(HELLO_C, &[&flag], "rpath")).unwrap()
    };
    let many = rpath("/nix/store/a/lib:$ORIGIN/lib:/home/me/lib:/opt/lib:/tmp/lib:lib");
    assert_eq!(
        many.cautions(&[]),
        [Caution::LocalFolders {
            folders: ["/nix/store/a/lib", "/home/me/lib", "/tmp/lib", "lib"]
                .map(Into::into)
                .into()
        }]
    );
    let target = rpath("/builds/etl/target/release/build/x/out");
    assert_eq!(codes(&target), [] as [&str; 0]);
    let cautions = target.cautions(&["/builds/etl/target".into()]);
    assert_eq!(Code::from(&cautions[0]), Code::Rpath);
}

/// Whatever compilers and tools write, nothing of it is a payload.
#[test]
fn the_images_of_real_tools_end_where_their_headers_say() {
    let bench = Bench::new();
    let payload = bench.write("payload", "some bytes");
    let section = format!("payload={}", payload.display());
    let mut programs = vec![std::env::current_exe().unwrap(), "/bin/ls".into()];
    for (name, flags) in [
        ("pie", &["-pie", "-fPIE", "-g"][..]),
        ("no-pie", &["-no-pie"]),
        ("static", &["-static", "-g3"]),
        ("static-pie", &["-static-pie", "-fPIE"]),
        ("compressed", &["-g", "-Wl,--compress-debug-sections=zlib"]),
        (
            "small-pages",
            &["-Wl,-z,max-page-size=4096", "-Wl,-z,noseparate-code"],
        ),
        ("build-id", &["-Wl,--build-id"]),
    ] {
        let program = bench.cc(HELLO_C, flags, name);
        for (tool, arguments) in [
            ("strip", &["-s"][..]),
            ("strip", &["-g"]),
            ("objcopy", &["--only-section=.*"]),
            ("objcopy", &["--add-section", &section]),
            (
                "objcopy",
                &[&format!("--add-gnu-debuglink={}", payload.display())],
            ),
            ("objcopy", &["--compress-debug-sections"]),
        ] {
            let changed = format!("{name}-{tool}-{}", programs.len());
            let mut arguments = arguments.to_vec();
            if tool == "strip" {
                arguments.push("-o");
                arguments.push(&changed);
                arguments.push(name);
            } else {
                arguments.push(name);
                arguments.push(&changed);
            }
            bench.tool(tool, &arguments);
            programs.push(bench.path(&changed));
        }
        programs.push(program);
    }
    for (name, flags) in [
        ("rust", &["-g"][..]),
        ("rust-stripped", &["-Cstrip=symbols"]),
        ("rust-split", &["-g", "-Csplit-debuginfo=packed"]),
    ] {
        programs.push(bench.rustc(MAIN_RS, flags, name));
    }
    for program in programs {
        let executable = examine_file(&program).unwrap();
        assert_eq!(executable.trailing_bytes, 0, "{program:?}");
    }
}

#[test]
fn bytes_behind_the_image_are_counted_in_every_format() {
    let intel = MachO {
        cpu: X86_64,
        ..MachO::default()
    };
    let both = [(X86_64, intel.build()), (ARM64, MachO::default().build())];
    for image in [
        std::fs::read("/bin/ls").unwrap(),
        elf(true, false, 62),
        elf(false, true, 8),
        MachO::default().build(),
        universal(&both, false),
        Pe::default().build(),
    ] {
        let executable = examine_bytes(&image).unwrap();
        assert_eq!(executable.trailing_bytes, 0, "{executable}");
        assert_eq!(codes(&executable), [] as [&str; 0]);
        // Zeros that fill a page are none, and a whole page and more of them are somebody's.
        let padded = [&image[..], &[0; 4000]].concat();
        assert_eq!(examine_bytes(&padded).unwrap().trailing_bytes, 0);
        let zeros = [&image[..], &vec![0; 70_000]].concat();
        assert_eq!(examine_bytes(&zeros).unwrap().trailing_bytes, 70_000);

        let with_payload = [&image[..], b"\0payload"].concat();
        let executable = examine_bytes(&with_payload).unwrap();
        assert_eq!(executable.trailing_bytes, 8, "{executable}");
        assert_eq!(codes(&executable), ["trailing-bytes"]);
        let said = executable.cautions(&[])[0].to_string();
        assert!(said.starts_with("8 bytes stand behind the image"), "{said}");
    }
    // In a part of a universal file, and behind the last one.
    let part = [&MachO::default().build()[..], b"abc"].concat();
    let whole = [&universal(&[(ARM64, part)], true)[..], b"defgh"].concat();
    assert_eq!(examine_bytes(&whole).unwrap().trailing_bytes, 8);
}

#[test]
fn libraries_of_macho_files() {
    let with = |(command, words): (u32, u32), text| (command, words, text);
    let image = |texts| MachO {
        texts,
        ..MachO::default()
    };
    let system = "/usr/lib/libSystem.B.dylib";
    let intel = image(vec![
        with(LOAD_DYLIB, system),
        with(LOAD_DYLIB, "@rpath/libpq.5.dylib"),
    ]);
    let arm = image(vec![
        with(LOAD_DYLIB, system),
        with(LOAD_WEAK_DYLIB, "/usr/lib/perhaps.dylib"),
        with(RPATH, "@executable_path/../lib"),
        with(RPATH, "/Users/me/lib"),
    ]);
    let executable = examine_bytes(&arm.build()).unwrap();
    assert_eq!(executable.needed, [system], "a weak one may be missing");
    assert_eq!(
        executable.rpath,
        ["@executable_path/../lib", "/Users/me/lib"]
    );
    assert_eq!(codes(&executable), ["rpath"]);
    assert!(!executable.to_string().contains("needs"), "{executable}");

    let both = universal(&[(X86_64, intel.build()), (ARM64, arm.build())], false);
    let executable = examine_bytes(&both).unwrap();
    assert_eq!(executable.needed, [system, "@rpath/libpq.5.dylib"]);
    assert_eq!(executable.rpath.len(), 2);
    assert!(
        executable
            .to_string()
            .ends_with("needs @rpath/libpq.5.dylib")
    );

    // A text without an end is that of its command.
    let mut open = image(vec![with(RPATH, "1234567")]).build();
    let at = open
        .windows(7)
        .position(|seven| seven == b"1234567")
        .unwrap();
    open[at + 7] = b'8';
    assert_eq!(examine_bytes(&open).unwrap().rpath, ["12345678"]);
}

/// A PE file whose table of imports names these libraries, with more sections behind it.
pub fn importing(names: &[&str], more: &[(&str, &[u8])]) -> Vec<u8> {
    let names_at = 20 * (names.len() + 1);
    let (mut table, mut texts) = (Vec::new(), Vec::new());
    for name in names {
        let address = 0x1000 + u32::try_from(names_at + texts.len()).unwrap();
        for value in [0, 0, 0, address, 0] {
            table.extend_from_slice(&u32::to_le_bytes(value));
        }
        texts.extend_from_slice(name.as_bytes());
        texts.push(0);
    }
    table.extend_from_slice(&[0; 20]);
    table.extend(texts);
    let mut image = Pe {
        sections: [&[(".idata", &table[..])], more].concat(),
        ..Pe::default()
    }
    .build();
    // The second directory: behind the signature, the COFF header and the optional header before the directories.
    let directory = 64 + 4 + 20 + 240 - 128 + 8;
    image[directory..directory + 4].copy_from_slice(&0x1000_u32.to_le_bytes());
    image[directory + 4..directory + 8].copy_from_slice(&40_u32.to_le_bytes());
    image
}

#[test]
fn libraries_of_pe_files() {
    let names = ["KERNEL32.dll", "std-0123456789abcdef.dll"];
    let executable = examine_bytes(&importing(&names, &[])).unwrap();
    assert_eq!(executable.needed, names);
    assert_eq!(executable.rpath, [] as [&str; 0]);
    assert_eq!(codes(&executable), ["library"]);
    assert!(!executable.to_string().contains("needs"), "{executable}");
    let none = examine_bytes(&Pe::default().build()).unwrap();
    assert_eq!(none.needed, [] as [&str; 0]);

    let mut astray = importing(&names, &[]);
    let directory = 64 + 4 + 20 + 240 - 128 + 8;
    astray[directory + 2] = 0x7f;
    let refusal = refused(&astray).to_string();
    assert!(
        refusal.contains("0x7f1000, which is not loaded"),
        "{refusal}"
    );
}

/// Whatever a file claims, only so much is kept.
#[test]
fn names_of_libraries_are_bounded() {
    let long = "x".repeat(5000);
    let names = vec![&*long; 60];
    let refusal = refused(&importing(&names, &[]));
    assert!(matches!(refusal, Refusal::Malformed { .. }), "{refusal:?}");
    let refusal = refusal.to_string();
    assert!(
        refusal.contains("names of its libraries take more than"),
        "{refusal}"
    );
    let short = vec!["a"; 1100];
    let refusal = refused(&importing(&short, &[])).to_string();
    assert!(refusal.contains("more than 1024 libraries"), "{refusal}");

    // What is shown of them is short, and nothing that a terminal acts on.
    let nasty = format!("/tmp/\u{1b}[31m\u{202e}{}", &long[..2000]);
    let image = MachO {
        texts: vec![(LOAD_DYLIB.0, LOAD_DYLIB.1, &nasty); 20],
        sections: vec![Content {
            segment: "__TEXT",
            name: "__text",
            bytes: b"code",
        }],
        ..MachO::default()
    };
    let executable = examine_bytes(&image.build()).unwrap();
    for shown in [
        executable.to_string(),
        executable.cautions(&[])[0].to_string(),
    ] {
        assert!(shown.len() < 3000, "{}", shown.len());
        assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown}");
        assert!(shown.contains("and 14 more"), "{shown}");
    }
}
