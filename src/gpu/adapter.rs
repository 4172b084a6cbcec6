//! Lists the machine's GPUs and chooses one.

use wgpu::{DeviceType, Features};

use crate::error::{Error, Result};

/// Which adapter is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The best real GPU, never a software adapter.
    #[default]
    RealGpu,
    /// The best adapter, a software adapter if there is no other.
    Any,
    /// The one with this number in [`Adapter::all`], from 0; or else the first whose name, backend, driver or PCI address
    /// contains the text, ignoring case.
    Named(String),
}

impl Choice {
    /// The index of the adapter to take.
    fn among<'a>(&self, adapters: impl ExactSizeIterator<Item = &'a About>) -> Option<usize> {
        let mut adapters = adapters;
        match self {
            Choice::RealGpu => adapters.position(|about| about.kind != Kind::Software),
            Choice::Any => (adapters.len() > 0).then_some(0),
            Choice::Named(text) => match text.parse() {
                Ok(number) if number < adapters.len() => Some(number),
                _ => adapters.position(|about| about.mentions(text)),
            },
        }
    }
}

/// What sort of device an adapter is, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Discrete,
    Integrated,
    Virtual,
    /// The driver does not say (browsers).
    Unknown,
    /// A program that emulates a GPU on the CPU.
    Software,
}

/// An adapter's properties and limits.
#[derive(Clone, Debug, serde::Serialize)]
pub struct About {
    pub name: String,
    pub backend: String,
    pub driver: String,
    pub kind: Kind,
    /// Such as `0000:01:00.0`, where the backend says it: it tells equal cards apart.
    pub pci_address: Option<String>,
    pub max_buffer_bytes: u64,
    pub max_binding_bytes: u64,
    pub max_workgroup_bytes: u32,
    pub max_workgroup_invocations: u32,
    pub max_storage_buffers: u32,
    /// Smallest and largest subgroup; none if shaders cannot use subgroups.
    pub subgroups: Option<(u32, u32)>,
    pub has_timestamps: bool,
    pub has_cooperative_matrix: bool,
}

/// A GPU, or a program that emulates one.
pub struct Adapter {
    pub(super) raw: wgpu::Adapter,
    about: About,
}

const NO_ADAPTER: &str = "Install the GPU maker's driver with Vulkan (on Windows DirectX 12 and on macOS Metal come \
                          with the system); for a software GPU on Debian or Ubuntu: `apt-get install \
                          mesa-vulkan-drivers`. `--device cpu` needs no GPU";
/// The environment's name for wgpu's backends.
const BACKEND: &str = "WGPU_BACKEND";
const NO_BACKEND: &str = "The environment's WGPU_BACKEND names no backend (vulkan, metal, dx12): unset it";
const NO_REAL_GPU: &str = "Install the GPU maker's driver with Vulkan, or take the software adapter with `--device \
                           gpu`, or do without a GPU with `--device cpu`";
const NO_SUCH_GPU: &str = "`inkgrad devices` lists what there is; any part of a name will do";

impl Adapter {
    /// Every adapter, the best first.
    pub async fn all() -> Vec<Adapter> {
        Self::of(&instance()).await
    }

    async fn of(instance: &wgpu::Instance) -> Vec<Adapter> {
        // A browser offers a single adapter, and this option alone influences which.
        let raw = if cfg!(target_arch = "wasm32") {
            instance.request_adapter(&best()).await.into_iter().collect()
        } else {
            instance.enumerate_adapters(wgpu::Backends::all()).await
        };
        let mut adapters: Vec<_> =
            raw.into_iter().map(|raw| Adapter { about: About::of(&raw), raw }).collect();
        adapters.sort_by_key(|adapter| adapter.about.kind); // stable: otherwise in the system's order
        adapters
    }

    /// The best adapter that matches `choice`.
    ///
    /// # Errors
    /// `NoAdapter`, with the adapters found instead and how to get one.
    pub async fn choose(choice: &Choice) -> Result<Adapter> {
        let instance = instance();
        let mut adapters = Self::of(&instance).await;
        if let Some(wanted) = choice.among(adapters.iter().map(Adapter::about)) {
            return Ok(adapters.swap_remove(wanted));
        }
        let passed_over: Vec<String> = adapters.iter().map(|a| a.about.to_string()).collect();
        let found = passed_over.join("; ");
        let looked_for = match choice {
            Choice::RealGpu => "a GPU that is not a software one".into(),
            Choice::Any => "any adapter".into(),
            Choice::Named(text) => {
                format!(
                    "an adapter with `{text}` as its number or in its name, backend, driver or PCI address"
                )
            }
        };
        let (found, remedy) = match (found.is_empty(), choice) {
            (true, _) if backends().is_empty() => ("none".into(), NO_BACKEND),
            (true, _) => (nothing(&instance).await, NO_ADAPTER),
            (false, Choice::Named(_)) => (found, NO_SUCH_GPU),
            (false, _) => (found, NO_REAL_GPU),
        };
        Err(Error::NoAdapter { looked_for, found, remedy, passed_over })
    }

    pub fn about(&self) -> &About {
        &self.about
    }
}

/// Why there is no adapter, backend by backend.
async fn nothing(instance: &wgpu::Instance) -> String {
    match instance.request_adapter(&best()).await {
        Err(error) => format!("none ({error})"),
        Ok(_) => "none".into(),
    }
}

fn best() -> wgpu::RequestAdapterOptions<'static, 'static> {
    wgpu::RequestAdapterOptions {
        power_preference: wgpu::PowerPreference::HighPerformance,
        ..Default::default()
    }
}

fn instance() -> wgpu::Instance {
    let description = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
    wgpu::Instance::new(wgpu::InstanceDescriptor { backends: backends(), ..description })
}

/// All, or those that the environment variable names. An empty variable is ignored.
fn backends() -> wgpu::Backends {
    match std::env::var_os(BACKEND) {
        Some(named) if !named.is_empty() => wgpu::Backends::all().with_env(),
        _ => wgpu::Backends::all(),
    }
}

impl About {
    fn of(raw: &wgpu::Adapter) -> Self {
        let (info, limits, features) = (raw.get_info(), raw.limits(), raw.features());
        let driver = format!("{} {}", info.driver, info.driver_info).trim().to_owned();
        About {
            name: if info.name.is_empty() { "unnamed".into() } else { info.name },
            backend: info.backend.to_string(),
            driver,
            kind: match info.device_type {
                DeviceType::DiscreteGpu => Kind::Discrete,
                DeviceType::IntegratedGpu => Kind::Integrated,
                DeviceType::VirtualGpu => Kind::Virtual,
                DeviceType::Other => Kind::Unknown,
                DeviceType::Cpu => Kind::Software,
            },
            pci_address: Some(info.device_pci_bus_id).filter(|address| !address.is_empty()),
            max_buffer_bytes: limits.max_buffer_size,
            max_binding_bytes: limits.max_storage_buffer_binding_size,
            max_workgroup_bytes: limits.max_compute_workgroup_storage_size,
            max_workgroup_invocations: limits.max_compute_invocations_per_workgroup,
            max_storage_buffers: limits.max_storage_buffers_per_shader_stage,
            subgroups: features
                .contains(Features::SUBGROUP)
                .then_some((info.subgroup_min_size, info.subgroup_max_size)),
            has_timestamps: features.contains(Features::TIMESTAMP_QUERY),
            has_cooperative_matrix: features.contains(Features::EXPERIMENTAL_COOPERATIVE_MATRIX),
        }
    }

    fn mentions(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let pci_address = self.pci_address.as_ref();
        let mut fields = [&self.name, &self.backend, &self.driver].into_iter().chain(pci_address);
        fields.any(|field| field.to_lowercase().contains(&text))
    }
}

/// `NVIDIA H200 (vulkan, discrete, NVIDIA 570.1)`.
impl std::fmt::Display for About {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let kind = match self.kind {
            Kind::Discrete => "discrete",
            Kind::Integrated => "integrated",
            Kind::Virtual => "virtual",
            Kind::Unknown => "of unknown kind",
            Kind::Software => "software",
        };
        write!(f, "{} ({}, {kind}", self.name, self.backend)?;
        match self.driver.is_empty() {
            true => write!(f, ")"),
            false => write!(f, ", {})", self.driver),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(kind: Kind, pci_address: &str) -> About {
        About {
            name: "Card 9000".into(),
            backend: "vulkan".into(),
            driver: String::new(),
            kind,
            pci_address: Some(pci_address.into()),
            max_buffer_bytes: 0,
            max_binding_bytes: 0,
            max_workgroup_bytes: 0,
            max_workgroup_invocations: 0,
            max_storage_buffers: 0,
            subgroups: None,
            has_timestamps: false,
            has_cooperative_matrix: false,
        }
    }

    #[test]
    fn equal_cards_are_told_apart_by_number_and_address() {
        let cards = [about(Kind::Discrete, "0000:01:00.0"), about(Kind::Discrete, "0000:4A:00.0")];
        let named = |text: &str| Choice::Named(text.into()).among(cards.iter());
        assert_eq!((named("0"), named("1"), named("2")), (Some(0), Some(1), None));
        assert_eq!((named("0000:01:00.0"), named("4a:00")), (Some(0), Some(1)));
        // A number that no adapter has may be part of a name.
        assert_eq!((named("9000"), named("card"), named("8000")), (Some(0), Some(0), None));
    }
}
