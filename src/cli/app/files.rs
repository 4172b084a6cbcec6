//! The page's files, embedded in the program.

use std::borrow::Cow;

pub struct File {
    /// After the `/`.
    name: &'static str,
    pub kind: &'static str,
    bytes: &'static [u8],
}

/// A file of web/page by its name.
macro_rules! file {
    ($name:literal) => {
        File { name: $name, kind: kind($name), bytes: include_bytes!(concat!("../../../web/page/", $name)) }
    };
}

/// Every file of web/page, except those that only serve a page without this program.
const FILES: &[File] = &[
    file!("bars.js"),
    file!("chart.js"),
    file!("confusion.js"),
    file!("curves.js"),
    file!("device.js"),
    file!("digits.js"),
    file!("dom.js"),
    file!("draw-view.js"),
    file!("drawing.js"),
    file!("editor.js"),
    file!("engine.js"),
    file!("files.js"),
    file!("highlight.js"),
    file!("how-view.js"),
    file!("icon.svg"),
    file!("index.html"),
    file!("main.js"),
    file!("models-view.js"),
    file!("notices.js"),
    file!("numbers.js"),
    file!("pixels.js"),
    file!("recipe-form.js"),
    file!("recipe-text.js"),
    file!("recipe-view.js"),
    file!("recognise.js"),
    file!("run-view.js"),
    file!("run.js"),
    file!("server.js"),
    file!("session.js"),
    file!("share.js"),
    file!("shelf.js"),
    file!("sign-recipes.js"),
    file!("signs.js"),
    file!("style.css"),
    file!("tabs.js"),
    file!("teach-view.js"),
    file!("text.js"),
    file!("theme.js"),
    file!("train-view.js"),
    file!("trainer.js"),
    file!("verify-view.js"),
    file!("views.css"),
];

/// Files of web/page that are of no use here: the engine in a browser's worker, and what keeps the page for when there is no
/// network.
#[cfg(test)]
const ELSEWHERE: &[&str] = &["worker.js", "sw.js"];

const fn kind(name: &str) -> &'static str {
    let bytes = name.as_bytes();
    match bytes {
        [.., b'.', b'j', b's'] => "text/javascript; charset=utf-8",
        [.., b'.', b'c', b's', b's'] => "text/css; charset=utf-8",
        [.., b'.', b'h', b't', b'm', b'l'] => "text/html; charset=utf-8",
        [.., b'.', b's', b'v', b'g'] => "image/svg+xml",
        [.., b'.', b'p', b'n', b'g'] => "image/png",
        [.., b'.', b'j', b's', b'o', b'n'] => "application/json",
        [.., b'.', b'w', b'e', b'b', b'm', b'a', b'n', b'i', b'f', b'e', b's', b't'] => {
            "application/manifest+json"
        }
        _ => "application/octet-stream",
    }
}

/// By an attribute put here the page knows which engine it has; the file itself has none.
const HEAD: &str = "<head>";
const ENGINE: &str = "<head>\n<meta name=\"inkgrad-engine\" content=\"native\">";

impl File {
    pub fn content(&self) -> Cow<'static, [u8]> {
        match (self.name, std::str::from_utf8(self.bytes)) {
            ("index.html", Ok(text)) => Cow::Owned(text.replacen(HEAD, ENGINE, 1).into_bytes()),
            _ => Cow::Borrowed(self.bytes),
        }
    }
}

/// The file of a request's path.
pub fn find(path: &str) -> Option<&'static File> {
    let name = path.strip_prefix('/')?;
    let name = if name.is_empty() { "index.html" } else { name };
    FILES.iter().find(|file| file.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_page_is_embedded() {
        let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("web/page");
        let mut there: Vec<String> = std::fs::read_dir(page)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !ELSEWHERE.contains(&&name[..]))
            .collect();
        let mut embedded: Vec<&str> = FILES.iter().map(|file| file.name).collect();
        there.sort();
        embedded.sort_unstable();
        assert_eq!(embedded, there, "the list in src/cli/app/files.rs");
    }

    #[test]
    fn only_names_of_the_list_are_found() {
        assert!(find("/server.js").is_some());
        for path in
            ["server.js", "//server.js", "/./server.js", "/../Cargo.toml", "/server.js/", "/%73erver.js"]
        {
            assert!(find(path).is_none(), "{path}");
        }
    }
}
