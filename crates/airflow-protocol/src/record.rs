//! How an executable carries its manifest, and how it is asked for it.
//!
//! A record in the link section is the text `AFMETA01`, the length of the manifest as a little-endian `u32`, and the manifest as JSON,
//! the same text that `--airflow-metadata` prints. Airflow reads neither: the packer does, and writes the manifest into the bundle.
//!
//! Where the manifest of a bundle names one schema version ([`SCHEMA_VERSION_KEY`]), a record says what the program could serve:
//! [`SCHEMA_VERSIONS_KEY`], and [`PARAMETERS_KEY`] for each Dag with such handlers. The packer chooses, and leaves both out.

/// The flag that makes an executable print its manifest.
///
/// Source: `go-sdk/cmd/airflow-go-pack` of Airflow's main branch, which asks its executables by this flag.
pub const METADATA_FLAG: &str = "--airflow-metadata";
/// The `airflow_bundle_metadata_version` of a manifest.
pub const METADATA_VERSION: &str = "1.0";
/// The key of `sdk` in the manifest of a bundle: the schema version of the messages that Airflow's supervisor sends to it.
pub const SCHEMA_VERSION_KEY: &str = "supervisor_schema_version";
/// The key of `sdk` in a record: the list of the schema versions that the program's SDK knows. It stands there in the place of
/// [`SCHEMA_VERSION_KEY`].
pub const SCHEMA_VERSIONS_KEY: &str = "supervisor_schema_versions";
/// The key of a Dag in a record: a mapping from each task whose handler takes data parameters to their number. It is left out
/// where no handler takes any.
pub const PARAMETERS_KEY: &str = "parameters";
/// The longest manifest that is read, in bytes.
pub const MANIFEST_LIMIT: usize = 16 << 20;

/// The first bytes of a record.
pub const RECORD_MAGIC: &str = "AFMETA01";
/// The length of a record before its text, in bytes: the magic and the length of the text.
pub const RECORD_HEADER: usize = RECORD_MAGIC.len() + size_of::<u32>();

/// The section of an ELF file that holds a record; its name may go on behind a dot, so that each record has a section of its own.
pub const ELF_SECTION: &str = ".airflow_md";
/// The segment of a Mach-O file that has [`MACHO_SECTION`].
pub const MACHO_SEGMENT: &str = "__DATA";
/// The section of a Mach-O file that holds the record.
pub const MACHO_SECTION: &str = "__airflow_md";
/// [`MACHO_SEGMENT`] and [`MACHO_SECTION`], as linkers write them.
pub const MACHO_PLACE: &str = "__DATA,__airflow_md";
/// The section of a PE file that holds the record; such names have 8 bytes at most.
pub const PE_SECTION: &str = ".aflow";

#[cfg(test)]
mod tests {
    use super::{MACHO_PLACE, MACHO_SECTION, MACHO_SEGMENT, PE_SECTION};

    #[test]
    fn names_have_the_forms_of_their_formats() {
        assert_eq!(format!("{MACHO_SEGMENT},{MACHO_SECTION}"), MACHO_PLACE);
        assert!(MACHO_SECTION.len() <= 16 && PE_SECTION.len() <= 8);
    }
}
