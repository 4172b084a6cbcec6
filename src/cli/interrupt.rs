//! Requests to stop, such as Ctrl-C: the first one lets the run finish its step and save, the second one ends the program at
//! once.
//!
//! On Unix: SIGINT (Ctrl-C), SIGTERM (which clusters and containers send) and SIGHUP (the terminal is gone), unless `nohup`
//! or the like has made the program ignore it. On Windows: Ctrl-C, Ctrl-Break, a closed window, log-off and shutdown.

use std::sync::OnceLock;

use inkgrad::{Error, Result};

static WATCHED: OnceLock<bool> = OnceLock::new();

pub struct Interrupt(());

/// Starts listening if `wanted`. A run with no checkpoint or profile to write has nothing to save, so such a request ends
/// the program as usual.
pub fn watch(wanted: bool) -> Result<Interrupt> {
    if wanted && WATCHED.set(true).is_ok() {
        system::listen().map_err(|error| Error::Internal(format!("the handler of Ctrl-C: {error}")))?;
    }
    Ok(Interrupt(()))
}

impl Interrupt {
    /// The exit code of a program that stops now because it was asked to; none if it was not.
    pub fn asked_for(&self) -> Option<u8> {
        system::asked_for()
    }
}

#[cfg(unix)]
mod system {
    use std::io::Result;
    use std::mem::MaybeUninit;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::sync::{Arc, LazyLock};

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::flag;

    /// The last signal that arrived; 0 for none.
    static SIGNAL: LazyLock<Arc<AtomicUsize>> = LazyLock::new(Arc::default);

    /// What shells report for a program that a signal has ended.
    fn exit_code(signal: i32) -> i32 {
        128 + signal
    }

    pub fn listen() -> Result<()> {
        let again = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            if signal == SIGHUP && is_ignored(signal) {
                continue;
            }
            // In this order the first signal finds the flag not yet set.
            flag::register_conditional_shutdown(signal, exit_code(signal), again.clone())?;
            flag::register(signal, again.clone())?;
            flag::register_usize(signal, SIGNAL.clone(), signal as usize)?;
        }
        Ok(())
    }

    fn is_ignored(signal: i32) -> bool {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: without a new action the call changes nothing. It writes a whole `sigaction` where it succeeds, and zeroed
        // is valid for all of its fields where it does not.
        let action = unsafe {
            libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr());
            action.assume_init()
        };
        action.sa_sigaction == libc::SIG_IGN
    }

    pub fn asked_for() -> Option<u8> {
        let signal = SIGNAL.load(Ordering::Relaxed) as i32;
        (signal != 0).then(|| exit_code(signal) as u8)
    }
}

#[cfg(windows)]
mod system {
    use std::io::{Error, Result};
    use std::sync::atomic::{AtomicU32, Ordering};

    use windows_sys::Win32::System::Console::{CTRL_BREAK_EVENT, CTRL_C_EVENT, SetConsoleCtrlHandler};
    use windows_sys::core::BOOL;

    /// As on Unix.
    const INTERRUPTED: u8 = 130;

    static REQUESTS: AtomicU32 = AtomicU32::new(0);

    pub fn listen() -> Result<()> {
        // SAFETY: the handler is a function of the required type that lives as long as the program.
        match unsafe { SetConsoleCtrlHandler(Some(handle), 1) } {
            0 => Err(Error::last_os_error()),
            _ => Ok(()),
        }
    }

    /// The system runs this on a thread of its own.
    extern "system" fn handle(event: u32) -> BOOL {
        if REQUESTS.fetch_add(1, Ordering::Relaxed) > 0 {
            std::process::exit(INTERRUPTED.into());
        }
        if !matches!(event, CTRL_C_EVENT | CTRL_BREAK_EVENT) {
            // The window is closed, or the user logs off: the system ends the program when this returns, and after some
            // seconds in any case.
            loop {
                std::thread::park();
            }
        }
        1
    }

    pub fn asked_for() -> Option<u8> {
        (REQUESTS.load(Ordering::Relaxed) > 0).then_some(INTERRUPTED)
    }
}

#[cfg(not(any(unix, windows)))]
mod system {
    pub fn listen() -> std::io::Result<()> {
        Ok(())
    }

    pub fn asked_for() -> Option<u8> {
        None
    }
}
