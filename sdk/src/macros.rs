//! The `bundle!` macro.

/// Declares a bundle: every Dag that this executable serves, with its tasks.
///
/// ```
/// use airflow_sdk::{Result, Task, bundle};
///
/// fn extract(task: &Task) -> Result<Vec<i64>> {
///     Ok(vec![1, 2, 3])
/// }
/// fn load(task: &Task) -> Result<()> {
///     let rows: Vec<i64> = task.xcom("extract")?;
///     log::info!("{} rows", rows.len());
///     Ok(())
/// }
/// mod reports {
///     pub fn monthly() {}
/// }
///
/// let bundle = bundle! {
///     "sales" => {
///         extract,                            // the task id is the function's name
///         "load_rows" => load,                // or given
///         reports::monthly,                   // the id is "monthly"
///         "hello" => || log::info!("hello"),  // a closure needs an id
///     },
///     "audit" => { extract },
/// };
/// assert_eq!(bundle.task_ids("sales"), ["extract", "load_rows", "monthly", "hello"]);
/// ```
///
/// Ids are constant expressions (usually literals). The manifest becomes a constant in a link section of the
/// executable, so that it can be read without running it. An executable has exactly one `bundle!`; for ids that are
/// only known at run time, use [`Bundle::new`](crate::Bundle::new) and [`register`](crate::Bundle::register) instead.
///
/// An empty or illegal id does not compile:
///
/// ```compile_fail
/// fn task() {}
/// airflow_sdk::bundle! { "has space" => { task } };
/// ```
///
/// Nor does a task or a Dag that is declared twice:
///
/// ```compile_fail
/// fn task() {}
/// airflow_sdk::bundle! { "d" => { task, "task" => task } };
/// ```
///
/// ```compile_fail
/// fn task() {}
/// airflow_sdk::bundle! { "d" => { task }, "d" => { "other" => task } };
/// ```
#[macro_export]
macro_rules! bundle {
    ($($dag:expr => { $($tasks:tt)* }),+ $(,)?) => {{
        const DAGS: &[$crate::__private::DagDeclaration] = &[
            $($crate::__private::DagDeclaration {
                id: $dag,
                tasks: $crate::__bundle_ids!([] $($tasks)*),
            }),+
        ];
        const _: () = $crate::__private::validate(DAGS);

        #[allow(unsafe_code, reason = "naming a link section is what the attribute marks as unsafe")]
        #[used]
        #[cfg_attr(
            any(
                target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "netbsd",
                target_os = "openbsd", target_os = "dragonfly", target_os = "illumos", target_os = "solaris"
            ),
            unsafe(link_section = ".airflow_md")
        )]
        #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__airflow_md"))]
        #[cfg_attr(target_os = "windows", unsafe(link_section = ".aflow"))]
        static RECORD: [u8; $crate::__private::record_len(DAGS)] = $crate::__private::record(DAGS);

        let bundle = $crate::Bundle::__declared(&RECORD);
        $(
            let bundle = bundle.__dag($dag);
            let bundle = $crate::__bundle_register!(bundle, $dag, $($tasks)*);
        )+
        bundle
    }};
    ($($other:tt)*) => {
        ::core::compile_error!(
            "bundle! takes Dags and their tasks: bundle! { \"dag_id\" => { function, \"task_id\" => function } }"
        )
    };
}

/// The ids of a Dag's tasks, as a constant slice.
#[doc(hidden)]
#[macro_export]
macro_rules! __bundle_ids {
    ([$($done:expr,)*]) => { &[$($done,)*] };
    ([$($done:expr,)*] $handler:path $(, $($rest:tt)*)?) => {
        $crate::__bundle_ids!(
            [$($done,)* $crate::__private::function_name(::core::stringify!($handler)),] $($($rest)*)?
        )
    };
    ([$($done:expr,)*] $id:expr => $handler:expr $(, $($rest:tt)*)?) => {
        $crate::__bundle_ids!([$($done,)* $id,] $($($rest)*)?)
    };
}

/// Registers a Dag's tasks, in order.
#[doc(hidden)]
#[macro_export]
macro_rules! __bundle_register {
    ($bundle:ident, $dag:expr,) => { $bundle };
    ($bundle:ident, $dag:expr, $handler:path $(, $($rest:tt)*)?) => {{
        const ID: &str = $crate::__private::function_name(::core::stringify!($handler));
        let bundle = $bundle.__declare($dag, ID, $handler);
        $crate::__bundle_register!(bundle, $dag, $($($rest)*)?)
    }};
    ($bundle:ident, $dag:expr, $id:expr => $handler:expr $(, $($rest:tt)*)?) => {{
        let bundle = $bundle.__declare($dag, $id, $handler);
        $crate::__bundle_register!(bundle, $dag, $($($rest)*)?)
    }};
}
