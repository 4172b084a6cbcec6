//! Every shader's joined text by itself: read and checked by naga, the translator that wgpu uses.

use std::collections::BTreeSet;

use inkgrad::plan::{Op, Shader};
use wgpu::naga::ShaderStage;
use wgpu::naga::back::pipeline_constants::process_overrides;
use wgpu::naga::front::wgsl;
use wgpu::naga::valid::{Capabilities, ValidationFlags, Validator};

fn all() -> impl Iterator<Item = (&'static str, &'static Shader)> {
    Op::all_shaders().into_iter().flat_map(|(op, shaders)| shaders.iter().map(move |shader| (op, shader)))
}

#[test]
fn every_shader_is_valid_wgsl() {
    for (op, shader) in all() {
        let Shader { variant, source, needs_subgroups, .. } = shader;
        let module = wgsl::parse_str(source);
        let module =
            module.unwrap_or_else(|error| panic!("{op} {variant}: {}", error.emit_to_string(source)));
        let may_use = match needs_subgroups {
            true => Capabilities::SUBGROUP,
            false => Capabilities::empty(),
        };
        let checked = Validator::new(ValidationFlags::all(), may_use).validate(&module);
        if let Err(error) = checked {
            panic!("{op} {variant}: {}", error.emit_to_string(source));
        }
        let entries: Vec<_> = module.entry_points.iter().map(|entry| (&*entry.name, entry.stage)).collect();
        assert_eq!(entries, [("main", ShaderStage::Compute)], "{op} {variant}");
    }
}

/// A reader meets what it computes first.
#[test]
fn every_shader_begins_with_its_header() {
    for (op, Shader { variant, source, .. }) in all() {
        assert!(source.starts_with("// "), "{op} {variant}");
        let is_used = |line: &&str| !line.starts_with("//") && !line.is_empty();
        assert!(source.lines().take_while(|line| !is_used(line)).count() >= 2, "{op} {variant}");
    }
}

/// What a launch gives is what its shader takes: all its constants, bindings without gaps, a stride for each binding.
#[test]
fn launches_fit_their_shaders() {
    let mut seen = BTreeSet::new();
    for case in inkgrad::verify::cases() {
        for planned in &case.plan.ops {
            for launch in planned.op.launches(&case.plan) {
                let op = planned.op.name();
                let Shader { variant, source, .. } = launch.shader;
                if !seen.insert((op, variant)) {
                    continue;
                }
                let module = wgsl::parse_str(source).unwrap();
                let info = Validator::new(ValidationFlags::all(), Capabilities::SUBGROUP).validate(&module);
                let info = info.unwrap();
                let strides = (0..launch.bindings.len()).map(|binding| (binding.to_string(), 0.0));
                let constants = launch.constants.iter().map(|(name, value)| ((*name).to_owned(), *value));
                let constants = constants.chain(strides).collect();
                let with_constants = process_overrides(&module, &info, None, &constants);
                with_constants.unwrap_or_else(|error| panic!("{op} {variant}: {error:?}"));
                let bindings: BTreeSet<u32> = module
                    .global_variables
                    .iter()
                    .filter_map(|(_, variable)| variable.binding.as_ref())
                    .filter(|binding| binding.group == 0)
                    .map(|binding| binding.binding)
                    .collect();
                let launched: BTreeSet<u32> = (0..launch.bindings.len() as u32).collect();
                assert_eq!(bindings, launched, "{op} {variant}");
            }
        }
    }
    let listed: BTreeSet<_> = all().map(|(op, shader)| (op, shader.variant)).collect();
    assert_eq!(seen, listed, "launched by verify's cases, and listed");
}
