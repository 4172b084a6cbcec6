//! `inkgrad devices`.

use clap::Args;
use inkgrad::cpu;
use inkgrad::gpu::{About, Adapter};
use serde::Serialize;

use super::failure::Failure;
use super::table::Table;
use super::{json, output};

#[derive(Args)]
pub struct Options {
    /// Print one line of JSON per device
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
#[serde(tag = "device", rename_all = "snake_case")]
enum DeviceEntry<'a> {
    Gpu {
        /// What `--adapter` takes.
        number: usize,
        #[serde(flatten)]
        about: &'a About,
    },
    Cpu {
        name: &'a str,
        threads: usize,
    },
}

pub async fn run(options: Options) -> Result<(), Failure> {
    let adapters = Adapter::all().await;
    let cpu = cpu::Device::new();
    if options.json {
        for (number, adapter) in adapters.iter().enumerate() {
            json::line(&DeviceEntry::Gpu { number, about: adapter.about() })?;
        }
        return json::line(&DeviceEntry::Cpu { name: &cpu.name(), threads: cpu.threads() });
    }
    let mut table = Table::new(&[1, 2, 3, 4, 5, 11]);
    table.row([
        "number",
        "adapter",
        "backend",
        "driver",
        "kind",
        "PCI address",
        "buffer",
        "binding",
        "workgroup",
        "invocations",
        "bindings",
        "features",
    ]);
    for (number, adapter) in adapters.iter().enumerate() {
        table.row(cells(number, adapter.about()));
    }
    if adapters.is_empty() {
        output::line("no GPU adapter")?;
    } else {
        output::print(table)?;
    }
    output::line(cpu.name())
}

fn cells(number: usize, about: &About) -> [String; 12] {
    let mut features = Vec::new();
    if let Some((least, most)) = about.subgroups {
        features.push(if least == most {
            format!("subgroups of {least}")
        } else {
            format!("subgroups of {least} to {most}")
        });
    }
    let others = [(about.has_timestamps, "timestamps"), (about.has_cooperative_matrix, "cooperative matrix")];
    features.extend(others.into_iter().filter(|(has, _)| *has).map(|(_, name)| name.to_owned()));
    [
        number.to_string(),
        about.name.clone(),
        about.backend.clone(),
        about.driver.clone(),
        format!("{:?}", about.kind).to_lowercase(),
        about.pci_address.clone().unwrap_or_default(),
        bytes(about.max_buffer_bytes),
        bytes(about.max_binding_bytes),
        bytes(about.max_workgroup_bytes.into()),
        about.max_workgroup_invocations.to_string(),
        about.max_storage_buffers.to_string(),
        features.join(", "),
    ]
}

/// Formats bytes in the largest unit that is not above the value.
fn bytes(count: u64) -> String {
    match count {
        count if count >= 1 << 30 => format!("{} GiB", count >> 30),
        count if count >= 1 << 20 => format!("{} MiB", count >> 20),
        count => format!("{} KiB", count >> 10),
    }
}
