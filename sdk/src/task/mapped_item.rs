//! The element of upstream lists that an instance of a mapped task stands for.
//!
//! Airflow 3.3 and 3.4 send a mapped stub no arguments. Facts: `DictOfListsExpandInput` and `ListOfDictsExpandInput` in
//! `airflow/sdk/definitions/_internal/expandinput.py`, and `PlainXComArg.resolve` in `airflow/sdk/definitions/xcom_arg.py` of
//! `apache-airflow-task-sdk` 1.4.0b2.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::client::error::{ClientError, ClientErrorKind};
use crate::task::context::Task;
use crate::value::{decode, plain};

/// What [`Task::mapped_item`] takes: the id of a task, or an array of ids.
pub trait MappedOver {
    /// The ids; one alone for the element itself.
    #[doc(hidden)]
    fn upstream(self) -> Upstream;
}

/// The tasks whose results are mapped over.
#[doc(hidden)]
#[derive(Debug)]
pub enum Upstream {
    One(String),
    Several(Vec<String>),
}

impl MappedOver for &str {
    fn upstream(self) -> Upstream {
        Upstream::One(self.to_owned())
    }
}

impl MappedOver for &String {
    fn upstream(self) -> Upstream {
        self.as_str().upstream()
    }
}

impl<const N: usize> MappedOver for [&str; N] {
    fn upstream(self) -> Upstream {
        Upstream::Several(self.map(str::to_owned).into())
    }
}

/// What a task has left to be mapped over.
enum Elements {
    /// The list that it has returned.
    List(Vec<Value>),
    /// As many results of its own instances.
    Instances(usize),
}

impl Task {
    /// The element that this instance of a mapped task stands for: `load.expand(order=extract())` is
    /// `task.mapped_item::<Order>("extract")`, and so is `load.expand_kwargs(extract())`, with a struct for the map.
    ///
    /// Where several lists are crossed, the ids stand in the order of the call, and the elements come as a tuple:
    /// `load.expand(region=regions(), year=years())` is `task.mapped_item::<(String, u32)>(["regions", "years"])`. As in Airflow, the last
    /// list is the fastest.
    ///
    /// An upstream task returns a list, or is mapped itself, and then its results are the elements. Airflow 3.3 and 3.4 do not send the
    /// elements of a list that stands in the Dag to tasks outside Python: where it is all that the call maps over, an error says so.
    ///
    /// Airflow tells the task nothing of the call but the map index, so that the SDK cannot hold the ids against it. Where the call crosses an
    /// upstream list with a list that stands in the Dag, where ids are left out or stand in another order, and where the call maps over
    /// `.map(..)`, `.filter(..)`, `.zip(..)` or `.concat(..)` of a result, the elements are **wrong, mostly without an error**. Have an
    /// upstream task return the very list that is mapped over.
    ///
    /// ```
    /// use airflow_sdk::testing::Supervisor;
    /// use airflow_sdk::{Result, Task};
    ///
    /// fn load(task: &Task) -> Result<String> {
    ///     let (region, year) = task.mapped_item::<(String, u32)>(["regions", "years"])?;
    ///     Ok(format!("{region}{year}"))
    /// }
    ///
    /// let supervisor = Supervisor::new().xcom("regions", ["eu", "us"]).xcom("years", [2025, 2026]);
    /// let report = supervisor.map_index(1).run_task(load);
    /// assert_eq!(report.return_value::<String>().unwrap(), "eu2026");
    /// ```
    pub fn mapped_item<T: DeserializeOwned>(
        &self,
        upstream: impl MappedOver,
    ) -> Result<T, ClientError> {
        match upstream.upstream() {
            Upstream::One(id) => {
                let item = self.mapped_items(std::slice::from_ref(&id))?.pop();
                decode(
                    item.unwrap_or_default(),
                    &format!("the element of {id:?} that is mapped over"),
                )
            }
            Upstream::Several(ids) => {
                let items = self.mapped_items(&ids)?;
                decode(
                    items.into(),
                    &format!("the list with an element of each of {}", named(&ids)),
                )
            }
        }
    }

    /// The element of each list.
    fn mapped_items(&self, ids: &[String]) -> Result<Vec<Value>, ClientError> {
        let index = self.map_index().ok_or_else(|| {
            wrong(format!(
                "the task {:?} is not mapped (`.expand()`), so it stands for no element of {}",
                self.task_id(),
                named(ids)
            ))
        })?;
        let lists: Vec<Elements> = ids
            .iter()
            .map(|id| self.elements(id))
            .collect::<Result<_, _>>()?;
        let mut rest = index;
        let mut items = Vec::new();
        for (id, list) in ids.iter().zip(lists).rev() {
            let len = match &list {
                Elements::List(list) => list.len(),
                Elements::Instances(count) => *count,
            };
            let at = rest
                .checked_rem(len)
                .ok_or_else(|| wrong(format!("the result of the task {id:?} has no elements")))?;
            rest /= len;
            items.push(match list {
                Elements::List(mut list) => list.swap_remove(at),
                Elements::Instances(_) => {
                    let at = i64::try_from(at).unwrap_or(i64::MAX);
                    self.xcom_of(id).item(at)?
                }
            });
        }
        if rest > 0 {
            return Err(wrong(format!(
                "the map index {index} is behind the elements of {}: name each list of the call, in its order. {NO_LITERALS}",
                named(ids)
            )));
        }
        items.reverse();
        Ok(items)
    }

    fn elements(&self, id: &str) -> Result<Elements, ClientError> {
        let xcom = self.xcom_of(id);
        match plain(xcom.value_or_null()?) {
            Value::Array(list) => Ok(Elements::List(list)),
            Value::Null => match xcom.count()? {
                0 => Err(ClientError::new(
                    ClientErrorKind::XComNotFound,
                    format!(
                        "the task {id:?} has returned nothing that is mapped over. {NO_LITERALS}"
                    ),
                )),
                count => Ok(Elements::Instances(count)),
            },
            Value::Object(_) => Err(wrong(format!(
                "the task {id:?} has returned a map, whose order does not come along: return a list of pairs to map over"
            ))),
            _ => Err(wrong(format!(
                "the task {id:?} has returned no list, so nothing is mapped over it"
            ))),
        }
    }
}

/// What an error says of lists that stand in the Dag.
pub(crate) const NO_LITERALS: &str = "The elements of a list that stands in the Dag, as in `.expand(x=[1, 2])`, are not sent by this release of \
                           Airflow: have an upstream task return the list";

fn wrong(text: String) -> ClientError {
    ClientError::new(ClientErrorKind::Decode, text)
}

fn named(ids: &[String]) -> String {
    let ids: Vec<String> = ids.iter().map(|id| format!("{id:?}")).collect();
    ids.join(", ")
}
