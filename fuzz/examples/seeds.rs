//! Writes what fuzzing begins with, `corpus/TARGET/NAME`: small files of every format and dialect.
//!
//!     cargo run --example seeds    # in the directory of this crate
//!
//! `seeds.py` writes those that other programs make.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, GrayImage, ImageFormat, RgbImage, RgbaImage};
use inkgrad::exchange::{keras, onnx, pytorch};
use inkgrad::model_file::{Model, Precision};
use inkgrad::recipe::Recipe;
use inkgrad_fuzz::{gzip, zipped};

#[path = "../../tests/exchange/networks.rs"]
#[allow(dead_code)]
mod networks;

type Files = Vec<(String, Vec<u8>)>;

fn named(names: &[&str], contents: impl IntoIterator<Item = Vec<u8>>) -> Files {
    names.iter().map(|name| (*name).to_owned()).zip(contents).collect()
}

/// An IDX file: type of the values, sizes, values.
fn idx_file(element: u8, sizes: &[u32], body: &[u8]) -> Vec<u8> {
    let bytes: Vec<u8> = sizes.iter().flat_map(|size| size.to_be_bytes()).collect();
    [&[0, 0, element, sizes.len() as u8][..], &bytes, body].concat()
}

fn idx() -> Files {
    let pixels: Vec<u8> = (0..48).map(|at| at * 5).collect();
    let contents = [
        idx_file(8, &[4, 4, 3], &pixels),
        idx_file(8, &[4, 2, 2, 3], &pixels),
        idx_file(8, &[4, 3, 2, 2], &pixels),
        idx_file(8, &[6], &[0, 1, 2, 3, 4, 5]),
        idx_file(8, &[2, 3], &[0, 1, 0, 1, 0, 0]),
        idx_file(12, &[2, 2], &[0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3]),
        idx_file(11, &[2], &[0, 7, 0, 1]),
        idx_file(13, &[1, 1], &[0, 0, 0, 0]),
        gzip(&idx_file(8, &[4, 4, 3], &pixels)),
        [gzip(&idx_file(8, &[6], &[0, 1, 2])), gzip(&[3, 4, 5]), vec![0; 9]].concat(),
        [3, 8, 0, 0, 1, 0, 0, 0].to_vec(),
        b"<!DOCTYPE html><html>".to_vec(),
        b"version https://git-lfs.github.com/spec/v1\n".to_vec(),
    ];
    let names = [
        "images",
        "colour",
        "planes",
        "labels",
        "one-hot",
        "qmnist",
        "short-integers",
        "floats",
        "images.gz",
        "members.gz",
        "little-endian",
        "page",
        "pointer",
    ];
    named(&names, contents)
}

/// Two IDX files as the target `gzip` takes them.
fn pair(changes: &[[u8; 3]]) -> Vec<u8> {
    let images = idx_file(8, &[6, 2, 2], &(0..24).collect::<Vec<u8>>());
    let labels = idx_file(8, &[6], &[0, 1, 2, 0, 1, 2]);
    [&[changes.len() as u8][..], &changes.concat(), &[images.len() as u8], &images, &labels].concat()
}

fn gzip_streams() -> Files {
    let contents =
        [pair(&[]), pair(&[[0, 254, 40], [1, 255, 3]]), pair(&[[0, 20, 1], [1, 3, 4], [0, 200, 7]])];
    named(&["whole", "padded", "changed"], contents)
}

fn recipes() -> Files {
    let presets = ["softmax", "mlp", "lenet5", "cnn", "fast", "record", "colour"];
    let text = |name: &&str| Recipe::preset_text(name).expect("a preset").as_bytes().to_vec();
    let mut files = named(&presets, presets.iter().map(text));
    files.push(("schedules".into(), include_bytes!("schedules.toml").to_vec()));
    files
}

fn models() -> Vec<(&'static str, Model)> {
    ["one-layer", "every-layer", "two", "colour", "three"].into_iter().zip(networks::models()).collect()
}

fn model_files() -> Files {
    let bytes = |model: &Model, precision| model.to_bytes_in(precision).expect("a model");
    let mut files: Files =
        models().iter().map(|(name, model)| ((*name).to_owned(), bytes(model, Precision::Float16))).collect();
    files.push(("float32".into(), bytes(&models()[0].1, Precision::Float32)));
    files
}

/// A safetensors file of tensors of 32-bit floats: name, shape and values.
fn safetensors(metadata: Option<(&str, &str)>, tensors: &[(&str, &[usize], &[f32])]) -> Vec<u8> {
    let (mut fields, mut data) = (Vec::new(), Vec::new());
    if let Some((key, value)) = metadata {
        fields.push(format!("\"__metadata__\":{{{}:{}}}", quoted(key), quoted(value)));
    }
    for (name, shape, values) in tensors {
        let start = data.len();
        data.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        let (name, end) = (quoted(name), data.len());
        fields.push(format!(
            "{name}:{{\"dtype\":\"F32\",\"shape\":{shape:?},\"data_offsets\":[{start},{end}]}}"
        ));
    }
    let header = format!("{{{}}}", fields.join(","));
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &data].concat()
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn checkpoints() -> Files {
    let about = r#"{"format":1,"name":"softmax","task":{"height":2,"width":1,"classes":2},"recipe":{"batch":2,"steps":10,"learning_rate":0.1,"optimiser":{"kind":"sgd"},"layers":[{"kind":"dense","units":null}]},"seed":1,"step":4,"images":{"images":6,"hash":77},"device":"CPU","every":2,"validate_every":null,"patience":null,"best":null,"waited":0}"#;
    let adam = about
        .replace(r#"{"kind":"sgd"}"#, r#"{"kind":"adam"}"#)
        .replace(r#""best":null"#, r#""best":{"step":2,"loss":0.5,"accuracy":0.75}"#);
    let values = [0.5f32, -0.25, 1.0, 0.0, 0.125, 2.0];
    let (all, none): (&[usize], &[usize]) = (&[6], &[0]);
    let plain = [("parameters", all, &values[..]), ("statistics", none, &[])];
    let more = ["best_parameters", "state0", "state1"].map(|name| (name, all, &values[..]));
    let best = [&plain[..], &more, &[("best_statistics", none, &[])]].concat();
    let key = "inkgrad_checkpoint";
    named(&["sgd", "adam"], [safetensors(Some((key, about)), &plain), safetensors(Some((key, &adam)), &best)])
}

fn pictures() -> Files {
    // A slanted stroke on paper, not quite plain.
    let value =
        |at: usize| if (at % 13).abs_diff(at / 13) < 2 { 30 + at as u8 % 7 } else { 230 - at as u8 % 9 };
    let grey = GrayImage::from_raw(13, 13, (0..169).map(value).collect()).expect("169 pixels");
    let rgb = RgbImage::from_raw(13, 13, (0..507).map(|at| value(at / 3) ^ (at % 3) as u8 * 8).collect());
    let rgba = RgbaImage::from_raw(13, 13, (0..676).map(|at| value(at / 4) | (at % 4) as u8 * 16).collect());
    let grey = DynamicImage::from(grey);
    let images = [
        ("grey", grey.clone()),
        ("colour", rgb.expect("507 bytes").into()),
        ("transparent", rgba.expect("676 bytes").into()),
        ("grey16", grey.to_luma16().into()),
    ];
    let mut files = Files::new();
    for format in [
        ImageFormat::Png,
        ImageFormat::Jpeg,
        ImageFormat::Gif,
        ImageFormat::Bmp,
        ImageFormat::Tiff,
        ImageFormat::WebP,
    ] {
        for (name, image) in &images {
            let mut file = Cursor::new(Vec::new());
            if image.write_to(&mut file, format).is_ok() {
                files.push((format!("{name}.{}", format.extensions_str()[0]), file.into_inner()));
            }
        }
    }
    files
}

fn tables() -> Files {
    let texts = [
        "label,pixel0,pixel1,pixel2,pixel3\n1,0,7,255,3\n0,1,2,3,4\n2,9,9,9,9\n".to_owned(),
        "0;7;255;3;cat\r\n1;2;3;4;dog\r\n9;9;9;9;\"a, \"\"bird\"\"\"\r\n".to_owned(),
        "id\t1x1\t1x2\t2x1\t2x2\ty\n1\t0.0\t7\t12.0\t3\t1\n2\t1\t2\t3\t4\t0\n".to_owned(),
        (0..30).fold(String::new(), |text, at| format!("{text}{},{at},7,1,2\n", at % 3)),
        "1,2,3,4\n5,6,7,8\n".to_owned(),
        "{\"message\": \"Not Found\"}".to_owned(),
    ];
    let names = ["kaggle", "words", "tabs", "rows", "unlabelled", "json"];
    let mut files = named(&names, texts.into_iter().map(String::into_bytes));
    files.push(("rows.gz".into(), gzip(&files[3].1)));
    files
}

/// An array as `numpy.save` writes it.
fn npy_file(kind: &str, shape: &str, body: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape}), }}\n");
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), body].concat()
}

fn arrays() -> Files {
    let pixels: Vec<u8> = (0..24 * 3).collect();
    let floats: Vec<u8> = (0..24).flat_map(|at| (at as f32 / 24.0).to_le_bytes()).collect();
    let labels = npy_file("|u1", "6,", &[0, 1, 2, 0, 1, 2]);
    let long: Vec<u8> = [0i64, 1, 2, 0, 1, 2].iter().flat_map(|label| label.to_le_bytes()).collect();
    let contents = [
        [npy_file("|u1", "6, 2, 2", &pixels[..24]), labels.clone()],
        [npy_file("|u1", "6, 2, 2, 3", &pixels), npy_file("<i8", "6, 1", &long)],
        [npy_file("<f4", "6, 1, 2, 2", &floats), labels.clone()],
        [
            npy_file(">i2", "6, 2, 1", &pixels[..24]),
            npy_file("|b1", "6, 2", &[0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0]),
        ],
    ];
    named(&["bytes", "colour", "floats", "one-hot"], contents.map(|pair| pair.concat()))
}

fn png(seed: u8) -> Vec<u8> {
    let image = GrayImage::from_raw(4, 4, (0..16).map(|at: u8| at.wrapping_mul(17) ^ seed).collect());
    let mut file = Cursor::new(Vec::new());
    image.expect("16 pixels").write_to(&mut file, ImageFormat::Png).expect("memory takes everything");
    file.into_inner()
}

/// An archive whose directory states packed lengths of 4 GB.
fn overstated(mut archive: Vec<u8>) -> Vec<u8> {
    for at in 0..archive.len() - 24 {
        if archive[at..].starts_with(b"PK\x01\x02") {
            archive[at + 20..at + 24].copy_from_slice(&0xffff_fff0_u32.to_le_bytes());
        }
    }
    archive
}

fn archives() -> Files {
    let folders: Files =
        (0..6).map(|at| (format!("set/{}/{at}.png", ["a", "b"][at % 2]), png(at as u8))).collect();
    let parts: Files = [("train", 4), ("val", 2), ("test", 2)]
        .into_iter()
        .flat_map(|(part, count)| (0..count).map(move |at| (format!("{part}/{}/{at}.png", at % 2), png(at))))
        .collect();
    let pack = |files: &Files| {
        let files: Vec<(&str, &[u8])> =
            files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        zipped(&files)
    };
    let mnist = named(
        &[
            "train-images-idx3-ubyte",
            "train-labels-idx1-ubyte",
            "t10k-images-idx3-ubyte.gz",
            "t10k-labels-idx1-ubyte",
        ],
        [
            idx_file(8, &[4, 2, 2], &[9; 16]),
            idx_file(8, &[4], &[0, 1, 0, 1]),
            gzip(&idx_file(8, &[2, 2, 2], &[7; 8])),
            idx_file(8, &[2], &[1, 0]),
        ],
    );
    let table = named(&["train.csv", "test.csv"], [tables()[0].1.clone(), tables()[4].1.clone()]);
    let array = named(
        &["x_train.npy", "y_train.npy"],
        [npy_file("|u1", "6, 2, 2", &[5; 24]), npy_file("|u1", "6,", &[0, 1, 2, 0, 1, 2])],
    );
    let nested = named(&["set.npz"], [pack(&array)]);
    let broken = [folders.clone(), named(&["set/a/9.png"], [b"no picture".to_vec()])].concat();
    let all = [&folders, &parts, &mnist, &table, &array, &nested, &broken, &Files::new()];
    let names = ["folders", "parts", "mnist", "table", "arrays", "nested", "broken-picture", "empty"];
    let mut archives = named(&names, all.map(pack));
    archives.push(("overstated".into(), overstated(pack(&mnist))));
    archives
}

fn cifar() -> Files {
    let contents = [[&[6, 10][..], b"aa\nbb\n", &[0, 1, 9]].concat(), [&[0, 3][..], &[1; 64], &[0]].concat()];
    named(&["names", "records"], contents)
}

fn exported(write: impl Fn(&Model) -> Vec<u8>) -> Files {
    models().iter().map(|(name, model)| ((*name).to_owned(), write(model))).collect()
}

fn states() -> Files {
    let mut files = exported(|model| pytorch::weights(model).expect("a model"));
    let wide: &[(&str, &[usize], &[f32])] = &[
        ("0.weight", &[4, 6], &[0.5; 24]),
        ("0.bias", &[4], &[0.25; 4]),
        ("2.weight", &[3, 4], &[-0.5; 12]),
        ("2.bias", &[3], &[0.0; 3]),
    ];
    files.push(("state".into(), safetensors(None, wide)));
    files
}

fn main() {
    let targets = [
        ("idx", idx()),
        ("gzip", gzip_streams()),
        ("recipe", recipes()),
        ("model", model_files()),
        ("checkpoint", checkpoints()),
        ("picture", pictures()),
        ("csv", tables()),
        ("npy", arrays()),
        ("zip", archives()),
        ("cifar", cifar()),
        ("onnx", exported(|model| onnx::write(model, onnx::Options::default()).expect("a model"))),
        ("pytorch", states()),
        ("keras", exported(|model| keras::weights(model).expect("a model"))),
    ];
    for (target, files) in targets {
        let directory = Path::new("corpus").join(target);
        fs::create_dir_all(&directory).expect("a directory for the corpus");
        for (name, bytes) in files {
            fs::write(directory.join(name), bytes).expect("writing a seed");
        }
    }
}
