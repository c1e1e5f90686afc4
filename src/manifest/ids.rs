//! Which dag and task ids Airflow's server accepts.
//!
//! The SDK has the same rule for `bundle!` (`sdk/src/ids`), where the compiler runs it, on a table of its own: no crate for classes
//! of characters works in constant expressions. A test in `tests/interop/ids.rs` holds both, and Python's own, together over all
//! of Unicode.

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory as _};

/// The longest id, in characters.
const MAX_CHARS: usize = 250;

/// Why Airflow's server will refuse `id`, or `None` if it accepts it.
///
/// Source: `airflow.utils.helpers.validate_key`: `^[\w.-]+$`, at most 250 characters, and no `..`
/// unless `[core] allow_double_dot_in_ids` is set.
pub fn refusal(id: &str) -> Option<String> {
    if id.is_empty() {
        return Some("it is empty".to_owned());
    }
    let chars = id.chars().count();
    if chars > MAX_CHARS {
        return Some(format!(
            "it has {chars} characters; at most {MAX_CHARS} are allowed"
        ));
    }
    if let Some(wrong) = id.chars().find(|&c| !is_word(c) && c != '.' && c != '-') {
        return Some(format!(
            "it holds {}; letters, digits, `_`, `.` and `-` are allowed",
            crate::text::quoted_char(wrong)
        ));
    }
    if id.contains("..") {
        return Some("it holds `..`".to_owned());
    }
    None
}

/// Python's `\w`: letters and numbers of all scripts, and the underscore. Rust's `is_alphanumeric`
/// is wider: it has vowel signs, which Python's does not.
fn is_word(c: char) -> bool {
    c == '_'
        || matches!(
            c.general_category_group(),
            GeneralCategoryGroup::Letter | GeneralCategoryGroup::Number
        )
}

#[cfg(test)]
mod tests {
    use super::refusal;

    #[test]
    fn ids_are_judged_as_the_server_does() {
        for legal in [
            "a",
            "sales-2026.v1_x",
            "größe",
            "日本",
            "٣",
            "on",
            "1_000",
            &"x".repeat(250),
        ] {
            assert_eq!(refusal(legal), None, "{legal}");
        }
        for illegal in [
            "",
            "a b",
            "a/b",
            "a..b",
            "a:b",
            "हिन्दी",
            "a\n",
            "\u{202e}",
            &"x".repeat(251),
        ] {
            assert!(refusal(illegal).is_some(), "{illegal}");
        }
    }
}
