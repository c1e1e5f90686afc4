//! The table.

/// One way to say what is built and how.
pub struct Case {
    pub name: &'static str,
    /// For both `cargo build` and `cargo airflow-bundle`. `HOST` and `ROOT` are filled in, here and below.
    pub args: &'static str,
    /// For `cargo build` alone: the choice of executables that is made without it by ours.
    pub cargo: &'static str,
    pub env: &'static [(&'static str, &'static str)],
    /// Written into the copy of the project.
    pub files: &'static [(&'static str, &'static str)],
    /// The current folder.
    pub folder: &'static str,
    /// Whether there is a lock file.
    pub locked: bool,
    /// The executables that cargo builds.
    pub built: &'static [&'static str],
    /// What a manifest must hold, to show that the setting is in force.
    pub tasks: &'static str,
    /// cargo refuses it.
    pub fails: bool,
}

/// What a case does not say.
const CASE: Case = Case {
    name: "",
    args: "",
    cargo: "--bin etl",
    env: &[],
    files: &[],
    folder: "",
    locked: false,
    built: &["target/debug/etl"],
    tasks: "",
    fails: false,
};

/// Refused by cargo.
const REFUSED: Case = Case {
    cargo: "",
    built: &[],
    fails: true,
    ..CASE
};

const CONFIG: &str = ".cargo/config.toml";
const BOTH: &[&str] = &["target/debug/etl", "target/debug/reports"];
const RELEASE: &[&str] = &["target/release/etl"];
const FOR_HOST: &[&str] = &["target/HOST/debug/etl"];
const OUT: &[&str] = &["out/debug/etl"];

#[rustfmt::skip]
pub const CASES: &[Case] = &[
    // Packages.
    Case { name: "default members", tasks: r#"["always","daily","checked"]"#, ..CASE },
    Case { name: "no default members: the whole workspace", args: "--bin etl", cargo: "", tasks: "traced",
        files: &[("Cargo.toml", "[workspace]\nmembers = [\"etl\", \"reports\", \"tools\", \"shared\"]\nresolver = \"3\"")],
        ..CASE },
    Case { name: "--workspace: features of packages that are not packed count", args: "--workspace",
        cargo: "--bin etl --bin reports", built: BOTH, tasks: r#"["always","daily","loud","traced","checked"]"#, ..CASE },
    Case { name: "--workspace --exclude", args: "--workspace --exclude tools", cargo: "--bin etl --bin reports",
        built: BOTH, tasks: r#"["always","daily","loud","checked"]"#, ..CASE },
    Case { name: "--all --exclude PATTERN", args: "--all --exclude t* --exclude reports", ..CASE },
    Case { name: "--exclude of nothing", args: "--workspace --exclude nowhere --exclude reports", tasks: "traced", ..CASE },
    Case { name: "-p", args: "-p reports", cargo: "", built: &["target/debug/reports"], ..CASE },
    Case { name: "-p twice", args: "-p etl -p reports", cargo: "--bin etl --bin reports", built: BOTH, ..CASE },
    Case { name: "-p with a helper: its features count", args: "-p etl -p tools", tasks: "traced", ..CASE },
    Case { name: "-p NAME@VERSION", args: "-p reports@1.2.3", cargo: "", built: &["target/debug/reports"], ..CASE },
    Case { name: "-p PATTERN", args: "-p rep*", cargo: "", built: &["target/debug/reports"], ..CASE },
    Case { name: "the folder of a member", folder: "reports/src", cargo: "", built: &["target/debug/reports"], ..CASE },
    Case { name: "--manifest-path of a member", args: "--manifest-path reports/Cargo.toml", cargo: "",
        built: &["target/debug/reports"], ..CASE },
    Case { name: "a package outside the workspace", args: "--manifest-path apart/Cargo.toml", cargo: "",
        built: &["apart/target/debug/apart"], ..CASE },
    Case { name: "--workspace --bin", args: "--workspace --bin reports", cargo: "", built: &["target/debug/reports"],
        tasks: "traced", ..CASE },
    Case { name: "--bin PATTERN", args: "--workspace --bin *port?", cargo: "", built: &["target/debug/reports"], ..CASE },
    Case { name: "--example", args: "-p etl --example sensor", cargo: "", built: &["target/debug/examples/sensor"], ..CASE },
    Case { name: "--bin and --example", args: "-p etl --bin etl --example s*", cargo: "",
        built: &["target/debug/etl", "target/debug/examples/sensor"], ..CASE },
    // Features.
    Case { name: "--features", args: "-F hourly", tasks: r#"["always","daily","hourly","loud","checked"]"#, ..CASE },
    Case { name: "--features with commas", args: "-F hourly,daily", tasks: "hourly", ..CASE },
    Case { name: "--features PACKAGE/NAME", args: "--features etl/hourly", tasks: "hourly", ..CASE },
    Case { name: "--features of a dependency", args: "--features shared/traced", tasks: "traced", ..CASE },
    Case { name: "--features for the one of two that has it", args: "-p etl -p reports -F weekly",
        cargo: "--bin etl --bin reports", built: BOTH, tasks: "weekly", ..CASE },
    Case { name: "--features of a package that is not packed", args: "--workspace -F tools/nightly",
        cargo: "--bin etl --bin reports", built: BOTH, ..CASE },
    Case { name: "--no-default-features", args: "--no-default-features", tasks: r#"["always","checked"]"#, ..CASE },
    Case { name: "--all-features", args: "--all-features", tasks: "hourly", ..CASE },
    Case { name: "required features that are there", args: "--bin backfill -F hourly", cargo: "",
        built: &["target/debug/backfill"], ..CASE },
    Case { name: "required features that are missing", args: "--bin backfill", ..REFUSED },
    Case { name: "a feature that nobody has", args: "-F nowhere", ..REFUSED },
    // Profiles.
    Case { name: "--release", args: "--release", built: RELEASE, tasks: r#"["always","daily"]"#, ..CASE },
    Case { name: "--profile", args: "--profile dist", built: &["target/dist/etl"], ..CASE },
    Case { name: "--profile dev", args: "--profile dev", tasks: "checked", ..CASE },
    Case { name: "--profile test", args: "--profile test", tasks: "checked", ..CASE },
    Case { name: "--profile bench", args: "--profile bench", built: RELEASE, ..CASE },
    Case { name: "CARGO_PROFILE_DEV_DEBUG_ASSERTIONS", env: &[("CARGO_PROFILE_DEV_DEBUG_ASSERTIONS", "false")],
        tasks: r#"["always","daily"]"#, ..CASE },
    Case { name: "CARGO_PROFILE_RELEASE_*", args: "-r", built: RELEASE, tasks: "checked",
        env: &[("CARGO_PROFILE_RELEASE_LTO", "true"), ("CARGO_PROFILE_RELEASE_STRIP", "symbols"),
            ("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true")], ..CASE },
    Case { name: "[profile] in the configuration", files: &[(CONFIG, "[profile.dev]\ndebug-assertions = false\nstrip = true")],
        tasks: r#"["always","daily"]"#, ..CASE },
    Case { name: "--config profile", args: "--config profile.dev.debug-assertions=false", tasks: r#"["always","daily"]"#, ..CASE },
    Case { name: "CARGO_INCREMENTAL", env: &[("CARGO_INCREMENTAL", "0")], ..CASE },
    // Where it goes.
    Case { name: "--target-dir", args: "--target-dir out", built: OUT, ..CASE },
    Case { name: "CARGO_TARGET_DIR", env: &[("CARGO_TARGET_DIR", "out")], built: OUT, ..CASE },
    Case { name: "CARGO_TARGET_DIR, absolute", env: &[("CARGO_TARGET_DIR", "ROOT/out")], built: OUT, ..CASE },
    Case { name: "CARGO_BUILD_TARGET_DIR", env: &[("CARGO_BUILD_TARGET_DIR", "out")], built: OUT, ..CASE },
    Case { name: "--target-dir before CARGO_TARGET_DIR", args: "--target-dir out", env: &[("CARGO_TARGET_DIR", "no")],
        built: OUT, ..CASE },
    Case { name: "[build] target-dir", files: &[(CONFIG, "[build]\ntarget-dir = \"out\"")], built: OUT, ..CASE },
    Case { name: "--config build.target-dir", args: "--config build.target-dir=\"out\"", built: OUT, ..CASE },
    Case { name: "[build] build-dir", files: &[(CONFIG, "[build]\nbuild-dir = \"between\"")], ..CASE },
    Case { name: "CARGO_BUILD_BUILD_DIR", env: &[("CARGO_BUILD_BUILD_DIR", "ROOT/between")], ..CASE },
    Case { name: "an empty CARGO_TARGET_DIR", env: &[("CARGO_TARGET_DIR", "")], ..REFUSED },
    // For what.
    Case { name: "--target", args: "--target HOST", built: FOR_HOST, ..CASE },
    Case { name: "--target host-tuple", args: "--target host-tuple", built: FOR_HOST, ..CASE },
    Case { name: "--target twice", args: "--target HOST --target HOST", built: FOR_HOST, ..CASE },
    Case { name: "CARGO_BUILD_TARGET", env: &[("CARGO_BUILD_TARGET", "HOST")], built: FOR_HOST, ..CASE },
    Case { name: "[build] target", files: &[(CONFIG, "[build]\ntarget = \"HOST\"")], built: FOR_HOST, ..CASE },
    Case { name: "[build] target as a list", files: &[(CONFIG, "[build]\ntarget = [\"HOST\"]")], built: FOR_HOST, ..CASE },
    Case { name: "--config build.target", args: "--config build.target=\"HOST\"", built: FOR_HOST, ..CASE },
    Case { name: "--config FILE with a target", args: "--config more.toml", built: FOR_HOST,
        files: &[("more.toml", "build.target = \"HOST\"")], ..CASE },
    Case { name: "an unknown CARGO_BUILD_TARGET", env: &[("CARGO_BUILD_TARGET", "no-such-triple")], ..REFUSED },
    // Compiler flags.
    Case { name: "RUSTFLAGS", env: &[("RUSTFLAGS", "--cfg flagged")], tasks: "flagged", ..CASE },
    Case { name: "CARGO_ENCODED_RUSTFLAGS", env: &[("CARGO_ENCODED_RUSTFLAGS", "--cfg\x1fflagged"), ("RUSTFLAGS", "--no")],
        tasks: "flagged", ..CASE },
    Case { name: "CARGO_BUILD_RUSTFLAGS", env: &[("CARGO_BUILD_RUSTFLAGS", "--cfg flagged")], tasks: "flagged", ..CASE },
    Case { name: "[build] rustflags", files: &[(CONFIG, "[build]\nrustflags = [\"--cfg\", \"flagged\"]")], tasks: "flagged", ..CASE },
    Case { name: "[target.TRIPLE] rustflags", files: &[(CONFIG, "[target.HOST]\nrustflags = \"--cfg flagged\"")],
        tasks: "flagged", ..CASE },
    Case { name: "[target.cfg] rustflags", files: &[(CONFIG, "[target.'cfg(unix)']\nrustflags = [\"--cfg=flagged\"]")],
        tasks: "flagged", ..CASE },
    Case { name: "--config target.cfg.rustflags", args: "--config target.\"cfg(unix)\".rustflags=[\"--cfg=flagged\"]",
        tasks: "flagged", ..CASE },
    Case { name: "RUSTFLAGS with --target", args: "--target HOST", env: &[("RUSTFLAGS", "--cfg flagged")], built: FOR_HOST,
        tasks: "flagged", ..CASE },
    Case { name: "RUSTC_WRAPPER", env: &[("RUSTC_WRAPPER", "ROOT/wrapper")], ..CASE },
    Case { name: "CARGO_BUILD_RUSTC_WRAPPER", env: &[("CARGO_BUILD_RUSTC_WRAPPER", "ROOT/wrapper")], ..CASE },
    Case { name: "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER", env: &[("CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER", "ROOT/wrapper")], ..CASE },
    Case { name: "[env]", files: &[(CONFIG, "[env]\nFROM_ENV = \"1\"")], tasks: "from_env", ..CASE },
    // Everything else.
    Case { name: "a configuration above the project", files: &[("../.cargo/config.toml", "[build]\ntarget-dir = \"ROOT/out\"")],
        built: OUT, ..CASE },
    Case { name: "a configuration in the current folder only", folder: "reports", cargo: "", tasks: "flagged",
        files: &[("reports/.cargo/config.toml", "[build]\nrustflags = \"--cfg flagged\"")],
        built: &["target/debug/reports"], ..CASE },
    Case { name: "--config FILE", args: "--config more.toml", files: &[("more.toml", "[build]\nrustflags = \"--cfg flagged\"")],
        tasks: "flagged", ..CASE },
    Case { name: "include", files: &[(CONFIG, "include = [\"more.toml\"]"), (".cargo/more.toml", "[build]\ntarget = [\"HOST\"]")],
        built: FOR_HOST, ..CASE },
    Case { name: "-j", args: "-j 1", ..CASE },
    Case { name: "-j default", args: "-j default", ..CASE },
    Case { name: "CARGO_BUILD_JOBS=default", env: &[("CARGO_BUILD_JOBS", "default"), ("CARGO_BUILD_TARGET", "HOST")],
        built: FOR_HOST, ..CASE },
    Case { name: "[build] jobs", files: &[(CONFIG, "[build]\njobs = \"default\"")], ..CASE },
    Case { name: "--locked --offline", args: "--locked --offline", locked: true, ..CASE },
    Case { name: "--frozen", args: "--frozen", locked: true, ..CASE },
    Case { name: "--locked without a lock file", args: "--locked", ..REFUSED },
    Case { name: "CARGO_NET_OFFLINE", env: &[("CARGO_NET_OFFLINE", "true")], ..CASE },
    Case { name: "CARGO_TERM_QUIET=1", env: &[("CARGO_TERM_QUIET", "1")], ..REFUSED },
    Case { name: "CARGO_TERM_*", env: &[("CARGO_TERM_COLOR", "always"), ("CARGO_TERM_VERBOSE", "true"),
        ("CARGO_TERM_PROGRESS_WHEN", "always"), ("CARGO_TERM_PROGRESS_WIDTH", "80"), ("NO_COLOR", "1")], ..CASE },
];
