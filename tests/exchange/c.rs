//! The C sources, compiled as strictly as it goes: no warning, no library, and the answers of inkgrad.

use std::path::Path;
use std::process::Command;

use inkgrad::data::Split;
use inkgrad::exchange::c::{self, Arithmetic};
use tempfile::TempDir;

use super::answers::{expected, images};
use super::networks::models;

/// Reads images from standard input, writes probabilities to standard output. It may use a library; the model may not.
const MAIN: &str = r#"
#include <stdio.h>
#include "model.h"
int main(void)
{
    static uint8_t pixels[MODEL_CHANNELS * MODEL_HEIGHT * MODEL_WIDTH];
    float probabilities[MODEL_CLASSES];
    while (fread(pixels, 1, sizeof pixels, stdin) == sizeof pixels) {
        model_classify(pixels, probabilities);
        fwrite(probabilities, sizeof *probabilities, MODEL_CLASSES, stdout);
    }
    return 0;
}
"#;

const STRICT: [&str; 7] = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-O2", "-ffreestanding"];

fn compiled(sources: &c::Sources, dir: &Path) {
    std::fs::write(dir.join("model.h"), &sources.header).unwrap();
    std::fs::write(dir.join("model.c"), &sources.source).unwrap();
    std::fs::write(dir.join("main.c"), MAIN).unwrap();
    let run = |arguments: &[&str]| {
        let output = Command::new("cc").current_dir(dir).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    run(&[&STRICT[..], &["-c", "model.c"]].concat());
    run(&["-O2", "main.c", "model.o", "-o", "classify"]);
}

fn probabilities(dir: &Path, images: &[u8]) -> Vec<f32> {
    std::fs::write(dir.join("images"), images).unwrap();
    let images = std::fs::File::open(dir.join("images")).unwrap();
    let output = Command::new(dir.join("classify")).stdin(images).output().unwrap();
    output.stdout.chunks_exact(4).map(|word| f32::from_le_bytes(word.try_into().unwrap())).collect()
}

#[test]
fn float32_gives_the_same_probabilities() {
    for model in models() {
        let dir = TempDir::new().unwrap();
        let sources = c::write(&model, Arithmetic::Float32).unwrap();
        compiled(&sources, dir.path());
        let images = images(&model, 40);
        let (found, expected) = (probabilities(dir.path(), images.images()), expected(&model, &images));
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
        let symbols = Command::new("nm").current_dir(dir.path()).args(["-u", "model.o"]).output().unwrap();
        let needed = String::from_utf8(symbols.stdout).unwrap();
        assert!(
            needed.lines().all(|line| line.contains("mem") || line.contains("_GLOBAL_OFFSET")),
            "{needed}"
        );
    }
}

#[test]
fn int8_gives_nearly_the_same_probabilities() {
    for model in models() {
        let dir = TempDir::new().unwrap();
        let images = images(&model, 60);
        let sources = c::write(&model, Arithmetic::Int8(&images)).unwrap();
        compiled(&sources, dir.path());
        let (found, expected) = (probabilities(dir.path(), images.images()), expected(&model, &images));
        let distance = found.iter().zip(&expected).map(|(found, expected)| (found - expected).abs());
        let mean = distance.sum::<f32>() / expected.len() as f32;
        assert!(mean < 0.02, "{mean}");
        assert!(sources.flash < c::write(&model, Arithmetic::Float32).unwrap().flash + 3000);
    }
}

#[test]
fn what_it_needs_is_counted() {
    let model = &models()[1];
    let sources = c::write(model, Arithmetic::Float32).unwrap();
    // Weights with two values per channel for each normalisation, sizes of four windows, gain and offset.
    let weights = model.network.parameter_count() * 4;
    assert_eq!(sources.flash, weights + 4 * 48 + 8);
    // The largest outputs: 4 x 9 x 8 after the first layer, and 4 x 5 x 4 after the pooling or the image.
    assert_eq!(sources.ram, 4 * (4 * 9 * 8 + 4 * 5 * 4));
    assert!(sources.header.contains(&format!("Flash: {} bytes", sources.flash)));
    // In int8 also a row of sums, 8 columns wide, and the logits.
    let sources = c::write(model, Arithmetic::Int8(&images(model, 60))).unwrap();
    assert_eq!(sources.ram, 4 * 9 * 8 + 4 * 5 * 4 + 4 * 8 + 4 * model.network.task.classes);
}

#[test]
fn calibration_needs_images_of_its_size() {
    let model = &models()[0];
    let wrong = Split::new(5, vec![0; 10], vec![0; 2]).unwrap();
    for images in [&Split::empty(), &wrong] {
        let told = c::write(model, Arithmetic::Int8(images)).unwrap_err().to_string();
        assert!(told.contains("--data PATH"), "{told}");
    }
}
