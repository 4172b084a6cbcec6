use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::Gather;
use crate::plan::{NO_IMAGE, NO_LABEL};

/// `images[r] = all_images[indices[r]]` and `labels[r] = all_labels[indices[r]]`: a batch picked out of a data set.
///
/// An index of `NO_IMAGE` gives a black image with the label `NO_LABEL`.
impl Reference for Gather {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let (all_images, all_labels) = (inputs.bytes(self.all_images)?, inputs.words(self.all_labels)?);
        let (mut images, mut labels) = (Vec::new(), Vec::new());
        for index in inputs.words(self.indices)? {
            if *index == NO_IMAGE {
                images.extend(vec![0; self.columns]);
                labels.push(NO_LABEL);
            } else {
                let index = *index as usize;
                images.extend_from_slice(&all_images[index * self.columns..][..self.columns]);
                labels.push(all_labels[index]);
            }
        }
        Ok(vec![Values::Bytes(images), Values::Words(labels)])
    }
}
