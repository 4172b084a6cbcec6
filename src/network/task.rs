use serde::{Deserialize, Serialize};

use crate::data::DataSet;

/// What a network is built for: the shape of the images and the number of classes, both taken from the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    pub height: usize,
    pub width: usize,
    pub classes: usize,
    /// Bytes of a pixel: 1 for grey images, 3 for red, green and blue.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub channels: usize,
}

fn one() -> usize {
    1
}

fn is_one(channels: &usize) -> bool {
    *channels == 1
}

impl Task {
    /// For images of one channel.
    pub const fn grey(height: usize, width: usize, classes: usize) -> Self {
        Task { height, width, classes, channels: 1 }
    }

    /// For images of red, green and blue.
    pub const fn colour(height: usize, width: usize, classes: usize) -> Self {
        Task { height, width, classes, channels: 3 }
    }

    /// Of an image: `[channels, height, width]`, the order in which its bytes lie.
    pub fn shape(&self) -> [usize; 3] {
        [self.channels, self.height, self.width]
    }

    /// Bytes of an image.
    pub fn image_bytes(&self) -> usize {
        self.shape().iter().product()
    }
}

impl From<&DataSet> for Task {
    fn from(data: &DataSet) -> Self {
        let &DataSet { height, width, classes, channels, .. } = data;
        Task { height, width, classes, channels }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files of grey images do not speak of channels.
    #[test]
    fn channels_are_written_only_where_there_are_several() {
        let json = |task: &Task| serde_json::to_string(task).unwrap();
        let (grey, colour) = (Task::grey(28, 27, 10), Task::colour(32, 31, 9));
        assert_eq!(json(&grey), r#"{"height":28,"width":27,"classes":10}"#);
        for task in [grey, colour] {
            assert_eq!(serde_json::from_str::<Task>(&json(&task)).unwrap(), task);
        }
        assert_eq!((colour.shape(), colour.image_bytes()), ([3, 32, 31], 2976));
    }
}
