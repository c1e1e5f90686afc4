//! Which task instances or runs a question is about.

use jiff::Timestamp;
use serde_json::Value;

use airflow_protocol::timestamp;

/// Which task instances or runs to count or list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    map_index: Option<usize>,
    task_ids: Option<Vec<String>>,
    task_group: Option<String>,
    logical_dates: Option<Vec<Timestamp>>,
    run_ids: Option<Vec<String>>,
    states: Option<Vec<String>>,
}

impl Filter {
    /// All of them.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only this map index.
    #[must_use]
    pub fn map_index(mut self, index: usize) -> Self {
        self.map_index = Some(index);
        self
    }

    /// Only these tasks.
    #[must_use]
    pub fn tasks<T: Into<String>>(mut self, ids: impl IntoIterator<Item = T>) -> Self {
        self.task_ids = Some(ids.into_iter().map(Into::into).collect());
        self
    }

    /// Only the tasks of this group.
    #[must_use]
    pub fn task_group(mut self, id: impl Into<String>) -> Self {
        self.task_group = Some(id.into());
        self
    }

    /// Only runs of these logical dates.
    #[must_use]
    pub fn logical_dates(mut self, dates: impl IntoIterator<Item = Timestamp>) -> Self {
        self.logical_dates = Some(dates.into_iter().collect());
        self
    }

    /// Only these runs.
    #[must_use]
    pub fn runs<T: Into<String>>(mut self, ids: impl IntoIterator<Item = T>) -> Self {
        self.run_ids = Some(ids.into_iter().map(Into::into).collect());
        self
    }

    /// Only these states. Listing states has no use for it.
    #[must_use]
    pub fn states<T: Into<String>>(mut self, states: impl IntoIterator<Item = T>) -> Self {
        self.states = Some(states.into_iter().map(Into::into).collect());
        self
    }

    fn dates(&self) -> Option<Value> {
        let dates = self.logical_dates.as_ref()?;
        Some(
            dates
                .iter()
                .map(|date| Value::from(timestamp::text(*date)))
                .collect(),
        )
    }

    pub(crate) fn of_tasks(
        self,
        dag_id: &str,
        with_states: bool,
    ) -> Vec<(&'static str, Option<Value>)> {
        let dates = self.dates();
        let mut fields = vec![
            ("dag_id", Some(dag_id.into())),
            ("map_index", self.map_index.map(Value::from)),
            ("task_ids", self.task_ids.map(Value::from)),
            ("task_group_id", self.task_group.map(Value::from)),
            ("logical_dates", dates),
            ("run_ids", self.run_ids.map(Value::from)),
        ];
        if with_states {
            fields.push(("states", self.states.map(Value::from)));
        }
        fields
    }

    pub(crate) fn of_runs(self, dag_id: &str) -> Vec<(&'static str, Option<Value>)> {
        let dates = self.dates();
        vec![
            ("dag_id", Some(dag_id.into())),
            ("logical_dates", dates),
            ("run_ids", self.run_ids.map(Value::from)),
            ("states", self.states.map(Value::from)),
        ]
    }
}
