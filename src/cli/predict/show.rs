//! Draws an image in the terminal: two pixels in a character, one above the other.

use std::fmt::Write;
use std::io::IsTerminal;

use inkgrad::network::Task;

/// Widest image that is drawn pixel by pixel; of wider ones every second, third, ... pixel is.
const MAX_COLUMNS: usize = 80;

/// The image (planar, `[channels, height, width]`) as lines of text: in its colours on a terminal, else ink and paper.
pub fn drawn(image: &[u8], task: Task) -> String {
    let colours = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    text(image, task, colours)
}

fn text(image: &[u8], Task { height, width, channels, .. }: Task, colours: bool) -> String {
    let step = width.div_ceil(MAX_COLUMNS).max(1);
    let pixel = |y: usize, x: usize| -> [u8; 3] {
        let at = |channel: usize| {
            let index = (channel.min(channels.saturating_sub(1)) * height + y) * width + x;
            image.get(index).copied().filter(|_| y < height).unwrap_or(0)
        };
        [at(0), at(1), at(2)]
    };
    let mut out = String::new();
    for y in (0..height).step_by(2 * step) {
        for x in (0..width).step_by(step) {
            let (upper, lower) = (pixel(y, x), pixel(y + step, x));
            if colours {
                let ([r, g, b], [s, h, c]) = (upper, lower);
                let _ = write!(out, "\x1b[38;2;{r};{g};{b}m\x1b[48;2;{s};{h};{c}m▀");
            } else {
                let is_light = |[r, g, b]: [u8; 3]| u32::from(r) + u32::from(g) + u32::from(b) >= 3 * 100;
                out.push(match (is_light(upper), is_light(lower)) {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                });
            }
        }
        if colours {
            out += "\x1b[0m";
        } else {
            out.truncate(out.trim_end_matches(' ').len());
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_pixels_share_a_character() {
        let image = [255, 255, 0, 0, 255, 0, 255, 0, 0, 0, 0, 255];
        assert_eq!(text(&image, Task::grey(3, 4, 10), false), "█▀▄\n   ▀\n");
        let coloured = text(&[1, 2, 3, 4, 5, 6], Task { channels: 3, ..Task::grey(2, 1, 10) }, true);
        assert_eq!(coloured, "\x1b[38;2;1;3;5m\x1b[48;2;2;4;6m▀\x1b[0m\n");
    }
}
