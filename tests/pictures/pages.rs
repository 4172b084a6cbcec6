//! Pages of numbers, made of MNIST's test images: at least 98 % of the characters are read, of touching pairs 84 %.

use inkgrad::data::Split;
use inkgrad::model_file::Model;
use inkgrad::picture::Picture;
use inkgrad::reading::read;

use crate::paper::{Random, Sheet};
use crate::{device, test_images};

/// A page of 1 to 8 lines of 3 to 12 digits, tilted by up to 10 degrees, and its text.
fn page(images: &Split, seed: u32) -> (Picture, String) {
    let mut random = Random::new(seed);
    let (lines, scale) = (1 + random.below(8), random.within(1.5, 4.0));
    let most = 3 + random.below(10);
    let (across, down) = (22.0 * scale, 38.0 * scale);
    // Room for the tilt.
    let (height, width) = (down * (lines as f32 + 1.5) + 4.0 * across, across * (most as f32 + 4.0));
    let mut sheet = Sheet::new(height as usize, width as usize);
    let tilt = if random.chance(0.5) { random.within(-10.0, 10.0) } else { random.within(-1.0, 1.0) };
    let (sin, cos) = tilt.to_radians().sin_cos();
    let mut text = Vec::new();
    for line in 0..lines {
        let mut number = String::new();
        let mut x = 0.0;
        for _ in 0..(3 + random.below(most - 2)).min(most) {
            let index = random.below(images.len());
            let image = images.image(index);
            let (left, right) = extent(image);
            // Some touch: the gap is taken out.
            let gap = if random.chance(0.06) { -0.3 } else { random.within(2.5, 8.0) };
            let (along, below) = (x + scale * (14.0 - left), random.within(-1.5, 1.5) * scale);
            let y = line as f32 * down + below - (lines as f32 - 1.0) * down / 2.0;
            let along = along - across * most as f32 / 2.0;
            let at = [height / 2.0 + cos * y + sin * along, width / 2.0 + cos * along - sin * y];
            sheet.draw(image, at, scale, -tilt);
            number.push(char::from(b'0' + images.label(index)));
            x += scale * (right - left + gap);
        }
        text.push(number);
    }
    if random.chance(0.4) {
        sheet.rule(down as usize, random.chance(0.5), 0.0);
    }
    let (light, noise) = (random.within(0.0, 0.6), random.within(0.0, 0.3));
    (sheet.photo(&mut random, light, noise, true), text.join("\n"))
}

/// First column of a digit's ink and the column after its last.
fn extent(image: &[u8]) -> (f32, f32) {
    let has_ink = |x: &usize| (0..28).any(|y| image[28 * y + x] > 60);
    let left = (0..28).find(has_ink).unwrap_or(0);
    let right = (0..28).rfind(has_ink).unwrap_or(27);
    (left as f32, right as f32 + 1.0)
}

fn text_of(model: &Model, picture: &Picture) -> String {
    let lines = pollster::block_on(read(&device(), model, picture)).unwrap();
    let line = |line: &Vec<inkgrad::reading::Digit>| -> String {
        line.iter().map(|digit| char::from(b'0' + digit.class as u8)).collect()
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Insertions, deletions and replacements that make one text the other (Levenshtein 1966).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[test]
fn pages_are_read() {
    let (model, images) = (Model::built_in().unwrap(), test_images());
    let (mut wrong, mut all, mut told) = (0, 0, String::new());
    for seed in 0..40 {
        let (picture, text) = page(&images, seed);
        let read = text_of(&model, &picture);
        let distance = distance(&read, &text);
        wrong += distance;
        all += text.len();
        if distance > 0 {
            told += &format!("\npage {seed}, {distance} wrong:\n{text}\nread as\n{read}\n");
        }
    }
    println!("{wrong} of {all} characters wrong");
    assert!(wrong * 50 <= all, "{wrong} of {all} characters wrong{told}");
}

/// Two columns of numbers far apart, on a sheet that lies askew, ruled or not: lines are found along the tilt, not along the
/// picture's rows.
#[test]
fn columns_far_apart_are_read_across_a_tilted_page() {
    let (model, images) = (Model::built_in().unwrap(), test_images());
    for (seed, tilt) in [-9.0f32, -6.0, 6.0, 9.0].into_iter().enumerate() {
        let mut random = Random::new(seed as u32);
        let (sin, cos) = tilt.to_radians().sin_cos();
        let mut sheet = Sheet::new(560, 900);
        let mut text = Vec::new();
        for line in 0..4 {
            let mut number = String::new();
            for column in [0, 1, 2, 9, 10, 11] {
                let index = random.below(images.len());
                let (y, x) = (80.0 * (line as f32 - 1.5), 60.0 * (column as f32 - 5.5));
                let at = [280.0 + cos * y + sin * x, 450.0 + cos * x - sin * y];
                sheet.draw(images.image(index), at, 2.0, -tilt);
                number.push(char::from(b'0' + images.label(index)));
            }
            text.push(number);
        }
        if seed % 2 == 1 {
            sheet.rule(41, false, tilt);
        }
        let read = text_of(&model, &sheet.photo(&mut random, 0.1, 0.05, true));
        let distance = distance(&read, &text.join("\n"));
        assert!(distance <= 1, "tilted by {tilt}: {distance} wrong:\n{read}\n{}", text.join("\n"));
    }
}

/// Two digits that overlap by a pixel or two.
#[test]
fn touching_pairs_are_cut_apart() {
    let (model, images) = (Model::built_in().unwrap(), test_images());
    let count = 200;
    let (mut right, mut told) = (0, String::new());
    for seed in 0..count {
        let mut random = Random::new(1000 + seed);
        let pair = [0; 2].map(|_| random.below(images.len()));
        let scale = random.within(2.0, 4.0);
        let mut sheet = Sheet::new((40.0 * scale) as usize, (64.0 * scale) as usize);
        let [first, second] = pair.map(|index| extent(images.image(index)));
        let overlap = random.within(0.5, 2.0);
        let x = 8.0 + 14.0 - first.0;
        sheet.draw(images.image(pair[0]), [20.0 * scale, x * scale], scale, 0.0);
        let x = 8.0 + (first.1 - first.0) - overlap + 14.0 - second.0;
        sheet.draw(images.image(pair[1]), [20.0 * scale, x * scale], scale, 0.0);
        let picture = sheet.photo(&mut random, 0.2, 0.1, true);
        let text: String = pair.iter().map(|index| char::from(b'0' + images.label(*index))).collect();
        let read = text_of(&model, &picture);
        right += u32::from(read == text);
        if read != text {
            told += &format!(" {text} as {read:?};");
        }
    }
    println!("{right} of {count} pairs right");
    assert!(right * 100 >= 84 * count, "{right} of {count} pairs right:{told}");
}

/// A blank page has no text, and a ruled or squared one has none.
#[test]
fn a_page_without_digits_is_empty() {
    let model = Model::built_in().unwrap();
    for seed in 0..12 {
        let mut random = Random::new(seed);
        let mut sheet = Sheet::new(300, 500);
        match seed % 3 {
            0 => {}
            kind => sheet.rule(random.within(20.0, 80.0) as usize, kind == 2, 0.0),
        }
        let noise = if seed < 3 { 0.0 } else { random.within(0.0, 0.3) };
        let light = if seed < 6 { 0.0 } else { random.within(0.0, 0.3) };
        let blank = sheet.photo(&mut random, light, noise, true);
        assert_eq!(text_of(&model, &blank), "", "{seed}");
    }
}
