//! How an executable carries its manifest, and how it is asked for it.
//!
//! A record in the link section is the text `AFMETA01`, the length of the manifest as a little-endian `u32`, and the manifest as JSON,
//! the same text that `--airflow-metadata` prints. Airflow reads neither: the packer does, and writes the manifest into the bundle.

/// The flag that makes an executable print its manifest.
///
/// Source: `go-sdk/cmd/airflow-go-pack` of Airflow's main branch, which asks its executables by this flag.
pub const METADATA_FLAG: &str = "--airflow-metadata";
/// The `airflow_bundle_metadata_version` of a manifest.
pub const METADATA_VERSION: &str = "1.0";
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
