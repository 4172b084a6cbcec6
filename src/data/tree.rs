//! The files below a directory or in a zip archive. Readers find their files in it and never ask which it is.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use zip::ZipArchive;

use crate::{Error, Result};

/// Directories are looked into down to this depth.
const MAX_DEPTH: usize = 8;
/// Most files and directories that are looked at.
const MAX_ENTRIES: usize = 5_000_000;
/// Most bytes of archives inside an archive, all together: they are unpacked into memory.
pub(super) const MAX_NESTED: u64 = 512 << 20;
/// Bytes read from a file at a time.
const BUFFER: usize = 1 << 17;

/// Files that can be read, in the order of their names.
pub(crate) struct Tree {
    root: PathBuf,
    files: Vec<Entry>,
    archive: Option<ZipArchive<Shared>>,
}

/// One file of a tree.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Below the root, with `/` between its parts.
    pub path: String,
    /// Length in bytes, as the directory states it; a reader must not trust an archive's.
    pub size: u64,
    /// Bytes that it takes in an archive, at most the archive's length; elsewhere its length.
    pub packed_size: u64,
    /// What changes when the content does: an archive's checksum, or the time of the last change.
    pub version: u64,
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    File(PathBuf),
    Memory(Arc<Vec<u8>>),
    /// Its number in the archive.
    Archive(usize),
}

impl Entry {
    /// The last part of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// All but the last part of the path, without a `/` at its end.
    pub fn directory(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(directory, _)| directory)
    }
}

impl Tree {
    /// A directory, a zip archive, or a single file.
    ///
    /// # Errors
    /// `Data` where there is nothing of that name or more than can be looked at, `Io` where the system refuses, `BadFile`
    /// for a damaged archive.
    pub fn open(path: &Path) -> Result<Tree> {
        let about = std::fs::metadata(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::Data(format!(
                "{} does not exist: name a directory, an archive or a file of labelled images",
                path.display()
            )),
            _ => Error::io(path, error),
        })?;
        if about.is_dir() {
            let mut files = Vec::new();
            let mut seen = HashSet::new();
            walk(path, "", 0, &mut seen, &mut 0, &mut files)?;
            files.sort_by(|a, b| a.path.cmp(&b.path));
            return Ok(Tree { root: path.to_owned(), files, archive: None });
        }
        if !about.is_file() {
            let what = "this is neither a directory nor a file: labelled images are needed";
            return Err(Error::bad_file(path, what));
        }
        let mut start = [0; 4];
        let mut file = File::open(path).map_err(|error| Error::io(path, error))?;
        let read = file.read(&mut start).map_err(|error| Error::io(path, error))?;
        if is_archive(&start[..read]) {
            return Self::archive(path, Box::new(file));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let root = path.parent().unwrap_or(Path::new("")).to_owned();
        let entry = Entry {
            path: name,
            size: about.len(),
            packed_size: about.len(),
            version: changed(&about),
            place: Place::File(path.to_owned()),
        };
        Ok(Tree { root, files: vec![entry], archive: None })
    }

    /// A zip archive or a single file, from its bytes.
    ///
    /// # Errors
    /// `BadFile` for a damaged archive.
    pub fn of_bytes(path: &Path, bytes: Vec<u8>) -> Result<Tree> {
        if is_archive(&bytes) {
            return Self::archive(path, Box::new(Cursor::new(bytes)));
        }
        let size = bytes.len() as u64;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let place = Place::Memory(Arc::new(bytes));
        let entry = Entry { path: name, size, packed_size: size, version: 0, place };
        Ok(Tree { root: PathBuf::new(), files: vec![entry], archive: None })
    }

    /// A zip archive that a file of this tree is. Inside an archive it may have `room` bytes, which then become fewer.
    pub fn nested(&self, entry: &Entry, room: &mut u64) -> Result<Tree> {
        match &entry.place {
            Place::File(path) => Self::open(path),
            Place::Archive(_) | Place::Memory(_) => {
                let bytes = self.read(entry, *room)?;
                *room -= bytes.len() as u64;
                Self::archive(&self.path(entry), Box::new(Cursor::new(bytes)))
            }
        }
    }

    fn archive(path: &Path, reader: Box<dyn ReadSeek>) -> Result<Tree> {
        let bad = |error| Error::bad_file(path, format!("a damaged zip archive ({error}). Fetch it again"));
        let mut shared = Shared { reader: Arc::new(Mutex::new(reader)), position: 0 };
        let length = shared.seek(SeekFrom::End(0)).map_err(|error| Error::io(path, error))?;
        shared.position = 0;
        let archive = ZipArchive::new(shared).map_err(bad)?;
        check_count(path, archive.len())?;
        let mut files = Vec::new();
        for number in 0..archive.len() {
            let about = archive.by_index_data(number).map_err(bad)?;
            let Ok(name) = about.name() else { continue };
            let name = name.replace('\\', "/");
            if about.is_dir() || name.split('/').any(is_hidden) {
                continue;
            }
            if about.encrypted() {
                let what = format!("its {name} is encrypted: unpack it first");
                return Err(Error::bad_file(path, what));
            }
            files.push(Entry {
                size: about.size(),
                // What is stated may be more than there is.
                packed_size: about.compressed_size().min(length),
                version: u64::from(about.crc32()),
                path: name,
                place: Place::Archive(number),
            });
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Tree { root: path.to_owned(), files, archive: Some(archive) })
    }

    /// The directory, the archive, or a single file's directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn is_archive(&self) -> bool {
        self.archive.is_some()
    }

    pub fn files(&self) -> &[Entry] {
        &self.files
    }

    /// What a file is called in messages.
    pub fn path(&self, entry: &Entry) -> PathBuf {
        match &entry.place {
            Place::File(path) => path.clone(),
            Place::Archive(_) | Place::Memory(_) => self.root.join(&entry.path),
        }
    }

    /// Calls `read` with a file's bytes. The length that an archive states is not trusted.
    ///
    /// # Errors
    /// `Io` or `BadFile` where the file cannot be opened, and those of `read`.
    pub fn stream<T>(&self, entry: &Entry, read: impl FnOnce(&mut dyn BufRead) -> Result<T>) -> Result<T> {
        match (&entry.place, &self.archive) {
            (Place::File(path), _) => {
                let file = File::open(path).map_err(|error| Error::io(path, error))?;
                read(&mut BufReader::with_capacity(BUFFER.min(entry.size as usize + 1), file))
            }
            (Place::Memory(bytes), _) => read(&mut Cursor::new(&bytes[..])),
            (Place::Archive(number), Some(archive)) => {
                // Each reader has a position of its own in the one file.
                let mut archive = archive.clone();
                let file = archive.by_index(*number).map_err(|error| self.damaged(entry, &error))?;
                read(&mut BufReader::with_capacity(BUFFER.min(entry.size as usize + 1), file))
            }
            _ => Err(Error::Internal("a file of another tree".into())),
        }
    }

    /// All of a file.
    ///
    /// # Errors
    /// `BadFile` where it is longer than `most` bytes, or damaged; `Io` where the system refuses.
    pub fn read(&self, entry: &Entry, most: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.stream(entry, |stream| {
            let read = stream.take(most.saturating_add(1)).read_to_end(&mut bytes);
            read.map_err(|error| self.failed(entry, error))
        })?;
        if bytes.len() as u64 > most {
            return Err(Error::bad_file(self.path(entry), format!("it is longer than {most} bytes")));
        }
        Ok(bytes)
    }

    /// At most `count` of a file's first bytes.
    pub fn start(&self, entry: &Entry, count: usize) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.stream(entry, |stream| {
            stream.take(count as u64).read_to_end(&mut bytes).map_err(|error| self.failed(entry, error))
        })?;
        Ok(bytes)
    }

    /// What went wrong while a file was read.
    pub fn failed(&self, entry: &Entry, error: io::Error) -> Error {
        match (&entry.place, error.kind()) {
            (
                Place::Archive(_),
                io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof | io::ErrorKind::Other,
            ) => self.damaged(entry, &error),
            _ => Error::io(self.path(entry), error),
        }
    }

    fn damaged(&self, entry: &Entry, error: &dyn std::fmt::Display) -> Error {
        Error::bad_file(self.path(entry), format!("it cannot be unpacked ({error}). Fetch the archive again"))
    }
}

/// Whether a file that begins so is a zip archive.
fn is_archive(start: &[u8]) -> bool {
    start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06")
}

/// Names that no data set has: macOS's companions of files, version control, editors' leftovers.
fn is_hidden(name: &str) -> bool {
    name.starts_with('.') || name == "__MACOSX"
}

fn check_count(root: &Path, count: usize) -> Result<()> {
    match count <= MAX_ENTRIES {
        true => Ok(()),
        false => Err(Error::Data(format!(
            "{} holds more than {MAX_ENTRIES} files: name the directory of the data set itself",
            root.display()
        ))),
    }
}

/// Collects the files below `directory`, whose path below the root is `below`. Links are followed, each directory once.
fn walk(
    directory: &Path,
    below: &str,
    depth: usize,
    seen: &mut HashSet<PathBuf>,
    count: &mut usize,
    files: &mut Vec<Entry>,
) -> Result<()> {
    let io = |error| Error::io(directory, error);
    // The same directory again, by a link: its files are known, or it would go on for ever.
    if !seen.insert(directory.canonicalize().map_err(io)?) {
        return Ok(());
    }
    for entry in directory.read_dir().map_err(io)? {
        let entry = entry.map_err(io)?;
        let name = entry.file_name();
        // A name that is not Unicode is kept readable; the file is opened by its true name.
        let name = name.to_string_lossy();
        *count += 1;
        check_count(directory, *count)?;
        if is_hidden(&name) {
            continue;
        }
        let path = entry.path();
        // A broken link is not a file of the data set.
        let Ok(about) = std::fs::metadata(&path) else { continue };
        let inner = if below.is_empty() { name.into_owned() } else { format!("{below}/{name}") };
        if about.is_dir() && depth < MAX_DEPTH {
            walk(&path, &inner, depth + 1, seen, count, files)?;
        } else if about.is_file() {
            let (size, version) = (about.len(), changed(&about));
            files.push(Entry { path: inner, size, packed_size: size, version, place: Place::File(path) });
        }
    }
    Ok(())
}

/// When a file was last changed, in nanoseconds since 1970; 0 where the system does not say.
fn changed(about: &std::fs::Metadata) -> u64 {
    let since = about.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    since.map_or(0, |since| since.as_nanos() as u64)
}

trait ReadSeek: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadSeek for T {}

/// A position of its own in a file that several readers share.
#[derive(Clone)]
struct Shared {
    reader: Arc<Mutex<Box<dyn ReadSeek>>>,
    position: u64,
}

impl Shared {
    fn with<T>(&mut self, work: impl FnOnce(&mut dyn ReadSeek) -> io::Result<T>) -> io::Result<T> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        reader.seek(SeekFrom::Start(self.position))?;
        work(&mut **reader)
    }
}

impl Read for Shared {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.with(|reader| reader.read(out))?;
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for Shared {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.position = self.with(|reader| reader.seek(to))?;
        Ok(self.position)
    }
}
