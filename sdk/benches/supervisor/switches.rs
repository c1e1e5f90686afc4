//! How often processes wait.

/// How many voluntary context switches the children of this process had, all threads counted, that have ended and were waited for.
#[cfg(unix)]
#[allow(unsafe_code, reason = "see below")]
pub fn of_children() -> f64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: `getrusage` writes a `rusage` to a pointer to one, which outlives the call. One whose bytes are all zero is valid.
    let usage = unsafe {
        assert_eq!(
            libc::getrusage(libc::RUSAGE_CHILDREN, usage.as_mut_ptr()),
            0
        );
        usage.assume_init()
    };
    f64::from(i32::try_from(usage.ru_nvcsw).unwrap())
}

/// They are not counted here.
#[cfg(not(unix))]
pub fn of_children() -> f64 {
    0.0
}
