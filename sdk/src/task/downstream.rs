//! Skipping tasks downstream of a running one.

use serde_json::Value;

use crate::client::error::ClientError;
use crate::task::context::Task;

/// A task downstream of a running one: by its id, or one instance of a mapped task by id and index.
///
/// ```
/// use airflow_sdk::Downstream;
///
/// let all = [Downstream::from("report"), ("load", 2).into()];
/// # let _ = all;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Downstream(Value);

impl From<&str> for Downstream {
    fn from(task_id: &str) -> Self {
        Self(task_id.into())
    }
}

impl From<&String> for Downstream {
    fn from(task_id: &String) -> Self {
        Self(task_id.as_str().into())
    }
}

impl From<String> for Downstream {
    fn from(task_id: String) -> Self {
        Self(task_id.into())
    }
}

impl<T: AsRef<str>> From<(T, u32)> for Downstream {
    fn from((task_id, map_index): (T, u32)) -> Self {
        Self(Value::from(vec![
            Value::from(task_id.as_ref()),
            map_index.into(),
        ]))
    }
}

impl Task {
    /// Marks tasks downstream of this one as *skipped*. This task goes on, and ends as it ends.
    ///
    /// An id alone means the task that is not mapped, or not expanded yet; instances of a mapped task that there are already
    /// are named one by one, as `(task_id, map_index)`. Tasks that run or have ended stay as they are.
    pub fn skip_downstream<T: Into<Downstream>>(
        &self,
        tasks: impl IntoIterator<Item = T>,
    ) -> Result<(), ClientError> {
        let tasks: Vec<Value> = tasks.into_iter().map(|task| task.into().0).collect();
        self.tell(&airflow_protocol::message::message(
            "SkipDownstreamTasks",
            &[("tasks", Some(tasks.into()))],
        ))
    }
}
