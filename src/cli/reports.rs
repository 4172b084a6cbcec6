//! Lets a run continue although its output cannot be written: the trained network is worth more than the reports
//! about it.

use std::cell::RefCell;

use super::failure::Failure;
use super::output;

/// Collects the failures of a run's reports, so that it can go on and still end with the right exit code.
pub struct Reports {
    /// Whether the run leaves anything besides what it prints.
    has_outputs: bool,
    printed: RefCell<Vec<String>>,
    failure: RefCell<Option<Failure>>,
}

impl Reports {
    pub fn new(has_outputs: bool) -> Self {
        Reports { has_outputs, printed: RefCell::default(), failure: RefCell::default() }
    }

    /// Takes note of a report that failed, and says so once.
    ///
    /// # Errors
    /// The failure itself where nobody reads what the run prints, and it leaves nothing else.
    pub fn record(&self, reported: Result<(), Failure>) -> Result<(), Failure> {
        let Err(failure) = reported else { return Ok(()) };
        let (what, failure) = match failure {
            Failure::Error(error) => (format!("inkgrad: error: {error}"), Failure::Reported),
            Failure::Closed if !self.has_outputs => return Err(Failure::Closed),
            Failure::Closed => ("note: nobody reads standard output any more".to_owned(), Failure::Closed),
            failure => return Err(failure),
        };
        let mut printed = self.printed.borrow_mut();
        if !printed.contains(&what) {
            output::note(format_args!("{what}. The run goes on without it"));
            printed.push(what);
        }
        self.failure.borrow_mut().get_or_insert(failure);
        Ok(())
    }

    /// The first failure of a report, as the end of a run that otherwise went well.
    pub fn end(self) -> Result<(), Failure> {
        self.failure.into_inner().map_or(Ok(()), Err)
    }
}
