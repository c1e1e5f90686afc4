//! Which texts the released clients and servers of Airflow carry unharmed in the path of a URL.
//!
//! Facts: `airflow/sdk/api/client.py` of the task SDK 1.3.2 (Airflow 3.3.2) and 1.4.0b2 (3.4.0b2), which put most ids and keys
//! into paths as they are; httpx, which cuts at `?` and `#`, keeps `%61`, resolves `..` and refuses control characters; the
//! routes of `airflow/api_fastapi/execution_api/routes`. `cargo test --test interop url_texts` tries both releases: a text is
//! refused if either of them would change it or its database has no room for it, and for no other reason.

/// What a text in a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The key of a variable.
    VariableKey,
    /// The id of a connection.
    ConnectionId,
    /// The key of an XCom.
    XComKey,
    /// The id of a Dag.
    DagId,
    /// The id of a Dag run.
    RunId,
    /// The id of a task.
    TaskId,
    /// The key of a task's state, which both clients quote.
    StateKey,
}

impl Place {
    /// What a message calls the text.
    pub const fn name(self) -> &'static str {
        match self {
            Self::VariableKey => "variable key",
            Self::ConnectionId => "connection id",
            Self::XComKey => "XCom key",
            Self::DagId => "dag id",
            Self::RunId => "run id",
            Self::TaskId => "task id",
            Self::StateKey => "state key",
        }
    }

    /// The width of the column in Airflow's database, in characters: `ID_LEN` and `XComModel.key` of `airflow.models`.
    const fn room(self) -> Option<usize> {
        match self {
            Self::XComKey => Some(512),
            Self::StateKey => None,
            _ => Some(250),
        }
    }

    /// Whether the server takes a text with slashes from the path.
    const fn takes_slashes(self) -> bool {
        matches!(self, Self::VariableKey | Self::XComKey)
    }
}

/// Why a text can't be sent, as the end of a sentence that begins with the text; `None` if it can.
pub fn fault(place: Place, text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("is empty".into());
    }
    if place == Place::StateKey {
        // Quoting leaves dots as they are, and the client resolves them afterwards. The server's route ends at a line break.
        let broken = text.contains('\n');
        return broken
            .then(|| "has a line break, where Airflow's server ends it".into())
            .or_else(|| dot_segment(std::iter::once(text)));
    }
    if let Some(room) = place
        .room()
        .filter(|room| text.chars().nth(*room).is_some())
    {
        return Some(format!(
            "is longer than the {room} characters that Airflow's database has room for"
        ));
    }
    if let Some(cut) = text.chars().find(|c| matches!(c, '?' | '#')) {
        return Some(format!("has {cut:?}, where Airflow's client cuts it off"));
    }
    if let Some(control) = text.chars().find(char::is_ascii_control) {
        return Some(format!("has {control:?}, which Airflow's client refuses"));
    }
    if let Some(escape) = escape(text) {
        return Some(format!(
            "has {escape:?}, which Airflow's server takes for another character"
        ));
    }
    if text.contains('/') && !place.takes_slashes() {
        return Some("has '/', where Airflow's server ends it".into());
    }
    dot_segment(text.split('/')).or_else(|| another_route(place, text))
}

/// The first `%` with two hexadecimal digits.
fn escape(text: &str) -> Option<&str> {
    text.match_indices('%').find_map(|(at, _)| {
        text.get(at..at + 3)
            .filter(|escape| escape.bytes().skip(1).all(|b| b.is_ascii_hexdigit()))
    })
}

fn dot_segment<'a>(mut segments: impl Iterator<Item = &'a str>) -> Option<String> {
    let dots = segments.find(|segment| matches!(*segment, "." | ".."))?;
    Some(format!(
        "has the segment {dots:?}, which Airflow's client resolves as in the path of a file"
    ))
}

/// The texts that make the URL of another request.
fn another_route(place: Place, text: &str) -> Option<String> {
    let taken = match place {
        // `GET variables/keys` lists the keys.
        Place::VariableKey => text == "keys",
        // `GET xcoms/.../KEY/slice` and `.../KEY/item/OFFSET` read from sequences, and `.../a/item/slice` would be an item.
        Place::XComKey => {
            let mut segments = text.rsplit('/');
            let (end, before) = (segments.next(), segments.next());
            let item = before == Some("item") && end != Some("") && segments.next().is_some();
            item || (before.is_some() && matches!(end, Some("slice" | "item")))
        }
        _ => false,
    };
    taken.then(|| "is what Airflow's server takes for another request".into())
}

#[cfg(test)]
mod tests {
    use super::{Place, fault};

    #[test]
    fn what_changes_in_a_url_is_refused_with_its_reason() {
        for (place, text, reason) in [
            (Place::VariableKey, "", "is empty"),
            (Place::VariableKey, "a#staging", "has '#'"),
            (Place::VariableKey, "b?old", "has '?'"),
            (Place::VariableKey, "dir/../b", "the segment \"..\""),
            (Place::VariableKey, "%61", "has \"%61\""),
            (Place::VariableKey, "keys", "another request"),
            (Place::XComKey, "a/item/2", "another request"),
            (Place::XComKey, "a\nb", "has '\\n'"),
            (Place::ConnectionId, "a/b", "has '/'"),
            (Place::RunId, "for_2026#2", "has '#'"),
            (Place::StateKey, "..", "the segment \"..\""),
            (Place::StateKey, "a\n", "a line break"),
        ] {
            let fault = fault(place, text).unwrap_or_default();
            assert!(fault.contains(reason), "{place:?} {text:?}: {fault}");
        }
        for (place, room) in [(Place::DagId, 250), (Place::XComKey, 512)] {
            assert_eq!(fault(place, &"ü".repeat(room)), None);
            assert!(fault(place, &"ü".repeat(room + 1)).is_some());
        }
    }

    #[test]
    fn what_arrives_is_accepted() {
        for (place, text) in [
            (Place::VariableKey, "dir/a b/ü"),
            (Place::VariableKey, "100%"),
            (Place::XComKey, "item/2"),
            (Place::XComKey, "slice"),
            (Place::RunId, "manual__2026-01-01T00:00:00+00:00"),
            (Place::StateKey, "a/../b?c#d%61\t"),
            (Place::XComKey, "a/item/"),
        ] {
            assert_eq!(fault(place, text), None, "{place:?} {text:?}");
        }
    }
}
