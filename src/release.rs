//! The release of Airflow that bundles are made and judged for.

use airflow_protocol::Release;

/// The release for which every command packs and judges.
pub(crate) const DEFAULT: Release = Release::AIRFLOW_3_3;
