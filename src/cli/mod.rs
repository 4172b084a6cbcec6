//! The commands: their arguments, what they print, and their exit codes (0 success, 1 the work failed, 2 wrong
//! usage or environment).

mod announcement;
mod app;
mod bench;
mod classifier;
mod colours;
mod compare;
mod data;
mod data_options;
mod device;
mod devices;
mod dots;
mod eval;
mod export;
mod failure;
mod find_rate;
mod heat_map;
mod import;
mod interrupt;
mod json;
mod live;
mod many;
mod meter;
mod metrics;
mod options;
mod output;
mod overwriting;
mod picture_files;
mod plot;
mod plotting;
mod predict;
mod profiling;
mod progress;
mod read;
mod recipe;
mod records;
mod report;
mod reports;
mod run;
mod shader;
mod shell;
mod source;
mod summary;
mod sweep;
mod table;
mod tensorboard;
mod text;
mod train;
mod training;
mod tuning;
mod verify;
mod waiting;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use failure::Failure;

#[derive(Parser)]
#[command(name = "inkgrad", version, about = "Trains image classifiers on any GPU, or on the CPU")]
#[command(subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "`inkgrad train` alone trains the built-in softmax regression on MNIST.\n\
    Exit codes: 0 success, 1 the work failed, 2 wrong usage or environment, 130 interrupted by Ctrl-C.")]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Train a network and test it
    Train(Box<train::Options>),
    /// Try variations of a recipe, and rank them by their validation images
    Sweep(Box<sweep::Options>),
    /// Open a page to train and draw on, with this machine's devices
    App(app::Options),
    /// Test a saved model: accuracy, loss, confusion matrix, precision and recall
    Eval(eval::Options),
    /// Write a page that shows what a saved model does: mistakes, confusions, calibration, curves
    Report(report::Options),
    /// Say whether saved models differ (McNemar's test)
    Compare(compare::Options),
    /// Draw the loss and the accuracy of one or several runs, from their logs
    Plot(plot::Options),
    /// Recognise digits in pictures (or, with your own model, whatever it was trained on)
    Predict(predict::Options),
    /// Read the numbers on pages of handwriting
    Read(read::Options),
    /// Write a saved model for other programs: ONNX, PyTorch, Keras, C
    Export(export::Options),
    /// Make a model file from another program's network: ONNX (PyTorch's and Keras' too)
    Import(import::Options),
    /// Compare every op, or those named, on this machine's device with its definition in float64
    Verify(verify::Options),
    /// Measure training speed on the tasks that other frameworks are measured on (not the presets of the same names)
    Bench(bench::Options),
    /// Show what a data set holds: classes, counts, sizes, mean, duplicates; write it in another form
    Data(data::Options),
    /// List the devices that can train
    Devices(devices::Options),
    /// Show a network's layers, shapes and parameters
    Summary(summary::Options),
    /// Print a preset's recipe, to edit and use with `train --recipe`
    Recipe(recipe::Options),
    /// Print an op's shader: WGSL that is valid by itself
    Shader(shader::Options),
}

/// Runs the command that the arguments name. Errors have been printed when this returns.
pub async fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let started = std::time::Instant::now();
    let parsed = command_line().try_get_matches_from(arguments);
    let command = match parsed.and_then(|matches| CommandLine::from_arg_matches(&matches)) {
        Ok(CommandLine { command }) => command,
        Err(refusal) => return refused(&refusal),
    };
    let done = match command {
        Command::Train(options) => train::run(*options).await,
        Command::Sweep(options) => sweep::run(*options).await,
        Command::App(options) => app::run(options).await,
        Command::Eval(options) => eval::run(options).await,
        Command::Report(options) => report::run(options).await,
        Command::Compare(options) => compare::run(options).await,
        Command::Plot(options) => plot::run(&options),
        Command::Predict(options) => predict::run(options).await,
        Command::Read(options) => read::run(options).await,
        Command::Export(options) => export::run(&options),
        Command::Import(options) => import::run(&options),
        Command::Verify(options) => verify::run(options).await,
        Command::Bench(options) => bench::run(options, started).await,
        Command::Data(options) => data::run(&options),
        Command::Devices(options) => devices::run(options).await,
        Command::Summary(options) => summary::run(&options),
        Command::Recipe(options) => recipe::run(&options),
        Command::Shader(options) => shader::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => ended(&failure),
    }
}

/// All commands and their arguments. A negative number after an option is read as its value, so that an error is about the
/// value: by default clap takes `-5` for an unknown option.
fn command_line() -> clap::Command {
    CommandLine::command().mut_subcommands(|command| {
        command.mut_args(|argument| {
            let takes_value = argument.get_action().takes_values() && !argument.is_positional();
            if takes_value { argument.allow_negative_numbers(true) } else { argument }
        })
    })
}

/// Prints what went wrong, unless it has been printed; returns the exit code.
fn ended(failure: &Failure) -> ExitCode {
    if let Failure::Error(error) = failure {
        output::note(format_args!("inkgrad: error: {error}"));
    }
    ExitCode::from(failure.exit_code())
}

/// clap's answer. Help and version that were asked for are results on standard output; without any argument the help goes
/// to standard error and the exit code is that of a usage error, as usual with clap. Everything else begins like any
/// error here.
fn refused(refusal: &clap::Error) -> ExitCode {
    if refusal.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        output::note(refusal.render().to_string().trim_end());
        return ExitCode::from(failure::USAGE);
    }
    if refusal.use_stderr() {
        output::note(format_args!("inkgrad: {}", refusal.render().to_string().trim_end()));
        return ExitCode::from(failure::USAGE);
    }
    match output::print(refusal.render()) {
        Ok(()) | Err(Failure::Closed) => ExitCode::SUCCESS,
        Err(failure) => ended(&failure),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_definitions_are_sound() {
        super::command_line().debug_assert();
    }

    #[test]
    fn a_negative_number_is_the_value_of_the_option_before_it() {
        let refusal = super::command_line().try_get_matches_from(["inkgrad", "train", "--steps", "-5"]);
        let text = refusal.expect_err("fewer than no steps").to_string();
        assert!(text.contains("invalid value '-5' for '--steps <N>'"), "{text}");
    }
}
