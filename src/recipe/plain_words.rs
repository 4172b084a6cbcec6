//! serde's errors in words for people who do not know Rust.

/// What stands in an error, and what is said in its place; in this order.
const WORDS: &[(&str, &str)] = &[
    ("invalid type: ", ""),
    ("invalid value: ", ""),
    ("unknown variant", "unknown value"),
    (", expected one of ", "; the choices are "),
    (", expected `", "; the choices are `"),
    ("floating point `", "number `"),
    ("integer `", "number `"),
    ("string \"", "text \""),
    ("boolean `", "`"),
    (", expected ", " where this is expected: "),
];

/// What an error calls a type, at its end, and what it is to a person.
const TYPES: &[(&str, &str)] = &[
    ("usize", "a whole number, 0 or more"),
    ("u64", "a whole number, 0 or more"),
    ("u32", "a whole number, 0 or more"),
    ("f64", "a number"),
    ("f32", "a number"),
    ("a sequence", "a list in square brackets"),
    ("a boolean", "`true` or `false`"),
    ("a string", "text in quotes"),
];

/// An error's message in plain words.
pub(super) fn in_plain_words(message: &str) -> String {
    let mut text = WORDS.iter().fold(message.to_owned(), |text, (from, to)| text.replace(from, to));
    let Some(at) = text.rfind(": ").map(|at| at + 2) else { return text };
    let found = TYPES.iter().find(|(name, _)| text[at..] == **name).map(|(_, words)| *words);
    let is_table = ["internally tagged enum ", "struct "].iter().any(|start| text[at..].starts_with(start));
    if let Some(words) = found.or(is_table.then_some("a table in braces")) {
        text.replace_range(at.., words);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_of_rust_is_left() {
        for (message, wanted) in [
            (
                "invalid type: string \"x\", expected usize",
                "text \"x\" where this is expected: a whole number, 0 or more",
            ),
            (
                "invalid value: integer `-3`, expected usize",
                "number `-3` where this is expected: a whole number, 0 or more",
            ),
            (
                "invalid type: floating point `2.5`, expected a boolean",
                "number `2.5` where this is expected: `true` or `false`",
            ),
            (
                "invalid type: integer `3`, expected internally tagged enum Optimiser",
                "number `3` where this is expected: a table in braces",
            ),
            (
                "unknown variant `foo`, expected one of `constant`, `step`",
                "unknown value `foo`; the choices are `constant`, `step`",
            ),
            ("unknown field `a`, expected `b` or `c`", "unknown field `a`; the choices are `b` or `c`"),
            ("missing field `kind`", "missing field `kind`"),
            ("expected a whole number, or two as in [3, 5]", "expected a whole number, or two as in [3, 5]"),
        ] {
            assert_eq!(in_plain_words(message), wanted);
        }
    }
}
