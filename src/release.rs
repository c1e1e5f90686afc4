//! The release of Airflow that bundles are made and judged for.

use airflow_protocol::Release;

/// The release that every command takes.
pub(crate) const DEFAULT: Release = Release::AIRFLOW_3_3;
