//! `report` and `compare`: what is said of models agrees with what `eval` says.

use super::{Bands, inkgrad, text};

/// A model that makes mistakes, and its log.
fn trained(bands: &Bands, name: &str, options: &[&str]) -> (std::path::PathBuf, std::path::PathBuf) {
    let (model, log) = (bands.file(&format!("{name}.safetensors")), bands.file(&format!("{name}.jsonl")));
    bands.train(&[&["--save", text(&model), "--log", text(&log)], options].concat()).well();
    (model, log)
}

/// What stands between two texts.
#[track_caller]
fn between<'a>(page: &'a str, before: &str, after: &str) -> &'a str {
    let rest = page.split_once(before).unwrap_or_else(|| panic!("no {before:?} in {page}")).1;
    rest.split_once(after).expect(after).0
}

/// Every element is closed in the order in which it was opened.
fn is_well_formed(page: &str) {
    let mut open: Vec<&str> = Vec::new();
    let body = page.strip_prefix("<!DOCTYPE html>").expect("the type comes first");
    for piece in body.split('<').skip(1) {
        let (tag, _) = piece.split_once('>').expect("a tag ends");
        let name = tag.trim_start_matches('/').split([' ', '/', '\n']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "closed at {tag}");
        } else if !tag.ends_with('/') && !matches!(name, "meta" | "br" | "img" | "link") {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?} are not closed");
}

#[test]
fn the_page_says_what_eval_says() {
    let bands = Bands::new();
    bands.mislabel_tests();
    let (model, log) = trained(&bands, "model", &["--validate-every", "10"]);
    let out = bands.file("page.html");
    let data = ["--data", bands.dir(), "--device", "cpu"];
    let report = ["report", text(&model), text(&out), "--log", text(&log)];
    let ran = inkgrad(&[&report[..], &data].concat()).well();
    assert!(ran.out.contains("accuracy") && ran.out.contains("page.html"), "{}", ran.out);
    let page = std::fs::read_to_string(&out).unwrap();
    is_well_formed(&page);
    for word in ["http:", "https:", "<script", "<link", "@import"] {
        let elsewhere = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!elsewhere.contains(word), "{word}: the page needs nothing else");
    }
    let evaluation =
        inkgrad(&[&["eval", text(&model), "--json"], &data[..]].concat()).well().events().pop().unwrap();
    let accuracy = evaluation["test_accuracy"].as_f64().unwrap();
    assert!(page.contains(&format!("<strong>{:.2} %</strong><span>accuracy", 100.0 * accuracy)), "{page}");
    let loss = evaluation["test_loss"].as_f64().unwrap();
    assert!(page.contains(&format!("<strong>{loss:.4}</strong><span>loss")));
    // Wilson's interval of what eval counts, computed here another way: the roots of a quadratic.
    let (n, z) = (60.0, 1.959964f64);
    let (a, b, c) = (n + z * z, -(2.0 * n * accuracy + z * z), n * accuracy * accuracy);
    let root = |sign: f64| 100.0 * (-b + sign * (b * b - 4.0 * a * c).sqrt()) / (2.0 * a);
    let interval = format!("95 % interval {:.2} to {:.2} %", root(-1.0), root(1.0));
    assert!(page.contains(&interval), "{interval}: {}", between(&page, "interval", "<"));
    let classes = between(&page, "id=\"classes\"", "</section>");
    for class in evaluation["classes"].as_array().unwrap() {
        let figure = |name: &str| format!("{:.4}</td>", class[name].as_f64().unwrap());
        let row = between(classes, &format!("<tr><td>{}</td><td>20</td>", class["class"]), "</tr>");
        for name in ["precision", "recall", "f1"] {
            assert!(row.contains(&figure(name)), "{name}: {row}");
        }
    }
    // Each mistake is a cell's link, and leads to its pictures.
    let mut mistakes = 0;
    for (label, row) in evaluation["confusion"].as_array().unwrap().iter().enumerate() {
        for (predicted, count) in row.as_array().unwrap().iter().enumerate() {
            let link = format!("href=\"#c{label}-{predicted}\"");
            let is_shown = label != predicted && count.as_u64() > Some(0);
            assert_eq!(page.contains(&link), is_shown, "{link}");
            if is_shown {
                let cell = between(&page, &format!("id=\"c{label}-{predicted}\""), "</div>\n</div>");
                assert_eq!(cell.matches("<figure").count() as u64, count.as_u64().unwrap(), "{cell}");
                mistakes += count.as_u64().unwrap();
            }
        }
    }
    assert_eq!(mistakes, 60 - (accuracy * 60.0).round() as u64);
    let shown = between(&page, "id=\"mistakes\"", "</section>");
    assert_eq!(shown.matches("<figure").count() as u64, mistakes);
    for what in ["Loss", "Accuracy", "dense1", "learning_rate = 0.5", "CPU", "seed 0", "inkgrad report"] {
        assert!(page.contains(what), "{what}");
    }
    assert!(page.len() < 2_000_000);
}

/// Names are text, whatever is in them; a page without a log says how to get one.
#[cfg(unix)]
#[test]
fn names_of_classes_cannot_break_the_page() {
    let bands = Bands::new();
    let set = bands.file("set");
    let half = |name: &str, count: u8| {
        for class in ["a<b>&\"c", "plain"] {
            let dir = set.join(name).join(class);
            std::fs::create_dir_all(&dir).unwrap();
            for number in 0..count {
                let pixel =
                    |x: u32, _| image::Luma([if class == "plain" { 20 } else { (x * 30) as u8 + number }]);
                image::GrayImage::from_fn(8, 8, pixel).save(dir.join(format!("{number}.png"))).unwrap();
            }
        }
    };
    half("train", 20);
    half("test", 5);
    let (model, out) = (bands.file("model.safetensors"), bands.file("page.html"));
    let data = ["--data", text(&set), "--device", "cpu", "--no-cache"];
    inkgrad(&[&["train", "--steps", "5", "--batch", "4", "--save", text(&model)], &data[..]].concat()).well();
    inkgrad(&[&["report", text(&model), text(&out)], &data[..]].concat()).well();
    let page = std::fs::read_to_string(&out).unwrap();
    is_well_formed(&page);
    assert!(page.contains("a&lt;b&gt;&amp;&quot;c") && page.contains("No log of the training was given"));
}

#[test]
fn what_no_page_can_be_made_of_is_said() {
    let bands = Bands::new();
    let (model, log) = trained(&bands, "model", &[]);
    let out = bands.file("page.html");
    let report = |model: &str, out: &str, more: &[&str]| {
        inkgrad(&[&["report", model, out, "--data", bands.dir(), "--device", "cpu"], more].concat())
    };
    report("no.safetensors", text(&out), &[]).failed(2, &["no.safetensors"]);
    report(text(&model), text(&model), &[]).failed(2, &["is read to make the page"]);
    report(text(&model), text(&bands.file("no/page.html")), &[]).failed(2, &["page.html"]);
    report(text(&model), text(&out), &["--log", text(&model)]).failed(1, &["model.safetensors"]);
    let image = bands.file("t10k-labels-idx1-ubyte");
    report(text(&image), text(&out), &[]).failed(1, &["t10k-labels-idx1-ubyte"]);
    inkgrad(&["report", text(&model), text(&out), "--device", "cpu"]).failed(2, &["--data PATH"]);
    assert!(!out.exists());
    report(text(&model), text(&out), &["--log", text(&log)]).well();
    inkgrad(&["report", text(&model)]).failed_to_parse("OUT.html");
    let help = inkgrad(&["report", "--help"]).well().out;
    assert!(help.contains("--log <FILE>") && help.contains("one HTML file"), "{help}");
}

/// The test's figures by hand: which images only one of both models gets right, and the binomial tail of that.
#[test]
fn models_are_compared() {
    let bands = Bands::new();
    bands.mislabel_tests();
    let (good, _) = trained(&bands, "good", &[]);
    // Learns to call class 0 by the name of class 1.
    let other = Bands::new();
    let labels = other.file("train-labels-idx1-ubyte");
    let mut bytes = std::fs::read(&labels).unwrap();
    bytes[8..].iter_mut().for_each(|label| *label = (*label).max(1));
    std::fs::write(&labels, bytes).unwrap();
    let (bad, _) = trained(&other, "bad", &[]);
    let with = |options: &[&str]| {
        inkgrad(&[&["compare"], options, &["--data", bands.dir(), "--device", "cpu"]].concat())
    };
    let compared = with(&[text(&good), text(&bad), "--json"]).well().events().pop().unwrap();
    let accuracy = |model: &std::path::Path| {
        let run = ["eval", text(model), "--data", bands.dir(), "--device", "cpu", "--json"];
        inkgrad(&run).well().events()[0]["test_accuracy"].as_f64().unwrap()
    };
    assert_eq!(compared["models"][0]["test_accuracy"], accuracy(&good));
    assert_eq!(compared["models"][1]["test_accuracy"], accuracy(&bad));
    let pair = &compared["pairs"][0];
    let (first, second) =
        (pair["only_first_correct"].as_u64().unwrap(), pair["only_second_correct"].as_u64().unwrap());
    let gap = (accuracy(&good) - accuracy(&bad)) * 60.0;
    assert!((first as f64 - second as f64 - gap).abs() < 1e-6, "{compared}");
    let choose = |n: u64, k: u64| (0..k).fold(1.0, |all, at| all * (n - at) as f64 / (at + 1) as f64);
    let n = first + second;
    let tail: f64 = (0..=first.min(second)).map(|k| choose(n, k)).sum::<f64>() / 2f64.powi(n as i32);
    let p = pair["p"].as_f64().unwrap();
    assert!((p - (2.0 * tail).min(1.0)).abs() < 1e-9 && p < 0.05, "{compared}");

    let told = with(&[text(&good), text(&bad), text(&good)]).well().out;
    assert!(told.contains("good is better") && told.contains("no difference shown"), "{told}");
    assert!(told.contains("Holm") && told.contains("McNemar"), "{told}");
}

#[test]
fn what_cannot_be_compared_is_said() {
    let bands = Bands::new();
    let (model, _) = trained(&bands, "model", &[]);
    inkgrad(&["compare", text(&model)]).failed_to_parse("MODEL");
    let run = ["compare", text(&model), "none.safetensors", "--data", bands.dir(), "--device", "cpu"];
    inkgrad(&run).failed(2, &["none.safetensors"]);
    inkgrad(&["compare", text(&model), text(&model), "--device", "cpu"]).failed(2, &["--data PATH"]);
    assert!(inkgrad(&["compare", "--help"]).well().out.contains("McNemar"));
}
