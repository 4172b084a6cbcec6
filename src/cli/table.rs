//! Text in columns.

/// Rows of cells in aligned columns, separated by two spaces. Columns in `left` are left-aligned, all others
/// right-aligned.
pub struct Table {
    left: &'static [usize],
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(left: &'static [usize]) -> Self {
        Table { left, rows: Vec::new() }
    }

    /// Adds a row; the first is the header.
    pub fn row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(T::into).collect());
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let lengths = self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
            lengths.max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
                let gap = if column == 0 { "" } else { "  " };
                line += &match self.left.contains(&column) {
                    true => format!("{gap}{cell:<width$}"),
                    false => format!("{gap}{cell:>width$}"),
                };
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(&[0]);
        table.row(["op", "cases"]);
        table.row(["dense", "18"]);
        table.row(["ä", "5"]);
        assert_eq!(table.to_string(), "op     cases\ndense     18\nä          5\n");
    }
}
