//! MNIST's file as web/bundler makes it.

use inkgrad::data::DataSet;
use inkgrad::{Error, Result};

/// Its four files, each after its length (u32, little endian).
pub fn read(file: &[u8]) -> Result<DataSet> {
    let cut = || Error::Data("MNIST's file is cut short: load the page again".into());
    let mut rest = file;
    let mut next = || {
        let (length, after) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let (part, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or_else(cut)?;
        rest = after;
        Ok::<_, Error>(part)
    };
    let (train, labels) = (next()?, next()?);
    DataSet::from_idx_bytes(train, labels, next()?, next()?)
}
