//! A data set of a handful of labelled pictures, as one collects them to teach a sign.

use super::stratified::{self, Purpose};
use super::{DataSet, Split};
use crate::picture::{Picture, Preparation};
use crate::{Error, Result, threads};

/// Pictures of the smallest class from which some are held back for validation.
const ENOUGH: usize = 10;
/// One picture in this many is then.
const PICTURES_PER_VALIDATION: usize = 6;

/// A picture's file: its name, its bytes, and its class.
pub struct Labelled<'a> {
    pub name: &'a str,
    pub bytes: &'a [u8],
    pub class: usize,
}

/// How pictures should be prepared; what is left open follows from the pictures.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wishes {
    /// Height and width; none: 28 for digits, else 32.
    pub size: Option<usize>,
    /// None: if any of the pictures has colour.
    pub colour: Option<bool>,
    /// Normalised as MNIST's digits: for drawings.
    pub as_digits: bool,
}

impl DataSet {
    /// The pictures in these classes. If each class has ten or more, one in six is held back for validation; otherwise all are
    /// trained on. None are kept for tests.
    ///
    /// # Errors
    /// `BadFile` for a picture that cannot be decoded; `Data` where there are fewer than two classes, one of them has no picture
    /// or no name of its own, or a picture is of none of them.
    pub fn of_pictures(class_names: &[String], pictures: &[Labelled], wishes: Wishes) -> Result<Self> {
        let classes = class_names.len();
        check(class_names, pictures)?;
        let decoded = threads::map(pictures, |one| Picture::decode(one.name.as_ref(), one.bytes));
        let decoded = decoded.into_iter().collect::<Result<Vec<Picture>>>()?;
        let preparation = match wishes.as_digits {
            true => {
                let side = wishes.size.unwrap_or(28);
                Preparation::digits(side, side)
            }
            false => {
                let side = wishes.size.unwrap_or(32);
                let colour = wishes.colour.unwrap_or_else(|| decoded.iter().any(Picture::has_colour));
                Preparation::fitted(side, side, if colour { 3 } else { 1 }, Default::default())
            }
        };
        let [channels, height, width] = [preparation.channels, preparation.height, preparation.width];
        let images = threads::map(&decoded, |picture| preparation.bytes(picture)).concat();
        let labels: Vec<u8> = pictures.iter().map(|one| one.class as u8).collect();
        let smallest =
            (0..classes).map(|class| pictures.iter().filter(|one| one.class == class).count()).min();
        let held_back = match smallest {
            Some(count) if count >= ENOUGH => pictures.len() / PICTURES_PER_VALIDATION,
            _ => 0,
        };
        let chosen = stratified::choose(&labels, held_back, 0, Purpose::Validation);
        let all = Split::new(channels * height * width, images, labels)?.with_first(&chosen);
        let mut notes = Vec::new();
        if chosen.is_empty() {
            notes.push(format!(
                "too few pictures to hold some back (with {ENOUGH} of each class there will be enough): accuracy is that on the pictures \
                 trained on, and says little"
            ));
        }
        Ok(DataSet {
            height,
            width,
            channels,
            classes,
            class_names: class_names.to_vec(),
            train: all.slice(chosen.len()..all.len()),
            validation: all.slice(0..chosen.len()),
            validation_seed: None,
            test: Split::empty(),
            test_split: None,
            preparation: Some(preparation),
            notes,
        })
    }
}

fn check(class_names: &[String], pictures: &[Labelled]) -> Result<()> {
    let classes = class_names.len();
    if !(2..=256).contains(&classes) {
        return Err(Error::Data(format!("{classes} classes: name from 2 to 256")));
    }
    for (at, name) in class_names.iter().enumerate() {
        if name.trim().is_empty() || class_names[..at].contains(name) {
            return Err(Error::Data(format!("class {} needs a name of its own: `{name}` is none", at + 1)));
        }
        if !pictures.iter().any(|one| one.class == at) {
            return Err(Error::Data(format!("there is no picture of `{name}`: draw or drop one")));
        }
    }
    match pictures.iter().find(|one| one.class >= classes) {
        Some(one) => Err(Error::Data(format!("{}: of class {} of {classes}", one.name, one.class))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::png;

    fn set(counts: &[usize], wishes: Wishes) -> Result<DataSet> {
        let names: Vec<String> = (0..counts.len()).map(|class| format!("sign {class}")).collect();
        let grey = png(&[200; 20], 4, 5, 1).unwrap();
        let red = png(&[&[200; 20][..], &[10; 40][..]].concat(), 4, 5, 3).unwrap();
        let files = [("grey.png", &grey), ("red.png", &red)];
        let pictures = counts.iter().enumerate().flat_map(|(class, count)| {
            (0..*count).map(move |_| {
                let (name, bytes) = files[class.min(1)];
                Labelled { name, bytes, class }
            })
        });
        DataSet::of_pictures(&names, &pictures.collect::<Vec<_>>(), wishes)
    }

    #[test]
    fn a_handful_is_trained_on_and_more_is_held_back() {
        let few = set(&[9, 30], Wishes::default()).unwrap();
        assert_eq!((few.train.len(), few.validation.len(), few.test.len(), few.notes.len()), (39, 0, 0, 1));
        assert_eq!(few.shape(), [3, 32, 32]);
        let more =
            set(&[12, 30], Wishes { colour: Some(false), size: Some(20), ..Wishes::default() }).unwrap();
        assert_eq!((more.train.len(), more.validation.len(), more.notes.len()), (35, 7, 0));
        assert_eq!(more.validation.labels().iter().filter(|label| **label == 0).count(), 2);
        assert_eq!(more.shape(), [1, 20, 20]);
        let drawn = set(&[1, 1], Wishes { as_digits: true, ..Wishes::default() }).unwrap();
        assert_eq!(drawn.shape(), [1, 28, 28]);
    }

    #[test]
    fn what_cannot_be_taught_is_said() {
        for (counts, words) in [(&[3][..], "from 2"), (&[3, 0], "no picture of `sign 1`"), (&[], "from 2")] {
            let error = set(counts, Wishes::default()).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        let grey = png(&[200; 20], 4, 5, 1).unwrap();
        let each = [0, 1].map(|class| Labelled { name: "a.png", bytes: &grey, class });
        for name in ["one", " "] {
            let names = ["one".to_owned(), name.to_owned()];
            let error = DataSet::of_pictures(&names, &each, Wishes::default()).unwrap_err().to_string();
            assert!(error.contains("class 2 needs a name of its own"), "{error}");
        }
        let broken = [Labelled { name: "a.png", bytes: b"no", class: 0 }];
        let names = ["one".to_owned(), "two".to_owned()];
        assert!(DataSet::of_pictures(&names, &broken, Wishes::default()).is_err());
    }
}
