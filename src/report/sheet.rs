//! Small pictures side by side in one PNG file, which a page holds once and shows parts of.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::error::Result;
use crate::network::Task;
use crate::picture::png;

/// Pictures of one size, in the order in which they were added.
pub struct Sheet {
    height: usize,
    width: usize,
    channels: usize,
    /// Planar bytes of each picture, `[channels, height, width]`.
    pictures: Vec<Vec<u8>>,
}

/// Pictures in a row of the sheet.
pub const COLUMNS: usize = 16;

impl Sheet {
    pub fn new(height: usize, width: usize, channels: usize) -> Self {
        Sheet { height, width, channels, pictures: Vec::new() }
    }

    /// Adds a picture, `[channels, height, width]`; returns its number.
    pub fn add(&mut self, picture: Vec<u8>) -> usize {
        self.pictures.push(picture);
        self.pictures.len() - 1
    }

    pub fn is_empty(&self) -> bool {
        self.pictures.is_empty()
    }

    /// Columns and rows.
    pub fn size(&self) -> [usize; 2] {
        [COLUMNS.min(self.pictures.len()).max(1), self.pictures.len().div_ceil(COLUMNS).max(1)]
    }

    /// A URL that holds the whole sheet.
    pub fn url(&self) -> Result<String> {
        let [columns, rows] = self.size();
        let (height, width) = (rows * self.height, columns * self.width);
        let mut planes = vec![0; self.channels * height * width];
        for (number, picture) in self.pictures.iter().enumerate() {
            let (top, left) = (number / COLUMNS * self.height, number % COLUMNS * self.width);
            for (at, line) in picture.chunks_exact(self.width).take(self.channels * self.height).enumerate() {
                let (channel, y) = (at / self.height, at % self.height);
                let start = (channel * height + top + y) * width + left;
                if let Some(place) = planes.get_mut(start..start + self.width) {
                    place.copy_from_slice(line);
                }
            }
        }
        let file = png(&planes, height, width, self.channels)?;
        Ok(format!("data:image/png;base64,{}", STANDARD.encode(file)))
    }
}

/// Height and width of an image that is made smaller by a whole number, but never to nothing.
pub fn reduced_size(task: &Task, by: usize) -> [usize; 2] {
    [(task.height / by).max(1), (task.width / by).max(1)]
}

/// An image made smaller by a whole number: the mean of each square of pixels. Edges that do not fill a square are left out.
pub fn reduced(image: &[u8], task: &Task, by: usize) -> Vec<u8> {
    let [height, width] = reduced_size(task, by);
    let (down, across) = (by.min(task.height), by.min(task.width));
    let mut out = Vec::with_capacity(task.channels * height * width);
    for plane in image.chunks_exact((task.height * task.width).max(1)) {
        for y in 0..height {
            for x in 0..width {
                let pixel =
                    |at: usize| plane[(y * down + at / across) * task.width + x * across + at % across];
                let sum: usize = (0..down * across).map(|at| usize::from(pixel(at))).sum();
                out.push((sum / (down * across)) as u8);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_lie_side_by_side() {
        let mut sheet = Sheet::new(2, 3, 3);
        for number in 0..18u8 {
            assert_eq!(sheet.add(vec![number * 10; 18]), usize::from(number));
        }
        let url = sheet.url().unwrap();
        let file = STANDARD.decode(url.strip_prefix("data:image/png;base64,").unwrap()).unwrap();
        let image = image::load_from_memory(&file).unwrap().to_rgb8();
        assert_eq!((image.dimensions(), sheet.size()), ((48, 4), [16, 2]));
        assert_eq!(image.get_pixel(4, 1).0, [10; 3]);
        assert_eq!(image.get_pixel(5, 3).0, [170; 3]);
        assert_eq!(image.get_pixel(6, 3).0, [0; 3], "beyond the last");
    }

    #[test]
    fn large_images_are_reduced() {
        let task = Task::grey(3, 4, 2);
        assert_eq!(reduced(&[0, 2, 4, 8, 4, 2, 4, 8, 9, 9, 9, 9], &task, 2), [2, 6]);
        assert_eq!(reduced(&[7; 12], &task, 1), [7; 12]);
        assert_eq!(reduced(&[7; 12], &task, 4), [7], "a narrow image keeps a pixel");
    }
}
