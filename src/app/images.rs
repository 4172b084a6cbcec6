//! The images that a page brings or asks for, as a data set.

use super::host::Host;
use super::messages::Source;
use crate::data::{self, DataSet, Labelled, Wishes};
use crate::error::{Error, Result};

/// Height and width to which pictures of many sizes, or large ones, are fitted if the page asks for no size.
const OTHERWISE: [usize; 2] = [32, 32];

/// The data set, and what it is called.
///
/// # Errors
/// `Usage` if the attachments are not those that the source needs; else as the readers of `data`.
pub(super) async fn load<H: Host>(
    host: &mut H,
    source: Source,
    mut attachments: Vec<Vec<u8>>,
) -> Result<(String, DataSet)> {
    match source {
        Source::Mnist {} => Ok(("MNIST".to_owned(), host.mnist().await?)),
        Source::File { name, size, colour, as_digits } => {
            let (Some(bytes), true) = (attachments.pop(), attachments.is_empty()) else {
                return Err(missing("the file's bytes"));
            };
            let options = data::Options {
                size: size.map(|side| [side, side]),
                otherwise: Some(OTHERWISE),
                channels: colour.map(|colour| if colour { 3 } else { 1 }),
                as_digits,
                ..data::Options::default()
            };
            let set = DataSet::from_bytes(name.as_ref(), bytes, &options)?;
            Ok((name, set))
        }
        Source::Pictures { classes, items, size, colour, as_digits } => {
            if attachments.len() != items.len() {
                return Err(missing("a file for each picture"));
            }
            let labelled = items.iter().zip(&attachments);
            let labelled: Vec<Labelled> = labelled
                .map(|(item, bytes)| Labelled { name: &item.name, bytes, class: item.class })
                .collect();
            let set = DataSet::of_pictures(&classes, &labelled, Wishes { size, colour, as_digits })?;
            Ok(("pictures".to_owned(), set))
        }
    }
}

pub(super) fn missing(what: &str) -> Error {
    Error::Usage(format!("the attachments are not {what}"))
}
