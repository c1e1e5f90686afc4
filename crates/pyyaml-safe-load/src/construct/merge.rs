//! Merge keys: `<<: *other` puts another mapping's entries before a mapping's own.

use crate::compose::node::{Content, NodeId, Tag};
use crate::error::{LoadError, Mark};
use crate::limits::MAX_DEPTH;

use super::Constructor;

/// Replaces the key of a merge entry that was read, so that the entries after it need not move.
const TAKEN: NodeId = NodeId::MAX;

impl Constructor {
    /// Replaces the merge keys of a mapping node by the entries that they name, once and for all, and makes its `=` keys strings.
    ///
    /// A mapping may merge itself. The inner call then sees the mapping without the merge keys that the outer call has taken.
    pub(crate) fn flatten(&mut self, node: NodeId, depth: usize) -> Result<(), LoadError> {
        let mark = self.mark(node);
        if depth > MAX_DEPTH {
            return Err(LoadError::too_deep(mark));
        }
        let mut merged = Vec::new();
        let mut any = false;
        let mut index = 0;
        while let Some(&(key, value)) = self.entries(node).get(index) {
            match self.tag(key) {
                Some(Tag::Merge) => {
                    any = true;
                    if let Some(entry) = self
                        .entries_mut(node)
                        .and_then(|entries| entries.get_mut(index))
                    {
                        entry.0 = TAKEN;
                    }
                    self.merge(value, mark, depth, &mut merged)?;
                }
                Some(Tag::Value) => self.set_tag(key, Tag::Str),
                _ => {}
            }
            index += 1;
        }
        if any && let Some(entries) = self.entries_mut(node) {
            entries.retain(|entry| entry.0 != TAKEN);
            if !merged.is_empty() {
                merged.append(entries);
                *entries = merged;
            }
        }
        Ok(())
    }

    fn merge(
        &mut self,
        source: NodeId,
        mark: Mark,
        depth: usize,
        merged: &mut Vec<(NodeId, NodeId)>,
    ) -> Result<(), LoadError> {
        match self.content(source) {
            Some(Content::Mapping(_)) => {
                self.flatten(source, depth + 1)?;
                self.append(source, mark, merged)
            }
            Some(Content::Sequence(items)) => {
                let items = items.clone();
                self.spend(items.len(), mark)?;
                for &item in &items {
                    match self.content(item) {
                        Some(Content::Mapping(_)) => self.flatten(item, depth + 1)?,
                        other => {
                            let found = other.map_or("nothing", Content::name);
                            let message =
                                format!("'<<' takes mappings; one of its entries is {found}");
                            return Err(LoadError::yaml(self.mark(item), message));
                        }
                    }
                }
                // The first mapping of the list wins, so its entries come last.
                items
                    .iter()
                    .rev()
                    .try_for_each(|&item| self.append(item, mark, merged))
            }
            other => {
                let found = other.map_or("nothing", Content::name);
                Err(LoadError::yaml(
                    self.mark(source),
                    format!("'<<' takes a mapping or a list of them, not {found}"),
                ))
            }
        }
    }

    fn append(
        &mut self,
        source: NodeId,
        mark: Mark,
        merged: &mut Vec<(NodeId, NodeId)>,
    ) -> Result<(), LoadError> {
        self.spend(self.entries(source).len() + 1, mark)?;
        // A source that merges itself still holds the merge keys that were taken.
        merged.extend(self.entries(source).iter().filter(|entry| entry.0 != TAKEN));
        Ok(())
    }
}
