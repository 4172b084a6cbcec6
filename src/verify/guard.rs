//! What shows that an op wrote too little or too much: a pattern around everything that it is to write.

use super::Case;
use crate::error::Result;
use crate::executor::{Flat, Store};
use crate::plan::{FlatSizes, Storage};

/// As a float not a number; as an integer, or as four bytes of an image, a value that no op would give.
pub(super) const WORD: u32 = 0x7fc0_dead;

/// How many values of the pattern follow those that the op is to write, in outputs with a buffer of their own: a whole
/// vector of the longest.
pub(super) const TAIL: usize = 16;

pub(super) fn floats(count: usize) -> Vec<f32> {
    vec![f32::from_bits(WORD); count]
}

/// `count` must be whole words, as the contents of tensors are.
pub(super) fn bytes(count: usize) -> Vec<u8> {
    WORD.to_le_bytes().repeat(count / 4)
}

/// Each flat buffer, with the number of its values.
pub(super) fn flat_buffers(sizes: FlatSizes) -> impl Iterator<Item = (Flat, usize)> {
    let states = (0..sizes.states).map(move |which| (Flat::State(which), sizes.parameters));
    let others = [
        (Flat::Parameters, sizes.parameters),
        (Flat::Gradients, sizes.parameters),
        (Flat::Statistics, sizes.statistics),
    ];
    others.into_iter().chain(states)
}

/// The flat buffer of which a tensor is a slice, if of any.
pub(super) fn flat_of(storage: Storage) -> Option<Flat> {
    match storage {
        Storage::Parameters { .. } => Some(Flat::Parameters),
        Storage::Gradients { .. } => Some(Flat::Gradients),
        Storage::State { which, .. } => Some(Flat::State(which)),
        Storage::Statistics { .. } => Some(Flat::Statistics),
        _ => None,
    }
}

/// Whether all of the flat buffers but the case's outputs holds what it held before: its inputs, and the pattern elsewhere.
pub(super) async fn left_flat_buffers_alone(case: &Case, store: &Store) -> Result<bool> {
    let outputs = case.outputs();
    for (flat, count) in flat_buffers(case.plan.flat) {
        let mut wanted: Vec<Option<u32>> = vec![Some(WORD); count];
        let mut fill = |storage: Storage, values: &[Option<u32>]| {
            if flat_of(storage) == Some(flat) {
                wanted[storage.offset()..][..values.len()].copy_from_slice(values);
            }
        };
        for (id, bytes) in &case.inputs {
            let words = bytemuck::pod_collect_to_vec::<u8, u32>(bytes);
            fill(case.plan.tensor(*id).storage, &words.into_iter().map(Some).collect::<Vec<_>>());
        }
        for id in &outputs {
            let tensor = case.plan.tensor(*id);
            fill(tensor.storage, &vec![None; tensor.len()]);
        }
        let given = store.read(flat).await?;
        if wanted.iter().zip(&given).any(|(wanted, given)| wanted.is_some_and(|word| word != given.to_bits()))
        {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu;
    use crate::executor::Device;

    /// A bias, an input, stands in the middle of the parameters; nothing of them is to be written.
    #[test]
    fn what_is_written_beside_outputs_is_seen() {
        let mut cases = crate::verify::cases().into_iter().filter(|case| case.op == "bias_add");
        let case = cases.find(|case| case.shape == "3 x 7").unwrap();
        let mut parameters = floats(case.plan.flat.parameters);
        let (id, bytes) = case
            .inputs
            .iter()
            .find(|(id, _)| flat_of(case.plan.tensor(*id).storage) == Some(Flat::Parameters))
            .unwrap();
        let start = case.plan.tensor(*id).storage.offset();
        assert!(start > 0);
        let bias: Vec<f32> = bytemuck::pod_collect_to_vec(bytes);
        parameters[start..][..bias.len()].copy_from_slice(&bias);
        let store = Device::Cpu(cpu::Device::with_threads(1)).store(case.plan.flat, &parameters).unwrap();
        store.write(Flat::Gradients, &floats(parameters.len())).unwrap();
        let is_clean = || pollster::block_on(left_flat_buffers_alone(&case, &store)).unwrap();
        assert!(is_clean());
        for at in 0..parameters.len() {
            let mut changed = parameters.clone();
            changed[at] = 0.5;
            store.write(Flat::Parameters, &changed).unwrap();
            assert!(!is_clean(), "value {at}");
        }
    }
}
