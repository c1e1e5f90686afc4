//! Frames from the supervisor.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    airflow_bundle_fuzz::within(1 << 20, 256, data, airflow_protocol::fuzz::frame);
});
