//! `--profile` and `--trace FILE`: where a step's time goes, as a table and as a file for a trace viewer.

use std::io::Write;
use std::path::Path;

use indicatif::HumanCount;
use inkgrad::executor::{Device, Work};
use inkgrad::profile::{PeakRates, Profile, Row, Span, probe};
use inkgrad::train::{Session, Trainer};
use inkgrad::{Error, Result};
use serde::Serialize;

use super::failure::Failure;
use super::json;
use super::options::Options;
use super::output;
use super::table::Table;

/// Side of the product that measures the device's peak, and how often it runs.
const SIDE: usize = 1024;
const TRIES: usize = 3;

/// Largest number of spans in a trace file: about 30 MB, at which viewers become slow.
const MAX_SPANS: usize = 200_000;

pub struct Profiling {
    profile: Profile,
    /// The run's first spans, for the trace.
    spans: Option<Vec<Span>>,
    before: Work,
    /// Whether the next block is the warm-up: drivers compile and caches fill on first use.
    is_first: bool,
}

impl Profiling {
    /// None if the options do not ask for one.
    pub fn of(options: &Options, trainer: &Trainer) -> Option<Self> {
        let spans = options.trace.is_some().then(Vec::new);
        options.is_profiled().then(|| Profiling {
            profile: trainer.profile(),
            spans,
            before: trainer.work(),
            is_first: true,
        })
    }

    /// Waits for the last block and takes its times.
    pub async fn block(&mut self, session: &mut Session) -> Result<()> {
        let spans = session.spans().await?;
        let work = session.trainer().work();
        if std::mem::take(&mut self.is_first) && !session.is_done() {
            self.before = work;
        } else {
            self.profile.add(&spans, work.steps - self.before.steps - self.profile.steps);
        }
        if let Some(kept) = &mut self.spans {
            let room = MAX_SPANS.saturating_sub(kept.len());
            kept.extend(spans.into_iter().take(room));
        }
        Ok(())
    }

    /// Prints the table, writes the trace.
    pub async fn report(&self, options: &Options, device: &Device, work: Work) -> Result<(), Failure> {
        if let (Some(path), Some(spans)) = (&options.trace, &self.spans) {
            write_trace(path, &self.profile, spans, device).map_err(|error| Error::io(path, error))?;
            let count = HumanCount(spans.len() as u64);
            let extent = match spans.last() {
                Some(last) if spans.len() == MAX_SPANS => {
                    format!(
                        "the first {count} spans, up to step {} of {}",
                        HumanCount(last.step),
                        HumanCount(work.steps)
                    )
                }
                _ => format!("{count} spans"),
            };
            options.note(format_args!(
                "trace: {} ({extent}; open it in ui.perfetto.dev or chrome://tracing)",
                path.display(),
            ));
        }
        if !options.profile {
            return Ok(());
        }
        let peak = probe(device, SIDE, TRIES).await?;
        let per_step = PerStep::of(&self.profile, self.before, work);
        if options.json {
            return json::line(&Report::of(&self.profile, peak, &per_step));
        }
        output::print(table(&self.profile, peak))?;
        output::line(format_args!(
            "per step: {:.1} us, {:.1} % of it idle; {:.2} dispatches, {:.0} bytes uploaded; {}",
            per_step.microseconds,
            100.0 * self.profile.idle_share(),
            per_step.dispatches,
            per_step.bytes_uploaded,
            self.counted(),
        ))?;
        output::line(format_args!(
            "measured peak of this device: {:.1} GFLOP/s (product of {side} x {side}) and {:.1} GB/s (reading and writing 64 MB)",
            peak.gflops,
            peak.gigabytes,
            side = peak.side,
        ))?;
        output::line(format_args!(
            "above 100 %: data still in cache, or an algorithm with fewer multiplications"
        ))
    }

    /// Which steps the figures cover.
    fn counted(&self) -> String {
        let steps = HumanCount(self.profile.steps);
        match self.before.steps {
            0 => format!("mean of all {steps} steps, including the first, in which drivers compile"),
            skipped => format!("mean of {steps} steps after {} of warm-up", HumanCount(skipped)),
        }
    }
}

struct PerStep {
    microseconds: f64,
    dispatches: f64,
    bytes_uploaded: f64,
}

impl PerStep {
    fn of(profile: &Profile, before: Work, work: Work) -> Self {
        let steps = profile.steps.max(1) as f64;
        PerStep {
            microseconds: 1e6 * profile.wall_seconds() / steps,
            dispatches: (work.dispatches - before.dispatches) as f64 / steps,
            bytes_uploaded: (work.bytes_uploaded - before.bytes_uploaded) as f64 / steps,
        }
    }
}

/// One row per op and one for idle time, which add up to a step. Times are means over the threads, rates are of all threads
/// together.
fn table(profile: &Profile, peak: PeakRates) -> Table {
    let (workers, steps) = (profile.workers as f64, profile.steps);
    let all = (profile.wall_seconds() * workers).max(f64::MIN_POSITIVE);
    let percent = |part: f64, whole: f64| format!("{:.1} %", 100.0 * part / whole);
    let mut table = Table::new(&[0, 1, 2]);
    table.row(["op", "makes", "phase", "us per step", "of step", "GFLOP/s", "of peak", "GB/s", "of peak"]);
    for row in profile.rows.iter().filter(|row| row.seconds > 0.0) {
        let rate = |rate: f64, peak: f64| match rate {
            0.0 => [String::new(), String::new()],
            rate => [format!("{rate:.1}"), percent(rate, peak)],
        };
        let [gflops, of_gflops] = rate(workers * row.gflops(steps), peak.gflops);
        let [gigabytes, of_gigabytes] = rate(workers * row.gigabytes(steps), peak.gigabytes);
        table.row([
            row.op.to_owned(),
            row.tensor.clone(),
            row.phase.map_or_else(String::new, |phase| format!("{phase:?}").to_lowercase()),
            format!("{:.1}", 1e6 * row.seconds / workers / steps.max(1) as f64),
            percent(row.seconds, all),
            gflops,
            of_gflops,
            gigabytes,
            of_gigabytes,
        ]);
    }
    let idle = (all - profile.busy_seconds()).max(0.0);
    let microseconds = format!("{:.1}", 1e6 * idle / workers / steps.max(1) as f64);
    let (none, of_step) = (String::new, percent(idle, all));
    table.row(["idle".to_owned(), none(), none(), microseconds, of_step]);
    table
}

#[derive(Serialize)]
#[serde(tag = "event", rename = "profile")]
struct Report<'a> {
    steps: u64,
    threads: usize,
    microseconds_a_step: f64,
    idle_share: f64,
    dispatches_a_step: f64,
    bytes_uploaded_a_step: f64,
    reached_gflops: f64,
    reached_gigabytes: f64,
    ops: Vec<OpReport<'a>>,
}

#[derive(Serialize)]
struct OpReport<'a> {
    op: &'a str,
    makes: &'a str,
    /// None for copying images to the device.
    phase: Option<String>,
    microseconds_a_step: f64,
    /// Fraction of a step; together with `idle_share` they add up to 1.
    share: f64,
    multiply_adds: u64,
    bytes: u64,
    gflops: f64,
    gigabytes: f64,
}

impl<'a> Report<'a> {
    fn of(profile: &'a Profile, peak: PeakRates, per_step: &PerStep) -> Self {
        let (workers, steps) = (profile.workers as f64, profile.steps);
        let all = (profile.wall_seconds() * workers).max(f64::MIN_POSITIVE);
        let report = |row: &'a Row| OpReport {
            op: row.op,
            makes: &row.tensor,
            phase: row.phase.map(|phase| format!("{phase:?}").to_lowercase()),
            share: row.seconds / all,
            microseconds_a_step: 1e6 * row.seconds / workers / steps.max(1) as f64,
            multiply_adds: row.multiply_adds,
            bytes: row.bytes,
            gflops: workers * row.gflops(steps),
            gigabytes: workers * row.gigabytes(steps),
        };
        Report {
            steps,
            threads: profile.workers,
            microseconds_a_step: per_step.microseconds,
            idle_share: profile.idle_share(),
            dispatches_a_step: per_step.dispatches,
            bytes_uploaded_a_step: per_step.bytes_uploaded,
            reached_gflops: peak.gflops,
            reached_gigabytes: peak.gigabytes,
            ops: profile.rows.iter().map(report).collect(),
        }
    }
}

/// One event of the Trace Event Format that Chrome and Perfetto read ("complete" events; times in microseconds).
#[derive(Serialize)]
struct TraceEvent<'a> {
    name: &'a str,
    cat: &'a str,
    ph: &'a str,
    ts: f64,
    dur: f64,
    pid: u32,
    tid: usize,
    args: TraceArguments<'a>,
}

#[derive(Serialize)]
struct TraceArguments<'a> {
    step: u64,
    makes: &'a str,
}

/// The name that a viewer shows for the program or one of its workers ("metadata" events).
#[derive(Serialize)]
struct TraceName<'a> {
    name: &'a str,
    ph: &'a str,
    pid: u32,
    tid: usize,
    args: TraceNamed<'a>,
}

#[derive(Serialize)]
struct TraceNamed<'a> {
    name: &'a str,
}

fn write_trace(path: &Path, profile: &Profile, spans: &[Span], device: &Device) -> std::io::Result<()> {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    file.write_all(b"{\"traceEvents\":[\n")?;
    let mut write_name = |name, tid, given: &str| {
        let event = TraceName { name, ph: "M", pid: 1, tid, args: TraceNamed { name: given } };
        serde_json::to_writer(&mut file, &event)?;
        file.write_all(b",\n")
    };
    for worker in 0..profile.workers {
        match device {
            Device::Cpu(_) => write_name("thread_name", worker, &format!("CPU thread {worker}"))?,
            Device::Gpu(_) => write_name("thread_name", worker, "GPU")?,
        }
    }
    let about =
        TraceName { name: "process_name", ph: "M", pid: 1, tid: 0, args: TraceNamed { name: "inkgrad" } };
    serde_json::to_writer(&mut file, &about)?;
    for span in spans {
        let Some(row) = profile.rows.get(span.op.map_or(0, |op| op + 1)) else { continue };
        let phase = row.phase.map_or_else(|| "Feed".to_owned(), |phase| format!("{phase:?}"));
        let event = TraceEvent {
            name: row.op,
            cat: &phase,
            ph: "X",
            ts: 1e6 * span.start,
            dur: 1e6 * (span.end - span.start),
            pid: 1,
            tid: span.worker,
            args: TraceArguments { step: span.step, makes: &row.tensor },
        };
        file.write_all(b",\n")?;
        serde_json::to_writer(&mut file, &event)?;
    }
    file.write_all(b"\n]}\n")?;
    file.flush()
}
