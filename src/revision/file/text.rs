//! From the bytes of a file to the text that runs: UTF-8, no byte order mark, LF line ends.

use std::{borrow::Cow, path::Path};

use super::FileError;
use crate::code::Code;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Checks and normalises; one pass, and no copy but the one that is kept.
pub(super) fn decode(path: &Path, bytes: &[u8]) -> Result<String, FileError> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(error(
            path,
            bytes,
            0,
            Code::Encoding,
            "the file is UTF-16, not UTF-8".to_owned(),
        ));
    }
    let skipped = if bytes.starts_with(BOM) { BOM.len() } else { 0 };
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        let wide = bytes.iter().skip(1).step_by(2).take(16).all(|byte| *byte == 0)
            || bytes.iter().step_by(2).take(16).all(|byte| *byte == 0);
        return Err(if wide && bytes.len() > 3 {
            let text =
                format!("the file looks like UTF-16, not UTF-8: there is a NUL at byte {at}");
            error(path, bytes, at, Code::Encoding, text)
        } else {
            error(
                path,
                bytes,
                at,
                Code::Nul,
                format!("there is a NUL at byte {at}, which PostgreSQL cannot store"),
            )
        });
    }
    match std::str::from_utf8(&bytes[skipped..]) {
        Ok(text) => Ok(unix_lines(text).into_owned()),
        Err(wrong) => {
            let at = skipped + wrong.valid_up_to();
            let text = format!("byte {at} (0x{:02x}) is not UTF-8", bytes[at]);
            Err(error(path, bytes, at, Code::Encoding, text))
        }
    }
}

fn unix_lines(text: &str) -> Cow<'_, str> {
    if text.contains("\r\n") { Cow::Owned(text.replace("\r\n", "\n")) } else { Cow::Borrowed(text) }
}

fn error(path: &Path, bytes: &[u8], at: usize, code: Code, problem: String) -> FileError {
    let line = bytes[..at].split(|byte| *byte == b'\n').count() as u32;
    let hint = "save the file as UTF-8".to_owned();
    FileError { path: path.to_owned(), line, code, problem, hint: Some(hint) }
}
