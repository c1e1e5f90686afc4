//! What an executable printed, and the message where that is no manifest.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    airflow_bundle_fuzz::within(1 << 20, 64, data, cargo_airflow_bundle::fuzz::introspection);
});
