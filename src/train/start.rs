//! What a run starts from when it does not start from nothing: the weights of a trained model.

use crate::error::{Error, Result};
use crate::model_file::{Model, Weights};
use crate::network::{Network, Slice};

/// The first weights of a network for data with these classes, from a model with the same layers. If the model's classes
/// differ, in number or in name, the last layer gets the initial values of `seed`. The flag says whether the last layer is
/// the model's too.
///
/// # Errors
/// `Usage` where the model is an ensemble or its layers are not the network's.
pub fn start_from(
    model: &Model,
    network: &Network,
    class_names: &[String],
    seed: u64,
) -> Result<(Weights, bool)> {
    let [weights] = &model.members[..] else {
        let members = model.members.len();
        return Err(Error::Usage(format!(
            "an ensemble of {members} networks: a run can start from a model of one network only"
        )));
    };
    let (old, new) = (&model.network, network);
    let last = |network: &Network| network.layers.last().map_or(0..0, |layer| layer.parameters.clone());
    let has_names = !class_names.is_empty() && !model.class_names.is_empty();
    let keeps_last = old.task.classes == new.task.classes && (!has_names || class_names == model.class_names);
    let common = |network: &Network| match keeps_last {
        true => network.parameters.len(),
        false => last(network).start,
    };
    same(&old.parameters[..common(old)], &new.parameters[..common(new)])?;
    same(&old.statistics, &new.statistics)?;
    let mut parameters = new.initial_parameters(seed);
    for (from, to) in old.parameters.iter().zip(&new.parameters[..common(new)]) {
        parameters[to.range()].copy_from_slice(&weights.parameters[from.range()]);
    }
    Ok((Weights { parameters, statistics: weights.statistics.clone() }, keeps_last))
}

/// Returns an error unless both have the same slices in the same order.
fn same(old: &[Slice], new: &[Slice]) -> Result<()> {
    let shown = |slice: Option<&Slice>| match slice {
        Some(slice) => format!("`{}` {:?}", slice.name, slice.shape),
        None => "nothing".into(),
    };
    for at in 0..old.len().max(new.len()) {
        let (old, new) = (old.get(at), new.get(at));
        if old.map(|slice| (&slice.name, &slice.shape)) != new.map(|slice| (&slice.name, &slice.shape)) {
            return Err(Error::Usage(format!(
                "the model to start from has {} where this network has {}: use its recipe, and images of its size",
                shown(old),
                shown(new)
            )));
        }
    }
    Ok(())
}
