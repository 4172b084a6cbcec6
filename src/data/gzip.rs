//! Gzip streams as they occur: of several members, and padded with zeros as tapes and some mirrors leave them.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// What every gzip stream begins with.
pub(super) const MAGIC: [u8; 2] = [0x1f, 0x8b];
/// Highest compression that deflate can reach: 258 bytes from two bits.
pub(super) const MAX_EXPANSION: u64 = 1032;

/// The decompressed bytes of all members, one after the other. Zeros after the last are skipped, as by `gzip -d`.
pub(super) struct Members<'a> {
    /// None once the last member has been read.
    member: Option<GzDecoder<&'a mut dyn BufRead>>,
}

/// Something other than zeros follows the last member.
#[derive(Debug, thiserror::Error)]
#[error("other data follows its gzip stream")]
pub(super) struct Trailing;

impl<'a> Members<'a> {
    pub fn new(input: &'a mut dyn BufRead) -> Self {
        Members { member: Some(GzDecoder::new(input)) }
    }

    /// Begins the member that follows, if one does.
    fn next(&mut self) -> io::Result<()> {
        let Some(input) = self.member.take().map(GzDecoder::into_inner) else { return Ok(()) };
        match input.fill_buf()?.first() {
            Some(first) if *first == MAGIC[0] => {
                self.member = Some(GzDecoder::new(input));
                return Ok(());
            }
            _ => {}
        }
        loop {
            let rest = input.fill_buf()?;
            let length = rest.len();
            if length == 0 {
                return Ok(());
            }
            if rest.iter().any(|byte| *byte != 0) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, Trailing));
            }
            input.consume(length);
        }
    }
}

impl Read for Members<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            match member.read(out)? {
                0 if !out.is_empty() => self.next()?,
                read => return Ok(read),
            }
        }
        Ok(0)
    }
}

/// Whether reading failed because of what follows the stream.
pub(super) fn is_trailing(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Trailing>())
}
