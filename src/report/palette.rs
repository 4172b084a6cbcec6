//! The colours of plots and pages: by role, for light and dark grounds.

/// What a shape is painted with. Which colour that is depends on the ground.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    Ground,
    /// Text and axes.
    Ink,
    /// Text of less weight.
    Muted,
    /// Lines behind the curves.
    Grid,
    /// One of several curves, counted from 0.
    Series(usize),
}

/// A colour for every [`Paint`], as red, green and blue.
pub struct Palette {
    ground: [u8; 3],
    ink: [u8; 3],
    muted: [u8; 3],
    grid: [u8; 3],
    series: [[u8; 3]; 6],
}

/// Blue and orange first: people who see few colours can tell these apart. All have a contrast of at least 4.5 : 1 to the ground.
pub const LIGHT: Palette = Palette {
    ground: [255, 255, 255],
    ink: [27, 31, 36],
    muted: [89, 99, 110],
    grid: [226, 230, 235],
    series: [[31, 98, 177], [190, 66, 12], [15, 118, 110], [118, 58, 205], [161, 98, 7], [190, 24, 93]],
};

/// As [`LIGHT`], on a dark ground.
pub const DARK: Palette = Palette {
    ground: [20, 23, 27],
    ink: [230, 232, 235],
    muted: [154, 164, 175],
    grid: [48, 54, 61],
    series: [
        [110, 168, 254],
        [251, 146, 60],
        [45, 212, 191],
        [196, 181, 253],
        [250, 204, 21],
        [244, 114, 182],
    ],
};

impl Palette {
    /// For files that do not know what they are shown on.
    pub const fn light() -> &'static Palette {
        &LIGHT
    }

    /// The colour as red, green and blue.
    pub fn colour(&self, paint: Paint) -> [u8; 3] {
        match paint {
            Paint::Ground => self.ground,
            Paint::Ink => self.ink,
            Paint::Muted => self.muted,
            Paint::Grid => self.grid,
            Paint::Series(number) => self.series[number % self.series.len()],
        }
    }

    /// CSS declarations of a variable for each colour.
    fn variables(&self) -> String {
        let mut out = String::new();
        let mut put = |name: String, [red, green, blue]: [u8; 3]| {
            out += &format!("--{name}:#{red:02x}{green:02x}{blue:02x};");
        };
        put("ground".into(), self.ground);
        put("ink".into(), self.ink);
        put("muted".into(), self.muted);
        put("grid".into(), self.grid);
        for (number, colour) in self.series.iter().enumerate() {
            put(format!("series{number}"), *colour);
        }
        out
    }
}

impl Paint {
    /// The colour in CSS, where `css` has declared the variables.
    pub fn css(self) -> String {
        match self {
            Paint::Ground => "var(--ground)".into(),
            Paint::Ink => "var(--ink)".into(),
            Paint::Muted => "var(--muted)".into(),
            Paint::Grid => "var(--grid)".into(),
            Paint::Series(number) => format!("var(--series{})", number % LIGHT.series.len()),
        }
    }
}

/// CSS that declares the colours for an element: the dark ones where the reader prefers them, but not on paper.
pub fn css(element: &str) -> String {
    format!(
        "{element}{{{}}}\n@media screen and (prefers-color-scheme:dark){{{element}{{{}}}}}\n",
        LIGHT.variables(),
        DARK.variables()
    )
}
