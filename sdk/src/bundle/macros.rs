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
/// executable, so that it can be read without running it. For ids that are only known at run time, use
/// [`Bundle::new`](crate::Bundle::new) and [`register`](crate::Bundle::register) instead.
///
/// Dags and tasks take attributes: `#[cfg(..)]` removes them from the manifest too, doc comments are comments, and lint
/// attributes hold for the entry. Where a Dag has attributes, its ids are literals, paths, blocks (`{ ID }`) or
/// macro calls.
///
/// ```
/// # fn extract() {}
/// let bundle = airflow_sdk::bundle! {
///     "sales" => {
///         /// Reads the orders.
///         extract,
///         #[cfg(any())]
///         "never" => missing,
///     },
///     #[cfg(any())]
///     "never" => { extract },
/// };
/// assert_eq!(bundle.dag_ids(), ["sales"]);
/// assert_eq!(bundle.task_ids("sales"), ["extract"]);
/// ```
///
/// An executable serves one bundle. A library may have a function with a `bundle!` for each of several executables: the
/// linker leaves out the manifests of functions that an executable does not call (on Windows it may keep them, and the packer
/// then has to run the executable to learn which is its own).
///
/// The constant counts the parameters of the functions too, so a path names a function that a constant can name: not a local
/// variable, nor `Self` or a generic parameter of the function around. In parentheses, `"id" => (handler)`, any expression will do
/// that is a handler without data parameters: see [`TaskHandler`](crate::TaskHandler#arguments).
///
/// There is no limit to the number of Dags and tasks: a Dag with 3 000 functions takes a debug build fifteen seconds.
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
    // No arm recurses, so that the compiler's recursion limit says nothing about the number of Dags and tasks. A Dag's id is
    // a literal, a path, a macro call or a block in the first arm; in the second any expression, without attributes in front
    // of it, because an expression may begin with attributes itself.
    ($(
        $(#[$attr:meta])* $( $( $name:ident )::+ $( ! $args:tt )? )? $( $block:block )? $( $id:literal )? => $tasks:tt
    ),+ $(,)?) => {
        $crate::__bundle!($(
            { $(#[$attr])* } [$( $( $name )::+ $( ! $args )? )? $( $block )? $( $id )?] $tasks
        )+)
    };
    ($( $id:expr => $tasks:tt ),+ $(,)?) => {
        $crate::__bundle!($( {} [$id] $tasks )+)
    };
    () => {
        ::core::compile_error!(
            "bundle! takes Dags and their tasks: bundle! { \"dag_id\" => { function, \"task_id\" => function } }"
        )
    };
}

/// The record and the registrations of a bundle: `{ attributes } [id] { tasks }` for each Dag.
#[doc(hidden)]
#[macro_export]
macro_rules! __bundle {
    ($( { $( $attr:tt )* } [$( $id:tt )*] $tasks:tt )+) => {{
        #[allow(unused_attributes, unused_doc_comments, reason = "an entry's attributes stand here once more")]
        const DAGS: &[$crate::__private::DagDeclaration] = &[$(
            $( $attr )*
            {
                $crate::__private::DagDeclaration {
                    id: $crate::__bundle_dag_id!($( $id )*),
                    tasks: $crate::__bundle_tasks!(__bundle_id none $tasks $tasks),
                }
            }
        ),+];
        #[allow(long_running_const_eval, reason = "the time grows with the ids, and no faster")]
        const _: () = $crate::__private::validate::<{ $crate::__private::slots(DAGS) }>(DAGS);

        // A section of its own for each record: the linker drops the records of functions that nothing calls.
        #[allow(unsafe_code, reason = "naming a link section is what the attribute marks as unsafe")]
        #[allow(long_running_const_eval, reason = "the time grows with the ids, and no faster")]
        #[cfg_attr(
            any(
                target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "netbsd",
                target_os = "openbsd", target_os = "dragonfly", target_os = "illumos", target_os = "solaris"
            ),
            unsafe(link_section = concat!(".airflow_md.", module_path!(), ".", line!(), ".", column!()))
        )]
        #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__airflow_md"))]
        #[cfg_attr(target_os = "windows", unsafe(link_section = ".aflow"))]
        static RECORD: [u8; $crate::__private::record_len(DAGS)] = $crate::__private::record(DAGS);

        #[allow(unused_mut, reason = "attributes may have removed all Dags")]
        let mut bundle = $crate::__private::Declared::new(&RECORD, DAGS);
        $(
            $( $attr )*
            #[allow(unused_attributes, unused_doc_comments, reason = "what they are said of is an expression")]
            {
                bundle.dag();
                let _: &[()] = $crate::__bundle_tasks!(__bundle_task bundle $tasks $tasks);
            }
        )+
        bundle.finish()
    }};
}

/// A Dag's id.
#[doc(hidden)]
#[macro_export]
macro_rules! __bundle_dag_id {
    () => {
        ::core::compile_error!(
            "a Dag of bundle! needs an id: \"dag_id\" => { function, \"task_id\" => function }"
        )
    };
    ($id:expr) => {
        $id
    };
}

/// The tasks of a Dag, all in one step: a slice of what `$each` makes of each entry. [`__bundle_id`] makes declarations, and is not
/// given a bundle; [`__bundle_task`] registers the entries in `$bundle`.
///
/// The tasks come twice. The first copy is looked at token by token: if every handler is a path, the second is read with the
/// mark `+`, else with `=`. Behind `+` the constant names the handlers, to count their parameters; a closure may need what a
/// constant cannot name.
///
/// An entry gets to `$each` as `[path or macro call] [other id] [mark handler] [whole]`; behind a last comma, all are empty. Errors point at
/// an entry only where an expression was taken whole, from the author's own tokens: a path that is put together from its names has
/// lost its place. So a function that stands for itself is taken from the second copy, with the attributes in front of it, which
/// an argument of a call may have.
#[doc(hidden)]
#[macro_export]
macro_rules! __bundle_tasks {
    // What generated Dags are made of. The compiler copies all that it has matched so far at each part that may be left
    // out, so that arms with many such parts take a time that grows with the square of the number of tasks.
    ($each:ident $bundle:ident { $( $( $name:ident )::+ ),* $(,)? } { $( $function:expr ),* $(,)? }) => {
        &[$( $crate::$each!($bundle function $function) ),*]
    };
    ($each:ident $bundle:ident { $( $id:literal => $( $name:ident )::+ ),* $(,)? } $tasks:tt) => {
        $crate::__bundle_tasks!($each $bundle + $tasks $tasks)
    };
    ($each:ident $bundle:ident { $( $(#[$attr:meta])* $( $name:ident )::+ ),* $(,)? } { $( $function:expr ),* $(,)? }) => {
        &[$( $(#[$attr])* { $crate::$each!($bundle [$( $name )::+] [] [] [$function]) } ),*]
    };
    ($each:ident $bundle:ident { $( $(#[$attr:meta])* $id:literal => $( $name:ident )::+ ),* $(,)? } $tasks:tt) => {
        $crate::__bundle_tasks!($each $bundle + $tasks $tasks)
    };
    // As the arm for all that is told token by token, except that the handlers are paths.
    ($each:ident $bundle:ident { $(
        $(#[$attr:meta])*
        $( $( $name:ident $( ::< $( $generic:tt ),* > )? )::+ $( ! $args:tt )? )?
        $( $block:block )?
        $( $id:literal )?
        $( => $( $function:ident $( ::< $( $argument:tt ),* > )? )::+ )?
    ),* } $tasks:tt) => {
        $crate::__bundle_tasks!($each $bundle + $tasks $tasks)
    };
    ($each:ident $bundle:ident { $( $any:tt )* } $tasks:tt) => {
        $crate::__bundle_tasks!($each $bundle = $tasks $tasks)
    };
    ($each:ident $bundle:ident $how:tt { $( $id:literal => $handler:expr ),* $(,)? } $tasks:tt) => {
        &[$( $crate::$each!($bundle [] [$id] [$how $handler] []) ),*]
    };
    ($each:ident $bundle:ident $how:tt { $( $(#[$attr:meta])* $id:literal => $handler:expr ),* $(,)? } $tasks:tt) => {
        &[$( $(#[$attr])* { $crate::$each!($bundle [] [$id] [$how $handler] []) } ),*]
    };
    ($each:ident $bundle:ident $how:tt { $(
        $(#[$attr:meta])*
        $( $( $name:ident $( ::< $( $generic:tt ),* > )? )::+ $( ! $args:tt )? )?
        $( $block:block )?
        $( $id:literal )?
        $( => $handler:expr )?
    ),* } { $( $( $whole:expr )? $( => $again:expr )? ),* }) => {
        &[$( $(#[$attr])* {
            $crate::$each!(
                $bundle
                [$( $( $name $( ::< $( $generic ),* > )? )::+ $( ! $args )? )?] [$( $block )? $( $id )?] [$( $how $handler )?]
                [$( $whole )?]
            )
        } ),*]
    };
    ($each:ident $bundle:ident $how:tt { $( $(#[$attr:meta])* $( $id:literal )? $( $path:path )? $( => $handler:expr )? ),* } $tasks:tt) => {
        &[$( $(#[$attr])* { $crate::$each!($bundle [$( $path )?] [$( $id )?] [$( $how $handler )?] [$( $path )?]) } ),*]
    };
    ($each:ident $bundle:ident $how:tt { $( $id:expr $( => $handler:expr )? ),* $(,)? } $tasks:tt) => {
        &[$( $crate::$each!($bundle any [$id] [$( = $handler )?]) ),*]
    };
}

/// The declaration of one entry. Wrong entries have none; [`__bundle_task`] says what is wrong with them.
#[doc(hidden)]
#[macro_export]
macro_rules! __bundle_id {
    (declare [$( $id:tt )+] [= $handler:expr]) => {
        ::core::option::Option::Some($crate::__private::TaskDeclaration { id: $( $id )+, parameters: 0 })
    };
    (declare [$( $id:tt )+] [+ $function:expr]) => {
        ::core::option::Option::Some($crate::__private::TaskDeclaration {
            id: $( $id )+,
            parameters: $crate::__private::entry($function).parameters,
        })
    };
    ($none:ident function $function:expr) => {
        $crate::__bundle_id!(declare [$crate::__private::function_name(::core::stringify!($function))] [+ $function])
    };
    ($none:ident [$name:path] [] [] [$function:expr]) => {
        $crate::__bundle_id!(declare [$crate::__private::function_name(::core::stringify!($name))] [+ $function])
    };
    ($none:ident [$( $id:tt )+] [] [$( $handler:tt )+] $whole:tt) => {
        $crate::__bundle_id!(declare [$( $id )+] [$( $handler )+])
    };
    ($none:ident [] [$( $id:tt )+] [$( $handler:tt )+] $whole:tt) => {
        $crate::__bundle_id!(declare [$( $id )+] [$( $handler )+])
    };
    ($none:ident any [$function:expr] []) => {{
        const _: () = $crate::__private::no_attributes(::core::stringify!($function));
        $crate::__bundle_id!(declare [$crate::__private::function_name(::core::stringify!($function))] [= $function])
    }};
    ($none:ident any [$id:expr] [= $handler:expr]) => {{
        const _: () = $crate::__private::no_attributes(::core::stringify!($id));
        $crate::__bundle_id!(declare [$id] [= $handler])
    }};
    ($( $wrong:tt )*) => {
        ::core::option::Option::None
    };
}

/// The registration of one entry. What is wrong with an entry is said by functions whose bounds nothing meets: the error
/// then points at the argument, which is the author's.
#[doc(hidden)]
#[macro_export]
macro_rules! __bundle_task {
    ($bundle:ident [] [] [] []) => {
        ()
    };
    ($bundle:ident function $function:expr) => {
        $bundle.task($crate::__private::entry($function))
    };
    ($bundle:ident [$name:path] [] [] [$function:expr]) => {
        $bundle.task($crate::__private::entry($function))
    };
    ($bundle:ident [$( $id:tt )+] [] [+ $function:expr] $whole:tt) => {
        $bundle.task($crate::__private::entry($function))
    };
    ($bundle:ident [] [$( $id:tt )+] [+ $function:expr] $whole:tt) => {
        $bundle.task($crate::__private::entry($function))
    };
    ($bundle:ident [$( $id:tt )+] [] [= $handler:expr] $whole:tt) => {
        $bundle.uncounted($handler)
    };
    ($bundle:ident [] [$( $id:tt )+] [= $handler:expr] $whole:tt) => {
        $bundle.uncounted($handler)
    };
    ($bundle:ident any [$function:expr] []) => {
        $bundle.uncounted($crate::__private::Named::<
            { $crate::__private::is_path(::core::stringify!($function)) },
        >::named($function))
    };
    ($bundle:ident any [$id:expr] [= $handler:expr]) => {
        $bundle.uncounted($handler)
    };
    ($bundle:ident [] [] [$mark:tt $handler:expr] $whole:tt) => {
        $crate::__private::no_id($handler)
    };
    ($bundle:ident [$( $id:tt )+] [] [] $whole:tt) => {
        $crate::__private::no_handler($( $id )+)
    };
    ($bundle:ident [] [$( $id:tt )+] [] $whole:tt) => {
        $crate::__private::no_handler($( $id )+)
    };
    ($bundle:ident [$( $second:tt )+] [$( $first:tt )+] $handler:tt $whole:tt) => {
        $crate::__private::no_comma($( $second )+)
    };
}
