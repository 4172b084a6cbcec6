//! Makes web/dist of web/page, of the engine that cargo has built, and of MNIST; the last step of web/build.

mod mnist;
mod sizes;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use wasm_bindgen_cli_support::Bindgen;

const ENGINE: &str = "target/engine/wasm32-unknown-unknown/release/inkgrad_engine.wasm";
/// The line of the page's service worker that names what to keep.
const KEPT: &str = "const FILES = ";

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let dist = root.join("web/dist");
    if dist.exists() {
        fs::remove_dir_all(&dist)?;
    }
    fs::create_dir_all(&dist)?;
    copy(&root.join("web/page"), &dist)?;
    Bindgen::new()
        .input_path(root.join(ENGINE))
        .web(true)?
        .typescript(false)
        .omit_default_module_path(false)
        .out_name("engine")
        .generate(dist.join("engine"))?;
    let code = files(&dist)?;
    name_kept(&dist, &code)?;
    fs::write(dist.join("mnist.bin"), mnist::file(&root.join("data"))?)?;
    sizes::report(&dist, &code)
}

fn copy(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&to)?;
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

/// All files below a directory, relative to it, in order.
fn files(directory: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(inner) = open.pop() {
        for entry in fs::read_dir(directory.join(&inner))? {
            let entry = entry?;
            let path = inner.join(entry.file_name());
            if entry.file_type()?.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

/// Has the service worker keep every file of the page.
fn name_kept(dist: &Path, code: &[PathBuf]) -> Result<(), Box<dyn Error>> {
    let path = dist.join("sw.js");
    let text = fs::read_to_string(&path)?;
    let (before, rest) = text.split_once(KEPT).ok_or("web/page/sw.js has no line that names its files")?;
    let (_, after) = rest.split_once('\n').ok_or("web/page/sw.js ends in the line that names its files")?;
    let mut names = vec!["\"./\"".to_owned()];
    for file in code.iter().filter(|file| !["sw.js", "index.html"].iter().any(|other| file.ends_with(other)))
    {
        names.push(format!("{:?}", file.to_str().ok_or("a file name that is no text")?.replace('\\', "/")));
    }
    fs::write(&path, format!("{before}{KEPT}[{}];\n{after}", names.join(", ")))?;
    Ok(())
}
