use inkgrad::plan::{NO_IMAGE, NO_LABEL, Op, image_stride};

use super::{Wanted, check};

#[test]
fn picks_images_and_labels() {
    check("gather", 0.0, |op, inputs| {
        let Op::Gather(op) = op else { unreachable!() };
        let (all, labels) = (inputs.bytes(op.all_images), inputs.words(op.all_labels));
        let (mut images, mut picked) = (Vec::new(), Vec::new());
        for index in inputs.words(op.indices) {
            let mut row = vec![0; image_stride(op.columns)];
            if index != NO_IMAGE {
                let start = index as usize * op.columns;
                row[..op.columns].copy_from_slice(&all[start..start + op.columns]);
            }
            images.extend(row.chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())));
            picked.push(if index == NO_IMAGE { NO_LABEL } else { labels[index as usize] });
        }
        vec![Wanted::Words(images), Wanted::Words(picked)]
    });
}
