//! Assets: looking them up, reading their events, and producing events of one's own.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::client::error::ClientError;
use crate::task::context::Task;
use crate::value::encode;
use airflow_protocol::message::message;
use airflow_protocol::startup::DagRun;
use airflow_protocol::timestamp;

/// An asset as Airflow knows it.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Asset {
    /// The asset's name.
    pub name: String,
    /// The asset's URI.
    pub uri: String,
    /// The asset's group.
    #[serde(default)]
    pub group: String,
    /// The asset's extra.
    #[serde(default)]
    pub extra: Option<Map<String, Value>>,
}

/// An event of an asset.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct AssetEvent {
    /// The event's number.
    pub id: i64,
    /// When it happened.
    #[serde(deserialize_with = "timestamp::field")]
    pub timestamp: Timestamp,
    /// The asset.
    pub asset: Asset,
    /// What the producer attached.
    #[serde(default)]
    pub extra: Option<Map<String, Value>>,
    /// The task that produced it, if one did.
    #[serde(default)]
    pub source_task_id: Option<String>,
    /// That task's Dag.
    #[serde(default)]
    pub source_dag_id: Option<String>,
    /// That task's run.
    #[serde(default)]
    pub source_run_id: Option<String>,
    /// That task's map index.
    #[serde(default)]
    pub source_map_index: Option<i64>,
    /// The partition.
    #[serde(default)]
    pub partition_key: Option<String>,
}

/// An asset that the task's Dag names but that is not active.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct InactiveAsset {
    /// The asset's name.
    #[serde(default)]
    pub name: Option<String>,
    /// The asset's URI.
    #[serde(default)]
    pub uri: Option<String>,
}

/// Which asset's events to read.
#[derive(Clone, Debug)]
enum Of {
    Name(String),
    Uri(String),
    Alias(String),
}

/// A question for an asset's events; made by [`Task::asset_events`] and its like, asked by [`fetch`](Self::fetch).
#[derive(Clone, Debug)]
#[must_use = "the events are only read by `fetch`"]
pub struct AssetEvents<'a> {
    task: &'a Task,
    of: Of,
    after: Option<Timestamp>,
    before: Option<Timestamp>,
    limit: Option<u32>,
    descending: bool,
    partition_key: Option<String>,
    partition_key_pattern: Option<String>,
    extra: Map<String, Value>,
}

impl AssetEvents<'_> {
    /// Only events after this time.
    pub fn after(mut self, time: Timestamp) -> Self {
        self.after = Some(time);
        self
    }

    /// Only events before this time.
    pub fn before(mut self, time: Timestamp) -> Self {
        self.before = Some(time);
        self
    }

    /// At most this many.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// The latest first.
    pub fn latest_first(mut self) -> Self {
        self.descending = true;
        self
    }

    /// Only events of this partition. Needs Airflow 3.4, as the two below do: under 3.3, which would leave the filter out and send all
    /// events, [`fetch`](Self::fetch) is an error of the kind [`Unsupported`](crate::ClientErrorKind::Unsupported).
    pub fn partition_key(mut self, key: impl Into<String>) -> Self {
        self.partition_key = Some(key.into());
        self
    }

    /// Only events whose partition matches this regular expression of the database. Needs Airflow 3.4.
    pub fn partition_key_pattern(mut self, pattern: impl Into<String>) -> Self {
        self.partition_key_pattern = Some(pattern.into());
        self
    }

    /// Only events whose extra has this entry; of several, all must match. Needs Airflow 3.4.
    pub fn extra(mut self, key: &str, value: &str) -> Self {
        self.extra.insert(key.to_owned(), value.into());
        self
    }

    /// Reads the events.
    pub fn fetch(self) -> Result<Vec<AssetEvent>, ClientError> {
        #[derive(Deserialize)]
        struct AssetEventsResult {
            #[serde(default)]
            asset_events: Vec<AssetEvent>,
        }
        let time = |time: Option<Timestamp>| time.map(|time| timestamp::text(time).into());
        let mut fields = vec![
            ("after", time(self.after)),
            ("before", time(self.before)),
            ("limit", self.limit.map(Value::from)),
            ("ascending", Some((!self.descending).into())),
        ];
        let kind = match &self.of {
            Of::Name(name) => {
                fields.extend([
                    ("name", Some(name.as_str().into())),
                    ("uri", Some(Value::Null)),
                ]);
                "GetAssetEventByAsset"
            }
            Of::Uri(uri) => {
                fields.extend([
                    ("uri", Some(uri.as_str().into())),
                    ("name", Some(Value::Null)),
                ]);
                "GetAssetEventByAsset"
            }
            Of::Alias(alias) => {
                fields.push(("alias_name", Some(alias.as_str().into())));
                "GetAssetEventByAssetAlias"
            }
        };
        let extra = Some(self.extra).filter(|extra| !extra.is_empty());
        for (key, filter) in [
            ("partition_key", self.partition_key.map(Value::from)),
            (
                "partition_key_regexp_pattern",
                self.partition_key_pattern.map(Value::from),
            ),
            ("extra", extra.map(Value::from)),
        ] {
            if filter.is_some() {
                self.task.check_knows(&format!("{key} of {kind}"))?;
                fields.push((key, filter));
            }
        }
        let result: AssetEventsResult = self.task.ask(&message(kind, &fields))?;
        Ok(result.asset_events)
    }
}

impl Task {
    /// The asset of this name. An error if there is none.
    pub fn asset(&self, name: &str) -> Result<Asset, ClientError> {
        self.ask(&message("GetAssetByName", &[("name", Some(name.into()))]))
    }

    /// The asset of this URI. An error if there is none.
    pub fn asset_by_uri(&self, uri: &str) -> Result<Asset, ClientError> {
        self.ask(&message("GetAssetByUri", &[("uri", Some(uri.into()))]))
    }

    /// The assets that an alias stands for.
    pub fn assets_by_alias(&self, alias: &str) -> Result<Vec<Asset>, ClientError> {
        #[derive(Deserialize)]
        struct AssetsByAliasResult {
            #[serde(default)]
            assets: Vec<Asset>,
        }
        let result: AssetsByAliasResult = self.ask(&message(
            "GetAssetsByAlias",
            &[("alias_name", Some(alias.into()))],
        ))?;
        Ok(result.assets)
    }

    /// The assets that the task's Dag names as inlets and outlets of this task and that are not active.
    pub fn inactive_assets(&self) -> Result<Vec<InactiveAsset>, ClientError> {
        #[derive(Deserialize)]
        struct InactiveAssetsResult {
            #[serde(default)]
            inactive_assets: Option<Vec<InactiveAsset>>,
        }
        let request = message(
            "ValidateInletsAndOutlets",
            &[("ti_id", Some(self.id().into()))],
        );
        let result: InactiveAssetsResult = self.ask(&request)?;
        Ok(result.inactive_assets.unwrap_or_default())
    }

    /// The events of the asset of this name.
    pub fn asset_events(&self, name: &str) -> AssetEvents<'_> {
        self.events_of(Of::Name(name.to_owned()))
    }

    /// The events of the asset of this URI.
    pub fn asset_events_by_uri(&self, uri: &str) -> AssetEvents<'_> {
        self.events_of(Of::Uri(uri.to_owned()))
    }

    /// The events of the assets behind this alias.
    pub fn asset_events_by_alias(&self, alias: &str) -> AssetEvents<'_> {
        self.events_of(Of::Alias(alias.to_owned()))
    }

    fn events_of(&self, of: Of) -> AssetEvents<'_> {
        AssetEvents {
            task: self,
            of,
            after: None,
            before: None,
            limit: None,
            descending: false,
            partition_key: None,
            partition_key_pattern: None,
            extra: Map::new(),
        }
    }

    /// Produces an event of an asset when the task succeeds. `extra` is a map, or `()` for none.
    ///
    /// The Dag's `outlets` do nothing by themselves for tasks outside Python: a task says so itself, with this call.
    /// The asset must be one of the stub's `outlets`.
    pub fn produce(&self, name: &str, uri: &str, extra: impl Serialize) -> Result<(), ClientError> {
        let extra = extra_map(&extra, name)?;
        let mut extras = self.extras();
        extras
            .outlets
            .push(json!({"type": "Asset", "name": name, "uri": uri}));
        extras
            .events
            .push(json!({"dest_asset_key": {"name": name, "uri": uri}, "extra": extra}));
        Ok(())
    }

    /// Produces an event of an asset through an alias when the task succeeds. `extra` is a map, or `()` for none.
    pub fn produce_through_alias(
        &self,
        alias: &str,
        name: &str,
        uri: &str,
        extra: impl Serialize,
    ) -> Result<(), ClientError> {
        let extra = extra_map(&extra, name)?;
        let mut extras = self.extras();
        extras
            .outlets
            .push(json!({"type": "AssetAlias", "name": alias}));
        extras.events.push(json!({
            "source_alias_name": alias,
            "dest_asset_key": {"name": name, "uri": uri},
            "dest_asset_extra": {},
            "extra": extra,
        }));
        Ok(())
    }

    /// The asset events that triggered this run.
    pub fn triggering_asset_events(&self) -> &[crate::ConsumedAssetEvent] {
        let DagRun {
            consumed_asset_events,
            ..
        } = self.dag_run();
        consumed_asset_events.as_deref().unwrap_or_default()
    }
}

fn extra_map(extra: &impl Serialize, asset: &str) -> Result<Value, ClientError> {
    match encode(extra, &format!("the extra of the event of {asset:?}"))? {
        Value::Null => Ok(json!({})),
        map @ Value::Object(_) => Ok(map),
        _ => Err(ClientError::new(
            crate::ClientErrorKind::Value,
            format!(
                "the extra of the event of {asset:?} can't be sent to Airflow: it must be a map"
            ),
        )),
    }
}
