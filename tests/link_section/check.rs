//! What the link section of a built executable has to be.

use std::fs;
use std::path::Path;

use cargo_airflow_bundle::executable::{SectionError, link_record};
use cargo_airflow_bundle::manifest::Manifest;
use object::{Object, ObjectSection, SectionKind};

use crate::builds::metadata;

/// How the section is called; behind a dot follows the place of the `bundle!`.
const SECTION: &str = ".airflow_md";

/// What `bundle!` of the test project has to become.
const MANIFEST_START: &str = concat!(
    r#"{"airflow_bundle_metadata_version":"1.0","dags":{"#,
    r#""minimal":{"tasks":["nothing","größe"]},"reports.monthly-1":{"tasks":["monthly","yearly"]}},"#,
    r#""sdk":{"language":"rust","#
);

/// The executable of [`DECLARED`] holds exactly one record, which is what it prints.
pub fn declared(executable: &Path) {
    let what = executable.display();
    let printed = metadata(executable);
    assert!(printed.starts_with(MANIFEST_START), "{what}: {printed}");

    let file = fs::File::open(executable).unwrap();
    let len = file.metadata().unwrap().len();
    let record = link_record(&file, 0, len).unwrap().expect("a record");
    assert_eq!(record.json, printed, "{what}");
    assert_eq!(record.section, SECTION, "{what}");

    let manifest = Manifest::parse(&record.json).unwrap();
    let dags: Vec<_> = manifest.dag_ids().collect();
    assert_eq!(dags, ["minimal", "reports.monthly-1"], "{what}");
    assert_eq!(manifest.task_count(), 4, "{what}");

    let image = fs::read(executable).unwrap();
    let image = object::File::parse(&*image).unwrap();
    let sections: Vec<_> = image
        .sections()
        .filter(|section| section.name().is_ok_and(|name| name.starts_with(SECTION)))
        .collect();
    let [section] = &sections[..] else {
        panic!("{what}: {} sections", sections.len());
    };
    let mut expected = b"AFMETA01".to_vec();
    expected.extend(u32::try_from(printed.len()).unwrap().to_le_bytes());
    expected.extend(printed.as_bytes());
    assert_eq!(section.data().unwrap(), expected, "{what}");
    // In the program's memory, where nobody can write to it.
    assert_eq!(section.kind(), SectionKind::ReadOnlyData, "{what}");
}

/// The executable `binary` of [`OF_A_LIBRARY`](crate::builds::OF_A_LIBRARY) holds the record of its own `bundle!`, and no
/// other.
pub fn of_a_library(executable: &Path, binary: &str) {
    let printed = metadata(executable);
    assert!(
        printed.contains(&format!(r#""dags":{{"{binary}":"#)),
        "{printed}"
    );
    let record = record(executable).unwrap();
    assert_eq!(record.as_ref(), Some(&printed), "{}", executable.display());
}

/// The record of an executable, as JSON.
pub fn record(executable: &Path) -> Result<Option<String>, SectionError> {
    let file = fs::File::open(executable).unwrap();
    let len = file.metadata().unwrap().len();
    link_record(file, 0, len).map(|record| record.map(|record| record.json))
}
