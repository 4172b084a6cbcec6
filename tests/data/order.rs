//! The order of batches, as a training run relies on it.

use inkgrad::data::BatchOrder;
use proptest::prelude::*;

fn draw(order: &mut BatchOrder, batches: usize) -> Vec<u32> {
    let mut batch = Vec::new();
    (0..batches)
        .flat_map(|_| {
            order.next_batch(&mut batch);
            batch.clone()
        })
        .collect()
}

fn assert_permutation(epoch: &[u32]) {
    let mut sorted = epoch.to_vec();
    sorted.sort_unstable();
    assert!(sorted.iter().copied().eq(0..epoch.len() as u32));
}

#[test]
fn mnist_epochs_are_permutations_that_differ() {
    let all = draw(&mut BatchOrder::new(55_000, 50, 1).unwrap(), 2200);
    let (first, second) = all.split_at(55_000);
    assert_permutation(first);
    assert_permutation(second);
    let same_place = first.iter().zip(second).filter(|(a, b)| a == b).count();
    assert!(same_place < 10, "{same_place} examples came at the same place twice");
    let other_seed = draw(&mut BatchOrder::new(55_000, 50, 2).unwrap(), 1100);
    assert_ne!(first, other_seed);
}

#[test]
fn a_batch_crosses_the_end_of_an_epoch() {
    let all = draw(&mut BatchOrder::new(10, 4, 3).unwrap(), 5);
    assert_eq!(all.len(), 20);
    assert_permutation(&all[..10]);
    assert_permutation(&all[10..]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_epoch_is_a_permutation(examples in 1usize..200, batch in 1usize..500, seed: u64) {
        let all = draw(&mut BatchOrder::new(examples, batch, seed).unwrap(), 12);
        prop_assert_eq!(all.len(), 12 * batch);
        for epoch in all.chunks_exact(examples) {
            assert_permutation(epoch);
        }
    }

    #[test]
    fn resumed_equals_straight(
        examples in 1usize..200, batch in 1usize..500, seed: u64, before in 0usize..20,
    ) {
        let mut straight = BatchOrder::new(examples, batch, seed).unwrap();
        draw(&mut straight, before);
        let mut resumed = BatchOrder::at(examples, batch, seed, straight.position()).unwrap();
        prop_assert_eq!(resumed.position(), before as u64);
        prop_assert_eq!(resumed.epochs(), straight.epochs());
        prop_assert_eq!(draw(&mut resumed, 9), draw(&mut straight, 9));
    }
}
