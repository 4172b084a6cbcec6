//! Commands that are printed to be copied into a shell.

use std::ffi::OsStr;

/// An argument as a shell must be given it: quoted where a character means something to the shell. In double quotes on
/// Windows, where names cannot contain those, otherwise in single quotes; bytes that are not valid text are written as
/// Bash, Zsh and Ksh take them (`$'\xe9'`).
pub fn quoted(argument: &OsStr) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./:=@%+,".contains(c) || (cfg!(windows) && c == '\\');
    match argument.to_str() {
        Some(text) if !text.is_empty() && text.chars().all(plain) => text.to_owned(),
        Some(text) if cfg!(windows) => format!("\"{text}\""),
        Some(text) => format!("'{}'", text.replace('\'', r"'\''")),
        None => bytes(argument),
    }
}

fn bytes(argument: &OsStr) -> String {
    let escaped = |byte: &u8| match byte {
        b'\'' | b'\\' => format!("\\{}", char::from(*byte)),
        b' '..=b'~' => char::from(*byte).to_string(),
        byte => format!("\\x{byte:02x}"),
    };
    // The encoding is that of the system's names, except on Windows, where such a name cannot be typed anyway.
    let text: String = argument.as_encoded_bytes().iter().map(escaped).collect();
    format!("$'{text}'")
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::ffi::OsStrExt;
    use std::process::Command;

    use super::*;

    #[test]
    fn a_shell_reads_back_what_was_quoted() {
        let names: [&[u8]; 8] = [
            b"plain/run-1.x",
            b"",
            b"run(1)",
            b"a&b",
            b"it's",
            b"$HOME \"`x`\\",
            b"caf\xe9 'x\\'",
            "é*".as_bytes(),
        ];
        for name in names {
            let script = format!("printf %s {}", quoted(OsStr::from_bytes(name)));
            let read = Command::new("bash").args(["-c", &script]).output().unwrap();
            assert_eq!(read.stdout, name, "{script}");
        }
        assert_eq!(quoted(OsStr::new("plain/run-1.x")), "plain/run-1.x", "nothing is quoted needlessly");
    }
}
