//! Whether output may be coloured: on a terminal that shows colours, unless `NO_COLOR` is set (https://no-color.org).

use std::io::IsTerminal;

/// On standard output.
pub fn on_results() -> bool {
    std::io::stdout().is_terminal() && wanted() && console::colors_enabled()
}

/// On standard error.
pub fn on_errors() -> bool {
    std::io::stderr().is_terminal() && wanted() && console::colors_enabled_stderr()
}

/// Set and not empty: then nothing is coloured, whatever else is set.
fn wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
