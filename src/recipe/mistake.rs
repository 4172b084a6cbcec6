//! Finds the line and field of a mistake in a recipe. serde buffers a table that has a `kind` before it knows the table's type,
//! so its errors have neither line nor field. Both are found here by parsing the table again with one field left out at a time.

use serde::de::DeserializeOwned;
use toml::Value;
use toml::de::{DeTable, DeValue};

use super::Schedule;
use super::plain_words::in_plain_words;
use crate::network::{LayerSpec, Optimiser};

/// What is wrong with a recipe's text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    pub what: String,
    /// Line and column (in characters), counted from 1, where they are known.
    pub at: Option<(usize, usize)>,
}

impl Mistake {
    /// A mistake at an offset in bytes.
    pub(super) fn at(text: &str, offset: usize, what: impl Into<String>) -> Self {
        let before = text.get(..offset).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Mistake { what: what.into(), at: Some((line, column)) }
    }
}

/// What is wrong with a recipe's text, with line and field; none if the mistake is not in a table with a `kind`.
pub(super) fn describe(text: &str) -> Option<String> {
    let (at, what) = find(text)?;
    let line = text.get(..at).map_or(1, |before| before.matches('\n').count() + 1);
    Some(format!("line {line}, {what}"))
}

/// As [`describe`]: the mistake's offset, and what it is.
pub(super) fn find(text: &str) -> Option<(usize, String)> {
    let document = DeTable::parse(text).ok()?;
    let values: toml::Table = toml::from_str(text).ok()?;
    document.get_ref().iter().find_map(|(key, spanned)| {
        let key = key.get_ref().as_ref();
        match (key, spanned.get_ref(), values.get(key)?) {
            ("layers", DeValue::Array(tables), Value::Array(values)) => {
                tables.iter().zip(values).enumerate().find_map(|(at, (table, value))| {
                    let what = format!("layer {}{}", at + 1, kind(value));
                    mistake::<LayerSpec>(table.get_ref(), value, table.span().start, what)
                })
            }
            ("optimiser", table, value) => {
                mistake::<Optimiser>(table, value, spanned.span().start, format!("optimiser{}", kind(value)))
            }
            ("schedule", table, value) => {
                mistake::<Schedule>(table, value, spanned.span().start, format!("schedule{}", kind(value)))
            }
            _ => None,
        }
    })
}

/// The offset, in bytes, of a field of the recipe itself.
pub(super) fn field(text: &str, name: &str) -> Option<usize> {
    let document = DeTable::parse(text).ok()?;
    document.get_ref().keys().find(|key| key.get_ref().as_ref() == name).map(|key| key.span().start)
}

/// The offset, in bytes, at which layer `number`, counted from 0, begins.
pub(super) fn layer(text: &str, number: usize) -> Option<usize> {
    let document = DeTable::parse(text).ok()?;
    let layers = document.get_ref().get("layers")?.get_ref().as_array()?;
    layers.get(number).map(|layer| layer.span().start)
}

/// The table's `kind`, in brackets.
fn kind(value: &Value) -> String {
    value.get("kind").and_then(Value::as_str).map_or_else(String::new, |kind| format!(" ({kind})"))
}

/// The mistake in a table, if there is one: the offset of its field, or else of the table, and what is wrong.
fn mistake<T: DeserializeOwned>(
    spanned: &DeValue,
    value: &Value,
    start: usize,
    what: String,
) -> Option<(usize, String)> {
    let error = value.clone().try_into::<T>().err()?.message().to_owned();
    let (Some(spans), Some(fields)) = (spanned.as_table(), value.as_table()) else {
        return Some((start, format!("{what}: {}", in_plain_words(&error))));
    };
    // Without `kind` the error always changes, so it is tried last.
    let mut keys: Vec<_> = spans.keys().collect();
    keys.sort_by_key(|key| key.get_ref().as_ref() == "kind");
    let guilty = keys.into_iter().find(|key| {
        let mut fields = fields.clone();
        fields.remove(key.get_ref().as_ref());
        // If the error is a missing field, it stays the same without any of the others.
        Value::Table(fields).try_into::<T>().err().is_none_or(|other| other.message() != error)
    });
    let is_missing = error.starts_with("missing field") && fields.contains_key("kind");
    let error = in_plain_words(&error);
    Some(match guilty.filter(|_| !is_missing) {
        Some(key) => (key.span().start, format!("{what}, `{}`: {error}", key.get_ref())),
        None => (start, format!("{what}: {error}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECIPE: &str = r#"batch = 100
learning_rate = 0.1
epochs = 1
optimiser = { kind = "sgd" }

[[layers]]
kind = "conv2d"
channels = 6
kernel = 5

[[layers]]
kind = "relu"

[[layers]]
kind = "dense"
units = 84
initial = "he_normal"

[[layers]]
kind = "dense"
"#;

    #[test]
    fn mistakes_have_a_line_and_a_field() {
        assert_eq!(describe(RECIPE), None);
        for (from, to, wanted) in [
            ("units = 84", "units = \"84\"", "line 16, layer 3 (dense), `units`: text \"84\" where"),
            ("units = 84", "unit = 84", "line 16, layer 3 (dense), `unit`: unknown field"),
            ("\"he_normal\"", "\"xavier\"", "line 17, layer 3 (dense), `initial`: unknown value `xavier`"),
            ("kernel = 5", "kernel = [5, 5, 5]", "line 9, layer 1 (conv2d), `kernel`: "),
            ("kernel = 5", "kernel = 5\npadding = \"sme\"", "line 10, layer 1 (conv2d), `padding`: "),
            ("channels = 6\n", "", "line 6, layer 1 (conv2d): missing field `channels`"),
            ("\"relu\"", "\"rely\"", "line 12, layer 2 (rely), `kind`: unknown value `rely`"),
            ("kind = \"relu\"", "", "line 11, layer 2: missing field `kind`"),
            ("\"sgd\"", "\"adam\", beta1 = true", "line 4, optimiser (adam), `beta1`: `true` where"),
            ("epochs = 1", "epochs = 1\nschedule = 3", "line 4, schedule: number `3` where"),
        ] {
            assert!(RECIPE.contains(from), "{from}");
            let told = describe(&RECIPE.replacen(from, to, 1)).unwrap();
            assert!(told.starts_with(wanted), "{to}: {told}");
        }
    }
}
