//! How far what a device gave is from what was wanted.

use super::guard;
use crate::plan::Tensor;
use crate::reference::Values;

/// The largest difference over the largest value wanted; infinite where a value is not finite, where integers or bytes
/// differ, or where anything but the guard's pattern follows the wanted values.
pub(super) fn largest_error(tensor: &Tensor, wanted: &Values, given: &[u8]) -> f64 {
    let is_same = |is_same: bool| if is_same { 0.0 } else { f64::INFINITY };
    let words = || bytemuck::pod_collect_to_vec::<u8, u32>(given);
    match wanted {
        Values::Bytes(_) | Values::Words(_) => is_same(Values::from_device(tensor, given) == *wanted),
        Values::Floats(wanted) => {
            let words = words();
            let Some((given, tail)) = words.split_at_checked(wanted.len()) else { return f64::INFINITY };
            if tail.iter().any(|word| *word != guard::WORD) {
                return f64::INFINITY;
            }
            let (mut largest, mut difference) = (0f64, 0f64);
            for (wanted, given) in wanted.iter().zip(given) {
                let given = f64::from(f32::from_bits(*given));
                if !given.is_finite() || !wanted.is_finite() {
                    return f64::INFINITY;
                }
                largest = largest.max(wanted.abs());
                difference = difference.max((wanted - given).abs());
            }
            // Something where nothing should be is an error too.
            if difference == 0.0 { 0.0 } else { difference / largest.max(f64::from(f32::MIN_POSITIVE)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Element, Storage};

    #[test]
    fn differences_are_over_the_largest_value() {
        let tensor = |element, len| Tensor {
            name: "out".into(),
            shape: vec![len],
            element,
            storage: Storage::Activation,
        };
        let bytes = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>();
        let error = |wanted: &[f64], given: &[f32]| {
            largest_error(&tensor(Element::F32, given.len()), &wanted.to_vec().into(), &bytes(given))
        };
        assert_eq!(error(&[1.0, -4.0], &[1.0, -4.0]), 0.0);
        assert_eq!(error(&[1.0, -4.0], &[2.0, -4.0]), 0.25);
        assert_eq!(error(&[1.0], &[f32::NAN]), f64::INFINITY);
        assert_eq!(error(&[1.0, 1.0], &[1.0]), f64::INFINITY);
        assert_eq!(error(&[1.0], &[1.0, 1.0]), f64::INFINITY, "written behind the values");
        assert_eq!(error(&[1.0], &[1.0, f32::from_bits(guard::WORD)]), 0.0);
        assert!(error(&[0.0], &[1e-6]) > 1.0, "something where nothing should be is an error");
        let words = |given: [u8; 4]| largest_error(&tensor(Element::U32, 1), &Values::Words(vec![1]), &given);
        assert_eq!((words([1, 0, 0, 0]), words([2, 0, 0, 0])), (0.0, f64::INFINITY));
        let image =
            |given: [u8; 4]| largest_error(&tensor(Element::U8, 2), &Values::Bytes(vec![1, 2]), &given);
        assert_eq!((image([1, 2, 0, 0]), image([1, 3, 0, 0])), (0.0, f64::INFINITY));
    }
}
