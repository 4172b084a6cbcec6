//! Drawings as files: SVG, or PNG.

mod raster;

use std::path::Path;

use inkgrad::report::Drawing;
use inkgrad::{Error, Result, output_file};

/// What a file's name asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Svg,
    Png,
}

/// # Errors
/// `Usage` where the name asks for neither.
fn form(path: &Path) -> Result<Form> {
    let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
    match ending.as_ref().and_then(|ending| ending.to_str()) {
        Some("svg") => Ok(Form::Svg),
        Some("png") => Ok(Form::Png),
        _ => Err(Error::Usage(format!("{}: a plot's name must end in .svg or .png", path.display()))),
    }
}

/// Whether a plot can be written to this file, before the work whose result it shows.
///
/// # Errors
/// `Usage` for a name that is neither SVG's nor PNG's, else as the system says.
pub fn check(path: &Path) -> Result<()> {
    form(path)?;
    output_file::check_writable(path)
}

/// Writes the file, either completely or not at all.
///
/// # Errors
/// As [`check`].
pub fn write(drawing: &Drawing, path: &Path) -> Result<()> {
    let bytes = match form(path)? {
        Form::Svg => drawing.file().into_bytes(),
        Form::Png => raster::png(drawing)?,
    };
    output_file::write_aside(path, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_says_the_form() {
        assert_eq!(form(Path::new("a/b.svg")).unwrap(), Form::Svg);
        assert_eq!(form(Path::new("b.PNG")).unwrap(), Form::Png);
        for bad in ["b", "b.jpg", "svg", ".png"] {
            assert!(matches!(form(Path::new(bad)), Err(Error::Usage(_))), "{bad}");
        }
    }
}
