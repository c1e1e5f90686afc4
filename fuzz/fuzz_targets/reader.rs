//! A file as a bundle: trailer, regions, the verdict on it.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    airflow_bundle_fuzz::within(24 << 20, 64, data, cargo_airflow_bundle::fuzz::reader);
});
