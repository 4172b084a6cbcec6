//! A node's attributes, and the errors for attributes that inkgrad cannot use.

use super::messages::NodeProto;

/// A result whose error says what is wrong; the caller adds the node's name.
pub(super) type TextResult<T> = Result<T, String>;

/// A node whose attributes are asked for by name.
#[derive(Clone, Copy)]
pub(super) struct Node<'a>(pub &'a NodeProto);

impl<'a> Node<'a> {
    pub fn op(self) -> &'a str {
        &self.0.op_type
    }

    pub fn int(self, name: &str, otherwise: i64) -> i64 {
        self.0.attribute.iter().find(|attribute| attribute.name == name).map_or(otherwise, |a| a.i)
    }

    pub fn float(self, name: &str, otherwise: f32) -> f32 {
        self.0.attribute.iter().find(|attribute| attribute.name == name).map_or(otherwise, |a| a.f)
    }

    pub fn text(self, name: &str) -> &'a str {
        let found = self.0.attribute.iter().find(|attribute| attribute.name == name);
        found.and_then(|attribute| std::str::from_utf8(&attribute.s).ok()).unwrap_or_default()
    }

    pub fn ints(self, name: &str) -> Option<&'a [i64]> {
        self.0.attribute.iter().find(|attribute| attribute.name == name).map(|a| &a.ints[..])
    }

    /// Two sizes, vertical and horizontal.
    pub fn pair(self, name: &str, otherwise: [usize; 2]) -> TextResult<[usize; 2]> {
        match self.ints(name) {
            None => Ok(otherwise),
            Some(ints) => sizes(ints).ok_or_else(|| format!("{name} = {ints:?}: two sizes are read")),
        }
    }

    /// Input `at`; none where it is left out, which an empty name says.
    pub fn input(self, at: usize) -> Option<&'a str> {
        self.0.input.get(at).map(String::as_str).filter(|name| !name.is_empty())
    }

    pub fn needed(self, at: usize) -> TextResult<&'a str> {
        self.input(at).ok_or_else(|| format!("input {at} is missing"))
    }

    /// # Errors
    /// A text where the attribute has another value than the only one that is read.
    pub fn only(self, name: &str, value: i64) -> TextResult<()> {
        match self.int(name, value) {
            found if found == value => Ok(()),
            found => Err(format!("{name} = {found}: only {value} is read")),
        }
    }

    /// As [`Node::only`], for a list of which each element has the value.
    pub fn only_all(self, name: &str, value: i64) -> TextResult<()> {
        match self.ints(name).filter(|ints| ints.iter().any(|int| *int != value)) {
            None => Ok(()),
            Some(ints) => Err(format!("{name} = {ints:?}: only {value} is read")),
        }
    }
}

/// Exactly `N` sizes, none negative.
pub(super) fn sizes<const N: usize>(ints: &[i64]) -> Option<[usize; N]> {
    let sizes: Option<Vec<usize>> = ints.iter().map(|int| usize::try_from(*int).ok()).collect();
    sizes?.try_into().ok()
}
