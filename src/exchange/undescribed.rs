//! Weights without a description of their network, which a recipe then gives: which network it is on which images, and which of
//! the file's modules is which of its layers.

use std::path::Path;

use crate::data::idx::MAX_SIDE;
use crate::error::{Error, Result};
use crate::model_file::{Model, Weights};
use crate::network::{Network, Task};
use crate::recipe::Recipe;

/// What the user says about a file that does not describe its network.
#[derive(Clone, Copy, Debug, Default)]
pub struct Said<'a> {
    pub recipe: Option<&'a Recipe>,
    /// Height and width of the images.
    pub size: Option<[usize; 2]>,
}

/// A module of a file: its name, and the shapes of its tensors in the order in which a layer has them.
pub(super) type Module = (String, Vec<Vec<usize>>);

/// Sides that are tried where the user gives none, before all others: MNIST's and CIFAR's.
const USUAL: [usize; 2] = [28, 32];
/// Larger ones have to be given.
const MAX_TRIED: usize = 256;

/// The network of a recipe whose layers have the tensors of these modules, and for each of its layers that has tensors the
/// module. Modules with the same shapes belong to layers in the order of their names, in which 10 follows 9.
/// `wanted` gives the shapes that a network's layers have in such a file.
///
/// # Errors
/// `BadFile` where no recipe was given, or none of its networks fits.
pub(super) fn network(
    path: &Path,
    said: Said,
    mut modules: Vec<Module>,
    wanted: impl Fn(&Network) -> Result<Vec<Vec<Vec<usize>>>>,
) -> Result<(Network, Vec<String>)> {
    let Some(recipe) = said.recipe else {
        let what = "it does not describe its network: name a recipe that does with `--recipe FILE`";
        return Err(Error::bad_file(path, what));
    };
    modules.sort_by_cached_key(|(name, _)| parts(name));
    let mut classes: Vec<usize> =
        modules.iter().flat_map(|(_, shapes)| shapes.last()?.last().copied()).collect();
    classes.sort_unstable();
    classes.dedup();
    classes.retain(|classes| (2..=256).contains(classes));
    let squares = USUAL.into_iter().chain(1..=MAX_TRIED.min(MAX_SIDE)).map(|side| [side, side]);
    let sizes: Vec<[usize; 2]> = said.size.map_or_else(|| squares.collect(), |size| vec![size]);
    for [height, width] in sizes {
        for channels in [1, 3] {
            for classes in &classes {
                let task = Task { height, width, classes: *classes, channels };
                let Ok(network) = Network::new(task, recipe.normalisation, &recipe.layers) else { continue };
                if let Some(names) = assigned(&modules, &wanted(&network)?) {
                    return Ok((network, names));
                }
            }
        }
    }
    let found: Vec<String> =
        modules.iter().map(|(name, shapes)| format!("{name} {shapes:?}")).take(12).collect();
    let what = format!("its tensors are not those of the recipe's layers (found {})", found.join(", "));
    Err(Error::bad_file(
        path,
        format!("{what}: give the recipe that fits, and `--size` unless images are square"),
    ))
}

/// For each layer the first module of its shapes that no layer before it has; none if a layer or a module is left.
fn assigned(modules: &[Module], wanted: &[Vec<Vec<usize>>]) -> Option<Vec<String>> {
    if modules.len() != wanted.len() {
        return None;
    }
    let mut free: Vec<&Module> = modules.iter().collect();
    let mut names = Vec::new();
    for shapes in wanted {
        let at = free.iter().position(|(_, found)| found == shapes)?;
        names.push(free.remove(at).0.clone());
    }
    Some(names)
}

/// A name's words and numbers, so that 10 follows 9.
fn parts(name: &str) -> Vec<(String, u64)> {
    let mut parts = vec![(String::new(), 0u64)];
    let mut was_digit = false;
    for c in name.chars() {
        if c == '.' {
            parts.push((String::new(), 0));
            was_digit = false;
            continue;
        }
        let digit = c.to_digit(10);
        if was_digit && digit.is_none() {
            parts.push((String::new(), 0));
        }
        was_digit = digit.is_some();
        if let Some((text, number)) = parts.last_mut() {
            match digit {
                Some(digit) => *number = number.saturating_mul(10).saturating_add(digit.into()),
                None => text.push(c),
            }
        }
    }
    parts
}

/// The model of a network and its weights, to be trained further as the recipe says.
///
/// # Errors
/// `BadFile` where values are not finite.
pub(super) fn model(path: &Path, said: Said, network: Network, weights: Weights) -> Result<Model> {
    if !weights.is_finite() {
        return Err(Error::bad_file(path, "it holds values that are not finite numbers"));
    }
    let recipe =
        said.recipe.cloned().ok_or_else(|| Error::Internal("a network without its recipe".into()))?;
    let name = super::draft::name(path);
    Ok(Model {
        name,
        network,
        members: vec![weights],
        recipe,
        seed: 0,
        steps: 0,
        class_names: Vec::new(),
        preparation: None,
        split: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_order_of_their_numbers() {
        let mut names = ["conv10.w", "conv2.w", "conv.w", "b", "conv9.w"];
        names.sort_by_cached_key(|name| parts(name));
        assert_eq!(names, ["b", "conv.w", "conv2.w", "conv9.w", "conv10.w"]);
    }
}
