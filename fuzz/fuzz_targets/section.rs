//! An executable's link section.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    airflow_bundle_fuzz::within(1 << 20, 4, data, cargo_airflow_bundle::fuzz::section);
});
