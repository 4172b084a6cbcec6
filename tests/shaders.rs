//! Every shader's joined text by itself: read and checked by naga, the translator that wgpu uses.

use std::collections::BTreeSet;

use inkgrad::plan::{Op, Shader};
use wgpu::naga::ShaderStage;
use wgpu::naga::front::wgsl;
use wgpu::naga::valid::{Capabilities, ValidationFlags, Validator};

fn all() -> impl Iterator<Item = (&'static str, &'static Shader)> {
    Op::all_shaders().into_iter().flat_map(|(op, shaders)| shaders.iter().map(move |shader| (op, shader)))
}

#[test]
fn every_shader_is_valid_wgsl() {
    for (op, shader) in all() {
        let Shader { variant, source, needs_subgroups } = shader;
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

/// What a launch gives and what its shader takes are the same: bindings without gaps, strides by binding.
#[test]
fn launches_fit_their_shaders() {
    let mut seen = BTreeSet::new();
    for case in inkgrad::verify::cases() {
        for planned in &case.plan.ops {
            for launch in planned.op.launches(&case.plan) {
                let op = planned.op.name();
                let Shader { variant, source, .. } = launch.shader;
                seen.insert((op, variant));
                for (constant, _) in &launch.constants {
                    let declared = format!("override {constant}:");
                    assert!(source.contains(&declared), "{op} {variant}: no constant {constant}");
                }
                for binding in 0..launch.bindings.len() {
                    let declared = format!("@group(0) @binding({binding})");
                    assert_eq!(source.matches(&declared).count(), 1, "{op} {variant}: binding {binding}");
                    let stride = format!("@id({binding}) override STRIDE_{binding}:");
                    assert!(source.contains(&stride), "{op} {variant}: no stride of binding {binding}");
                }
                let bindings = source.matches("@group(0) @binding(").count();
                assert_eq!(bindings, launch.bindings.len(), "{op} {variant}");
            }
        }
    }
    let listed: BTreeSet<_> = all().map(|(op, shader)| (op, shader.variant)).collect();
    assert_eq!(seen, listed, "launched by verify's cases, and listed");
}
