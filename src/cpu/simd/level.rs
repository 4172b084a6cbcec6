//! Which vector instructions are used: chosen once, at run time.

/// A set of vector instructions. Levels differ in the last bits of their results (they add up in vectors of
/// different lengths); one level gives the same bits however many threads work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Plain Rust, which the compiler vectorises as far as the target's baseline goes. In WebAssembly that is compiled with
    /// 128-bit vectors, these are used, 4 values each.
    Portable,
    /// AVX2 and FMA: 8 values per vector.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 F, BW and VL: 16 values per vector.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// The same on processors that execute such vectors in two passes: algorithms for which long vectors have a cost (empty
    /// lanes) use short ones.
    #[cfg(target_arch = "x86_64")]
    Avx512Split,
    /// NEON, which every 64-bit Arm has: 4 values per vector.
    #[cfg(target_arch = "aarch64")]
    Neon,
}

impl Level {
    /// The levels that this machine has, the best last.
    // On other architectures, as in a browser, nothing is added.
    #[allow(unused_mut)]
    pub fn available() -> Vec<Level> {
        let mut levels = vec![Level::Portable];
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            levels.push(Level::Avx2);
            let found = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl");
            if found {
                levels.push(Level::Avx512);
            }
            if found && splits_long_vectors() {
                levels.push(Level::Avx512Split);
            }
        }
        #[cfg(target_arch = "aarch64")]
        levels.push(Level::Neon);
        levels
    }

    pub fn best() -> Level {
        Level::available().last().copied().unwrap_or(Level::Portable)
    }

    /// Values per vector.
    pub(crate) fn lanes(self) -> usize {
        match self {
            Level::Portable => <crate::cpu::simd::Baseline as crate::cpu::simd::F32>::LANES,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => 8,
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 | Level::Avx512Split => 16,
            #[cfg(target_arch = "aarch64")]
            Level::Neon => 4,
        }
    }

    /// The widest level up to this one whose vectors the processor takes whole.
    pub(crate) fn unsplit(self) -> Level {
        match self {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512Split => Level::Avx2,
            level => level,
        }
    }
}

/// Whether vectors of 16 values take two passes, as in AMD's Zen 4, family 0x19 (Software Optimization Guide for the AMD Zen 4
/// Microarchitecture, publication 57647).
#[cfg(target_arch = "x86_64")]
fn splits_long_vectors() -> bool {
    use std::arch::x86_64::__cpuid;
    let (vendor, about) = (__cpuid(0), __cpuid(1).eax);
    let name = [vendor.ebx, vendor.edx, vendor.ecx].map(u32::to_le_bytes);
    let family = (about >> 8 & 0xf) + (about >> 20 & 0xff);
    name.concat() == b"AuthenticAMD" && family == 0x19
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(match self {
            Level::Portable if cfg!(target_arch = "wasm32") => "128-bit vectors",
            Level::Portable => "no vector instructions beyond the baseline",
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 | Level::Avx512Split => "AVX-512",
            #[cfg(target_arch = "aarch64")]
            Level::Neon => "NEON",
        })
    }
}
