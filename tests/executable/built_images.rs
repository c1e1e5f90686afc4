//! Formats for which this machine has no compiler, byte by byte.

use cargo_airflow_bundle::executable::{Architecture, Executable, Format, Host, Platform, Refusal};

use crate::images::{ARM64, Content, MachO, Pe, X86_64, elf, universal};
use crate::toolchain::{examine_bytes, refused};

fn macho() -> MachO<'static> {
    MachO::default()
}

#[test]
fn a_macho_executable() {
    let executable = examine_bytes(&macho().build()).unwrap();
    assert_eq!(executable.format, Format::MachO);
    assert_eq!(executable.platform, Platform::MacOs);
    assert_eq!(executable.architectures, [Architecture::Aarch64]);
    assert_eq!(executable.linkage, None);
    assert_eq!(
        executable.suggested_target(),
        Some("aarch64-unknown-linux-gnu")
    );
    let mac = Host {
        platform: Some(Platform::MacOs),
        architecture: Some(Architecture::Aarch64),
    };
    assert!(executable.runs_on(mac));
    assert_eq!(
        executable.to_string(),
        "Mach-O executable for macOS on aarch64"
    );
    assert_eq!(
        executable.with_article(),
        "a Mach-O executable for macOS on aarch64"
    );
}

#[test]
fn macho_of_other_widths_and_systems() {
    let examined = |image: &MachO<'_>| -> Executable { examine_bytes(&image.build()).unwrap() };
    let narrow = examined(&MachO {
        wide: false,
        cpu: 7,
        ..macho()
    });
    assert_eq!(narrow.architectures, [Architecture::I686]);
    let big = examined(&MachO {
        wide: false,
        big: true,
        cpu: 18,
        ..macho()
    });
    assert_eq!(big.architectures, [Architecture::Powerpc]);
    let phone = examined(&MachO {
        platform: 2,
        ..macho()
    });
    assert_eq!(phone.platform, Platform::OtherApple);
    let signed_pointers = examined(&MachO {
        subtype: 0x8000_0002,
        ..macho()
    });
    assert_eq!(signed_pointers.architectures, [Architecture::Arm64e]);
    let debug = examined(&MachO {
        sections: vec![Content {
            segment: "__DWARF",
            name: "__debug_info",
            bytes: &[0; 777],
        }],
        ..macho()
    });
    assert_eq!(debug.debug_info_bytes, 777);
}

#[test]
fn other_macho_files_are_refused_by_name() {
    for (file_type, expected) in [
        (1, "relocatable object file (Mach-O)"),
        (4, "core dump (Mach-O)"),
        (5, "firmware"),
        (6, ".dylib"),
        (7, "dynamic linker"),
        (8, ".bundle"),
        (9, "library stub"),
        (10, "debug information"),
        (11, "kernel extension"),
        (99, "file type 99"),
    ] {
        let refusal = refused(
            &MachO {
                file_type,
                ..macho()
            }
            .build(),
        );
        assert!(
            refusal.to_string().contains(expected),
            "{file_type}: {refusal}"
        );
    }
    let unknown = refused(&MachO { cpu: 99, ..macho() }.build());
    assert!(
        matches!(
            unknown,
            Refusal::UnknownArchitecture {
                format: Format::MachO,
                machine: 99
            }
        ),
        "{unknown:?}"
    );
}

#[test]
fn a_universal_file_must_hold_executables_only() {
    for wide in [false, true] {
        let intel = MachO {
            cpu: X86_64,
            ..macho()
        }
        .build();
        let both = universal(&[(X86_64, intel.clone()), (ARM64, macho().build())], wide);
        let executable = examine_bytes(&both).unwrap();
        assert_eq!(executable.format, Format::MachOUniversal);
        assert_eq!(
            executable.architectures,
            [Architecture::X86_64, Architecture::Aarch64]
        );
        assert_eq!(
            executable.suggested_target(),
            Some("x86_64-unknown-linux-gnu")
        );
        let library = MachO {
            file_type: 6,
            ..macho()
        }
        .build();
        let refusal = refused(&universal(&[(X86_64, intel), (ARM64, library)], wide));
        assert!(
            matches!(&refusal, Refusal::Slice { number: 2, reason } if matches!(**reason, Refusal::SharedLibrary { .. })),
            "{refusal:?}"
        );
        let archive = universal(&[(ARM64, b"!<arch>\n".to_vec())], wide);
        assert!(refused(&archive).to_string().contains("static library"));
        let nested = universal(&[(ARM64, both)], wide);
        assert!(matches!(refused(&nested), Refusal::Slice { .. }));
        assert!(matches!(
            refused(&universal(&[], wide)),
            Refusal::Malformed { .. }
        ));
    }
}

#[test]
fn a_macho_segment_beyond_the_end_is_refused() {
    let mut image = macho().build();
    // The size of the first segment: behind the header, the names and three words.
    image[32 + 48] += 1;
    let (needs, has) = (image.len() as u64 + 1, image.len() as u64);
    let refusal = refused(&image);
    assert_eq!(
        refusal.to_string(),
        format!(
            "the file is cut short or damaged: a segment would end at byte {needs}, but the file has {has} bytes; copy or build it again"
        )
    );
}

#[test]
fn a_pe_executable() {
    let executable = examine_bytes(&Pe::default().build()).unwrap();
    assert_eq!(executable.format, Format::Pe);
    assert_eq!(executable.platform, Platform::Windows);
    assert_eq!(executable.architectures, [Architecture::X86_64]);
    assert_eq!(
        executable.suggested_target(),
        Some("x86_64-unknown-linux-gnu")
    );
    assert!(!executable.runs_here() || cfg!(windows));
    let narrow = Pe {
        wide: false,
        machine: 0x14c,
        sections: vec![
            (".text", b"code"),
            (".debug_info_long", &[1; 600]),
            (".zdebug_str", &[1; 30]),
        ],
        ..Pe::default()
    };
    let executable = examine_bytes(&narrow.build()).unwrap();
    assert_eq!(executable.architectures, [Architecture::I686]);
    assert_eq!(executable.debug_info_bytes, 630);
    let arm = Pe {
        machine: 0xaa64,
        ..Pe::default()
    };
    assert_eq!(
        examine_bytes(&arm.build()).unwrap().suggested_target(),
        Some("aarch64-unknown-linux-gnu")
    );
}

#[test]
fn other_pe_files_are_refused_by_name() {
    let pe = Pe::default;
    for (image, expected) in [
        (
            Pe {
                characteristics: 0x2022,
                ..pe()
            },
            ".dll",
        ),
        (
            Pe {
                subsystem: 10,
                ..pe()
            },
            "EFI program",
        ),
        (
            Pe {
                subsystem: 1,
                ..pe()
            },
            "driver",
        ),
        (
            Pe {
                characteristics: 0x20,
                ..pe()
            },
            "could not finish",
        ),
        (
            Pe {
                machine: 0x200,
                ..pe()
            },
            "unknown processor (machine number 0x200)",
        ),
        (
            Pe {
                certificates: 8,
                ..pe()
            },
            "Authenticode",
        ),
        (
            Pe {
                certificates: 8,
                wide: false,
                machine: 0x14c,
                ..pe()
            },
            "Authenticode",
        ),
        (
            Pe {
                sections: vec![],
                ..pe()
            },
            "no sections",
        ),
        (
            Pe {
                sections: vec![(".text", b""), (".debug_info", b"debug")],
                ..pe()
            },
            "debug information",
        ),
        (
            Pe {
                sections: vec![("UPX0", b""), ("UPX1", b"packed")],
                ..pe()
            },
            "UPX",
        ),
    ] {
        let refusal = refused(&image.build());
        assert!(
            refusal.to_string().contains(expected),
            "{expected}: {refusal}"
        );
    }
}

#[test]
fn upx_is_recognised_behind_the_headers() {
    let mut image = macho().build();
    let end = image.len() - 4;
    image[end..].copy_from_slice(b"UPX!");
    assert!(matches!(refused(&image), Refusal::Upx));
    let mut pe = Pe::default().build();
    pe[512 - 32..512 - 28].copy_from_slice(b"UPX!");
    assert!(matches!(refused(&pe), Refusal::Upx));
    let mut ls = std::fs::read("/bin/ls").unwrap();
    assert_eq!(ls[4], 2, "this test knows the 64-bit header");
    let headers = u16::from_le_bytes([ls[56], ls[57]]);
    let at = 64 + 56 * usize::from(headers) + 4;
    ls[at..at + 4].copy_from_slice(b"UPX!");
    assert!(matches!(refused(&ls), Refusal::Upx));
}

#[test]
fn elf_headers_of_every_architecture() {
    for (name, wide, big, machine) in [
        ("x86_64", true, false, 62),
        ("x86_64-x32", false, false, 62),
        ("i686", false, false, 3),
        ("aarch64", true, false, 183),
        ("aarch64_be", true, true, 183),
        ("arm", false, false, 40),
        ("riscv64", true, false, 243),
        ("riscv32", false, false, 243),
        ("s390x", true, true, 22),
        ("powerpc64le", true, false, 21),
        ("powerpc64", true, true, 21),
        ("powerpc", false, true, 20),
        ("loongarch64", true, false, 258),
        ("mips64el", true, false, 8),
        ("mips", false, true, 8),
        ("sparc64", true, true, 43),
    ] {
        let executable = examine_bytes(&elf(wide, big, machine)).unwrap();
        let architecture = executable.architectures[0];
        assert_eq!(architecture.to_string(), name);
        assert_eq!(architecture.is_big_endian(), big, "{name}");
        assert_eq!(architecture.pointer_bits() == 64, wide, "{name}");
    }
    // eBPF is no processor that runs programs.
    let refusal = refused(&elf(true, false, 247));
    assert!(refusal.to_string().contains("0xf7"), "{refusal}");
    let mut core = elf(true, false, 62);
    core[16] = 4;
    assert!(matches!(
        refused(&core),
        Refusal::CoreDump { format: "ELF" }
    ));
    // The size of the segment in the file.
    let mut cut = elf(true, false, 62);
    cut[64 + 32] += 1;
    let refusal = refused(&cut);
    assert!(
        matches!(
            refusal,
            Refusal::Truncated {
                what: "a loaded segment",
                needs: 121,
                has: 120
            }
        ),
        "{refusal:?}"
    );
    let mut freebsd = elf(true, false, 62);
    freebsd[7] = 9;
    let executable = examine_bytes(&freebsd).unwrap();
    assert_eq!(executable.platform, Platform::FreeBsd);
    assert!(executable.suggested_target().is_some());
}
