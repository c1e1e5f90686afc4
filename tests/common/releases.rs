//! The releases of Airflow that the tests run.
#![allow(dead_code, reason = "each test binary uses a part of this")]

use airflow_protocol::Release;

/// The requirements file of each release, for [`environment`](crate::python::environment), the oldest first.
pub const RELEASES: [(&str, Release); Release::ALL.len()] = [
    ("requirements.txt", Release::AIRFLOW_3_3),
    ("requirements-3.4.txt", Release::AIRFLOW_3_4),
];
