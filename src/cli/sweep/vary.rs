//! What a sweep varies: a place in the recipe, and the values to try there.

use std::str::FromStr;

use inkgrad::recipe::Recipe;
use inkgrad::{Error, Result};
use toml::{Table, Value};

/// `layers.0.units=64,128`, `learning_rate=0.001..0.01`, `batch=16..256/5`.
#[derive(Clone, Debug, PartialEq)]
pub struct Vary {
    /// Names of fields, and numbers of layers from 0, joined by points.
    pub path: String,
    pub values: Values,
    /// As it was given.
    text: String,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    List(Vec<Value>),
    /// Every number from `low` to `high`; whole ones only, where both are whole.
    Range {
        low: f64,
        high: f64,
        is_whole: bool,
        is_log: bool,
    },
}

/// A range whose high end is at least this multiple of its low end is drawn evenly on a logarithmic scale.
const LOG_FROM: f64 = 10.0;
/// Most values in a list.
const MAX_VALUES: usize = 1000;

impl FromStr for Vary {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (path, values) = text
            .split_once('=')
            .filter(|(path, values)| !path.trim().is_empty() && !values.trim().is_empty())
            .ok_or("FIELD=VALUES is needed, such as learning_rate=0.001..0.1 or layers.0.units=64,128")?;
        let values = match values.split_once("..") {
            Some((low, rest)) => range(low, rest)?,
            None => Values::List(parts(values).into_iter().map(value).collect()),
        };
        Ok(Vary { path: path.trim().to_owned(), values, text: text.to_owned() })
    }
}

impl std::fmt::Display for Vary {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

fn range(low: &str, rest: &str) -> Result<Values, String> {
    let (high, points) = match rest.split_once('/') {
        Some((high, points)) => (high, Some(points)),
        None => (rest, None),
    };
    let number = |text: &str| {
        let number: Option<f64> = text.trim().parse().ok();
        number.filter(|number| number.is_finite()).ok_or(format!("`{text}` is not a number"))
    };
    let (from, to) = (number(low)?, number(high)?);
    if from >= to {
        return Err(format!("{from}..{to}: the second number must be the larger one"));
    }
    let is_whole = low.trim().parse::<i64>().is_ok() && high.trim().parse::<i64>().is_ok();
    let is_log = from > 0.0 && to / from >= LOG_FROM;
    let range = Values::Range { low: from, high: to, is_whole, is_log };
    let Some(points) = points else { return Ok(range) };
    let points: Option<usize> = points.trim().parse().ok();
    let Some(points) = points.filter(|points| (2..=MAX_VALUES).contains(points)) else {
        return Err(format!("after the slash, a number of values from 2 to {MAX_VALUES} is needed"));
    };
    let mut values: Vec<Value> = Vec::new();
    for at in 0..points {
        let value = range.at(at as f64 / (points - 1) as f64);
        // Rounding to whole numbers can give the same value twice.
        if !values.contains(&value) {
            values.push(value);
        }
    }
    Ok(Values::List(values))
}

/// The texts between commas, except those in brackets or quotes.
fn parts(text: &str) -> Vec<&str> {
    let (mut depth, mut is_quoted, mut start) = (0, false, 0);
    let mut parts = Vec::new();
    for (at, c) in text.char_indices() {
        match c {
            '"' => is_quoted = !is_quoted,
            '[' | '{' => depth += 1,
            ']' | '}' => depth -= 1,
            ',' if depth == 0 && !is_quoted => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// A value in TOML's syntax; text needs no quotes.
fn value(text: &str) -> Value {
    let text = text.trim();
    let table: Option<Table> = toml::from_str(&format!("value = {text}")).ok();
    table.and_then(|mut table| table.remove("value")).unwrap_or_else(|| Value::String(text.to_owned()))
}

impl Values {
    /// The value at a place from 0 to 1.
    pub fn at(&self, place: f64) -> Value {
        match self {
            Values::List(values) => {
                let at = ((place * values.len() as f64) as usize).min(values.len().saturating_sub(1));
                values[at].clone()
            }
            &Values::Range { low, high, is_whole, is_log } => {
                let number = match is_log {
                    true => low * (high / low).powf(place),
                    false => low + (high - low) * place,
                };
                match is_whole {
                    true => Value::Integer(number.round() as i64),
                    false => Value::Float(rounded(number).clamp(low, high)),
                }
            }
        }
    }

    /// None for a range.
    pub fn list(&self) -> Option<&[Value]> {
        match self {
            Values::List(values) => Some(values),
            Values::Range { .. } => None,
        }
    }
}

/// To four digits: a rate that people can read, say and type.
fn rounded(number: f64) -> f64 {
    format!("{number:.3e}").parse().unwrap_or(number)
}

/// The recipe with other values in some places.
///
/// # Errors
/// `Usage` where the recipe has no such place, `Recipe` where the value is not one for it.
pub fn changed(recipe: &Recipe, changes: &[(String, Value)]) -> Result<Recipe> {
    let fault = |what: String| Error::Internal(format!("a recipe cannot be changed: {what}"));
    let mut table = Table::try_from(recipe).map_err(|error| fault(error.to_string()))?;
    for (path, value) in changes {
        put(&mut table, path, value.clone())?;
    }
    let shown = || changes.iter().map(|(path, value)| format!("{path}={}", text(value))).collect::<Vec<_>>();
    let wrong = |what: String| Error::Recipe(format!("{}: {what}", shown().join(" ")));
    let recipe: Recipe =
        table.try_into().map_err(|error: toml::de::Error| wrong(error.message().to_owned()))?;
    recipe.check().map_err(wrong)?;
    Ok(recipe)
}

fn put(table: &mut Table, path: &str, value: Value) -> Result<()> {
    let nowhere = |what: String| Err(Error::Usage(format!("--vary {path}: {what}")));
    let (first, rest) = match path.split_once('.') {
        Some((first, rest)) => (first, Some(rest)),
        None => (path, None),
    };
    let Some(rest) = rest else {
        table.insert(first.to_owned(), value);
        return Ok(());
    };
    let mut place = match table.get_mut(first) {
        Some(place) => place,
        None => return nowhere(format!("the recipe has no `{first}`")),
    };
    let keys: Vec<&str> = rest.split('.').collect();
    for (at, key) in keys.iter().enumerate() {
        let is_last = at + 1 == keys.len();
        place = match place {
            Value::Table(table) if is_last => {
                table.insert((*key).to_owned(), value);
                return Ok(());
            }
            Value::Table(table) => match table.get_mut(*key) {
                Some(place) => place,
                None => return nowhere(format!("there is no `{key}`")),
            },
            Value::Array(list) => {
                let length = list.len();
                let found = key.parse::<usize>().ok().and_then(|number| list.get_mut(number));
                match found {
                    Some(place) if is_last => {
                        *place = value;
                        return Ok(());
                    }
                    Some(place) => place,
                    None => {
                        let last = length.saturating_sub(1);
                        return nowhere(format!("`{first}` is numbered from 0 to {last}, not `{key}`"));
                    }
                }
            }
            _ => return nowhere(format!("`{key}` is not a field there")),
        };
    }
    Ok(())
}

/// A value as people write it.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Float(number) if *number != 0.0 && !(0.001..1e6).contains(&number.abs()) => {
            format!("{number:e}")
        }
        value => value.to_string(),
    }
}

/// The number that a value is, if it is one.
pub fn number(value: &Value) -> Option<f64> {
    value.as_float().or_else(|| value.as_integer().map(|number| number as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vary(text: &str) -> Values {
        text.parse::<Vary>().unwrap().values
    }

    #[test]
    fn values_are_read() {
        let floats = |values: &[f64]| Values::List(values.iter().map(|value| Value::Float(*value)).collect());
        let whole =
            |values: &[i64]| Values::List(values.iter().map(|value| Value::Integer(*value)).collect());
        assert_eq!(vary("layers.0.units=64,128"), whole(&[64, 128]));
        assert_eq!(vary("learning_rate=0.001..0.1/3"), floats(&[0.001, 0.01, 0.1]));
        assert_eq!(vary("batch=1..3/5"), whole(&[1, 2, 3]));
        assert_eq!(vary("x=0.2..0.4/3"), floats(&[0.2, 0.3, 0.4]));
        assert_eq!(
            vary("layers.1.kind=relu,tanh"),
            Values::List(vec![Value::String("relu".into()), Value::String("tanh".into())])
        );
        assert_eq!(vary("kernel=[3, 5],[5, 5]").list().unwrap().len(), 2);
        let Values::Range { low, high, is_whole, is_log } = vary("batch=16..256") else { panic!("a range") };
        assert_eq!((low, high, is_whole, is_log), (16.0, 256.0, true, true));
        assert_eq!(vary("batch=16..256").at(1.0), Value::Integer(256));
        assert_eq!(vary("learning_rate=0.001..0.1").at(0.5), Value::Float(0.01));
        for bad in ["", "x", "=1", "x=", "x=2..1", "x=1..", "x=1..2/1", "x=1..2/x", "x=a..b", "x=nan..1"] {
            assert!(bad.parse::<Vary>().is_err(), "{bad}");
        }
    }

    #[test]
    fn recipes_are_changed() {
        let recipe = Recipe::preset("mlp").unwrap();
        let change = |path: &str, value: Value| changed(&recipe, &[(path.to_owned(), value)]);
        assert_eq!(change("learning_rate", Value::Float(0.25)).unwrap().learning_rate, 0.25);
        assert_eq!(change("clip_norm", Value::Float(2.0)).unwrap().clip_norm, Some(2.0));
        let units = change("layers.0.units", Value::Integer(7)).unwrap();
        assert_ne!(units.layers[0], recipe.layers[0]);
        assert_eq!(units.layers[1..], recipe.layers[1..]);
        for (path, value, words) in [
            ("layers.99.units", Value::Integer(7), "numbered from 0"),
            ("layers.x.units", Value::Integer(7), "numbered from 0"),
            ("nothing.x", Value::Integer(7), "has no `nothing`"),
            ("learning_rate.x", Value::Integer(7), "not a field"),
            ("learning_rat", Value::Float(0.1), "unknown field"),
            ("learning_rate", Value::Float(-1.0), "learning_rate=-1"),
            ("layers.0.units", Value::String("many".into()), "layers.0.units=many"),
        ] {
            let error = change(path, value).unwrap_err().to_string();
            assert!(error.contains(words), "{path}: {error}");
        }
    }
}
