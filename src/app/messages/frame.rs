//! A message as one array of bytes: the length of the JSON (u32, little endian) and the JSON (UTF-8), then for each attachment
//! its length and its bytes.

use crate::error::{Error, Result};

/// A JSON object and its attachments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    pub json: String,
    pub attachments: Vec<Vec<u8>>,
}

impl Message {
    /// # Errors
    /// `Data` where a length points beyond the frame, or the JSON is not UTF-8.
    pub fn from_frame(frame: &[u8]) -> Result<Self> {
        let cut = || Error::Data("a frame that ends before its parts do".into());
        let mut rest = frame;
        let mut next = || {
            let (length, after) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
            let (part, after) =
                after.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or_else(cut)?;
            rest = after;
            Ok::<_, Error>((part, after.is_empty()))
        };
        let (json, mut is_last) = next()?;
        let json = std::str::from_utf8(json).map_err(|_| Error::Data("JSON that is not UTF-8".into()))?;
        let mut attachments = Vec::new();
        while !is_last {
            let (part, is_end) = next()?;
            attachments.push(part.to_vec());
            is_last = is_end;
        }
        Ok(Message { json: json.to_owned(), attachments })
    }

    /// # Errors
    /// `Data` where a part is longer than a u32 can say.
    pub fn to_frame(&self) -> Result<Vec<u8>> {
        let parts =
            || std::iter::once(self.json.as_bytes()).chain(self.attachments.iter().map(Vec::as_slice));
        let mut frame = Vec::with_capacity(parts().map(|part| part.len() + 4).sum());
        for part in parts() {
            let length = u32::try_from(part.len())
                .map_err(|_| Error::Data(format!("{} bytes are too many for a message", part.len())))?;
            frame.extend(length.to_le_bytes());
            frame.extend(part);
        }
        Ok(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_and_broken_ones_are_refused() {
        for attachments in [vec![], vec![vec![]], vec![vec![1, 2, 3], vec![], vec![4]]] {
            let message = Message { json: "{\"größe\": 1}".into(), attachments };
            let frame = message.to_frame().unwrap();
            assert_eq!(Message::from_frame(&frame).unwrap(), message);
            // Cut anywhere, it is shorter than it says, unless it is cut between two parts.
            let json = message.json.len() + 4;
            for end in (0..frame.len()).filter(|end| *end < json) {
                assert!(Message::from_frame(&frame[..end]).is_err(), "{end}");
            }
        }
        assert!(Message::from_frame(&[255, 255, 255, 255, b'{']).is_err());
        assert!(Message::from_frame(&[1, 0, 0, 0, 0xff]).is_err());
        assert!(Message::from_frame(&[2, 0, 0, 0, b'{', b'}', 1, 0, 0]).is_err());
    }
}
