//! Shaders: plain WGSL, joined at compile time from an op's own file and the parts that it uses.

/// One of an op's shaders.
#[derive(Clone, Copy, Debug)]
pub struct Shader {
    /// What tells it apart from the op's other shaders, such as `plain`, `blocked`, `subgroups`.
    pub variant: &'static str,
    /// Whether the shader is only for devices with subgroups of at least 8 lanes.
    pub needs_subgroups: bool,
    /// The shader is only for devices whose subgroups have no more lanes than this.
    pub most_lanes: usize,
    /// WGSL, valid by itself: the op's own file, then its parts. The entry point is `main`.
    pub source: &'static str,
}

impl Shader {
    /// The variant that every op has.
    pub(super) const fn plain(source: &'static str) -> Self {
        Shader::variant("plain", source)
    }

    pub(super) const fn variant(variant: &'static str, source: &'static str) -> Self {
        Shader { variant, needs_subgroups: false, most_lanes: usize::MAX, source }
    }

    /// The variant that makes large blocks of its result in registers and uses no workgroup memory.
    pub(super) const fn blocked(source: &'static str) -> Self {
        Shader::variant("blocked", source)
    }

    /// A value of the result, or a few of them, by one invocation, without workgroup memory and barriers: on SwiftShader, a software
    /// GPU, ops with barriers took several times as long. (`blocked` has none either, but takes minutes and gigabytes to compile there.)
    pub(super) const fn separate(source: &'static str) -> Self {
        Shader::variant(Shader::SEPARATE, source)
    }

    /// The name of `separate`, and the beginning of the names of its own variants.
    pub const SEPARATE: &'static str = "separate";

    /// Tiles of 8 x 8 values per invocation, for large shapes.
    pub(super) const fn large(source: &'static str) -> Self {
        Shader::variant("large", source)
    }

    /// Sums split among the invocations of a workgroup, for shapes too small to occupy a large GPU otherwise.
    pub(super) const fn split(source: &'static str) -> Self {
        Shader::variant("split", source)
    }

    /// As `blocked`, but a value that all lanes need is read by one and broadcast within the subgroup.
    pub(super) const fn subgroups(source: &'static str) -> Self {
        Shader { needs_subgroups: true, ..Shader::variant("subgroups", source) }
    }

    /// A shader with subgroups in workgroups that are also deep, `lanes` wide: all lanes of a subgroup must have the same
    /// depth.
    pub(super) const fn split_among(self, variant: &'static str, lanes: usize) -> Self {
        Shader { variant, most_lanes: lanes, ..self }
    }
}

/// The text of `shaders/OP.wgsl`, then of each `shaders/parts/PART.wgsl`. WGSL allows declarations in any order, so the op's
/// own file comes first, for readers. (With naga 30, though, an array size that is an expression of `override` constants must
/// have a name, `override SUMS: u32 = TILE * THREADS`; otherwise naga does not find constants that are declared after the
/// array.)
macro_rules! join {
    ($op:literal, $($part:literal),+) => {
        concat!(
            include_str!(concat!("../../../shaders/", $op, ".wgsl")),
            $(include_str!(concat!("../../../shaders/parts/", $part, ".wgsl")),)+
        )
    };
}
pub(super) use join;
