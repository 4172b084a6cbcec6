//! Labels as data sets write them: numbers of classes, or a row with a 1 at the class.

/// The classes, one number each.
///
/// # Errors
/// Says which number names no class.
pub(super) fn classes(numbers: impl Iterator<Item = i64>) -> Result<Vec<u8>, String> {
    numbers
        .enumerate()
        .map(|(at, number)| {
            u8::try_from(number)
                .map_err(|_| format!("label {at} (counted from 0) is {number}: 0 to 255 are possible"))
        })
        .collect()
}

/// The classes from rows of `columns` numbers, of which one is 1 and all others 0.
///
/// # Errors
/// Says which row is not one-hot.
pub(super) fn one_hot(numbers: impl Iterator<Item = i64>, columns: usize) -> Result<Vec<u8>, String> {
    let numbers: Vec<i64> = numbers.collect();
    let mut labels = Vec::new();
    for (at, row) in numbers.chunks_exact(columns.max(1)).enumerate() {
        let mut ones = row.iter().enumerate().filter(|(_, number)| **number == 1);
        let zeros = row.iter().filter(|number| **number == 0).count();
        match (ones.next(), zeros + 1 == row.len()) {
            (Some((class, _)), true) if class < 256 => labels.push(class as u8),
            _ => {
                return Err(format!(
                    "row {at} (counted from 0) of its labels is not one-hot, a single 1 among 0s: there must be one class per image"
                ));
            }
        }
    }
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_rows() {
        assert_eq!(classes([0, 255, 3].into_iter()).unwrap(), [0, 255, 3]);
        for bad in [-1, 256, i64::MAX] {
            assert!(classes([1, bad].into_iter()).unwrap_err().contains("label 1 "));
        }
        assert_eq!(one_hot([0, 0, 1, 1, 0, 0].into_iter(), 3).unwrap(), [2, 0]);
        for bad in [[0, 0, 0], [1, 1, 0], [0, 2, 0], [0, 255, 0], [1, -1, 0]] {
            assert!(one_hot([0, 1, 0].into_iter().chain(bad), 3).unwrap_err().contains("row 1 "), "{bad:?}");
        }
    }
}
