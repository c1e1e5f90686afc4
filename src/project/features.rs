//! Whether a target's `required-features` are on.
//!
//! cargo passes over such a target without a message if no flag names it, and fails if a flag does.

use std::collections::BTreeSet;

use cargo_metadata::{Package, Target};

use crate::cargo::options::CargoOptions;

/// The features that `target` needs and that are not on: neither by the command line nor by the package's own `default`.
/// Features that a dependent in the same build turns on are not counted.
pub fn missing<'t>(package: &Package, target: &'t Target, options: &CargoOptions) -> Vec<&'t str> {
    if target.required_features.is_empty() {
        return Vec::new();
    }
    let on = enabled(package, options);
    let required = target.required_features.iter().map(String::as_str);
    required.filter(|&feature| !on.contains(feature)).collect()
}

/// The features of a package that are on. A feature of a dependency stands as `dependency/feature`.
fn enabled<'a>(package: &'a Package, options: &'a CargoOptions) -> BTreeSet<&'a str> {
    let mut wanted = Vec::new();
    if options.all_features {
        wanted.extend(package.features.keys().map(String::as_str));
    }
    if !options.no_default_features {
        wanted.push("default");
    }
    for word in options
        .features
        .iter()
        .flat_map(|words| words.split([',', ' ']))
    {
        wanted.push(match word.split_once('/') {
            Some((name, feature)) if name == package.name.as_str() => feature,
            _ => word,
        });
    }
    let mut on = BTreeSet::new();
    while let Some(feature) = wanted.pop() {
        if !on.insert(feature) {
            continue;
        }
        // `dependency/feature` turns on an optional dependency too, and with it the feature of that name.
        if let Some((dependency, _)) = feature.split_once('/')
            && package.features.contains_key(dependency)
        {
            wanted.push(dependency);
        }
        let more = package.features.get(feature).into_iter().flatten();
        wanted.extend(more.map(String::as_str));
    }
    on
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use super::*;
    use serde_json::json;

    fn missing_with(required: &[&str], change: impl FnOnce(&mut CargoOptions)) -> Vec<String> {
        let target = json!({
            "name": "backfill", "kind": ["bin"], "crate_types": ["bin"], "required-features": required,
            "src_path": "src/backfill.rs", "edition": "2024", "doctest": false, "test": true, "doc": true
        });
        let package = json!({
            "name": "etl", "version": "1.0.0", "id": "etl", "manifest_path": "Cargo.toml", "dependencies": [],
            "targets": [target], "edition": "2024",
            "features": {
                "default": ["daily"], "daily": [], "hourly": ["loud", "dep:clock", "shared/traced", "zone?/utc"], "loud": [],
                "shared": ["dep:shared"]
            }
        });
        let package: Package = serde_json::from_value(package).unwrap();
        let mut options = CargoOptions::default();
        change(&mut options);
        let target = package.targets.first().unwrap();
        let missing = missing(&package, target, &options);
        missing.into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn features_are_followed() {
        let none = |_: &mut CargoOptions| {};
        assert_eq!(missing_with(&[], none), [""; 0]);
        assert_eq!(missing_with(&["daily"], none), [""; 0]);
        assert_eq!(
            missing_with(&["daily", "hourly", "loud"], none),
            ["hourly", "loud"]
        );
        let asked = |features: &'static str| {
            move |options: &mut CargoOptions| options.features = vec![features.to_owned()]
        };
        let all = ["daily", "hourly", "loud", "shared", "shared/traced"];
        assert_eq!(missing_with(&all, asked("x,hourly y")), [""; 0]);
        assert_eq!(missing_with(&all, asked("etl/hourly")), [""; 0]);
        assert_eq!(missing_with(&["hourly"], asked("other/hourly")), ["hourly"]);
        assert_eq!(
            missing_with(&all, |options| options.all_features = true),
            [""; 0]
        );
        assert_eq!(
            missing_with(&["daily"], |options| options.no_default_features = true),
            ["daily"]
        );
    }
}
