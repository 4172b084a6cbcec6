//! A confusion matrix in the terminal's colours.

use inkgrad::train::Evaluation;

/// Numbers of the 256 colours that terminals share, from few images to many: right answers in blue, wrong ones in orange. Black
/// text is readable on all of them, whatever the terminal's own colours are.
const RIGHT: [u8; 5] = [195, 153, 117, 75, 39];
const WRONG: [u8; 5] = [230, 223, 216, 209, 202];

/// Rows are labels, columns are predictions. `names` are those of the rows, `heads` those of the columns.
pub fn lines(evaluation: &Evaluation, names: &[String], heads: &[String]) -> String {
    let classes = evaluation.classes;
    let counts = (0..classes * classes).map(|at| evaluation.count(at / classes, at % classes).to_string());
    let cell = counts.chain(heads.iter().cloned()).map(|text| text.chars().count()).max().unwrap_or(1) + 2;
    let name = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).max("label".len());
    let most_wrong = (0..classes * classes)
        .filter(|at| at / classes != at % classes)
        .map(|at| evaluation.count(at / classes, at % classes))
        .max();
    let mut out = format!("{:<name$}", "label");
    for head in heads {
        out += &format!("{head:>width$} ", width = cell - 1);
    }
    out += "\n";
    for (label, called) in names.iter().enumerate() {
        let images: u64 = (0..classes).map(|predicted| evaluation.count(label, predicted)).sum();
        out += &format!("{called:>name$}");
        for predicted in 0..classes {
            let count = evaluation.count(label, predicted);
            let (colours, of) = match predicted == label {
                true => (RIGHT, images),
                false => (WRONG, most_wrong.unwrap_or(0)),
            };
            let text = format!("{count:>width$} ", width = cell - 1);
            out += &match count {
                // Zeros are dimmed, so that the other counts stand out.
                0 => format!("\x1b[2m{text}\x1b[0m"),
                count => {
                    let share = count as f64 / of.max(1) as f64;
                    let level = ((share * 5.0).ceil() as usize).clamp(1, 5) - 1;
                    format!("\x1b[48;5;{}m\x1b[38;5;16m{text}\x1b[0m", colours[level])
                }
            };
        }
        out += "\n";
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_images_are_stronger_colours() {
        let confusion = vec![10, 0, 4, 6];
        let evaluation = Evaluation { images: 20, correct: 16, loss: 0.0, classes: 2, confusion };
        let names = ["0".to_owned(), "1".to_owned()];
        let lines = lines(&evaluation, &names, &names);
        assert_eq!(
            lines.lines().collect::<Vec<_>>(),
            [
                "label  0   1 ",
                "    0\x1b[48;5;39m\x1b[38;5;16m 10 \x1b[0m\x1b[2m  0 \x1b[0m",
                "    1\x1b[48;5;202m\x1b[38;5;16m  4 \x1b[0m\x1b[48;5;117m\x1b[38;5;16m  6 \x1b[0m",
            ]
        );
    }
}
