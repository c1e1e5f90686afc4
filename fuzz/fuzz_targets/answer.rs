//! What an executable sends when it is tried.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    airflow_bundle_fuzz::within(1 << 20, 64, data, cargo_airflow_bundle::fuzz::answer);
});
