//! A seeded choice of images that takes the same share of each class.

use crate::random::{Sequence, Stream};

/// What the choice is for: each has random values of its own.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    Validation = 0,
    Test = 1,
}

/// The positions, in ascending order, of `count` labels of which each class has its share. One image of each class is always
/// left, so that fewer may be chosen.
pub(super) fn choose(labels: &[u8], count: usize, seed: u64, purpose: Purpose) -> Vec<usize> {
    let mut members = vec![Vec::new(); 256];
    for (at, label) in labels.iter().enumerate() {
        members[usize::from(*label)].push(at);
    }
    let mut chosen = Vec::new();
    for (class, (members, share)) in members.iter_mut().zip(shares(&counts(labels), count)).enumerate() {
        // The first `share` of a Fisher-Yates shuffle.
        let mut random = Sequence::new(seed, Stream::Split, (class + 256 * purpose as usize) as u64);
        for at in 0..share.min(members.len()) {
            let other = at + random.below((members.len() - at) as u32) as usize;
            members.swap(at, other);
            chosen.push(members[at]);
        }
    }
    chosen.sort_unstable();
    chosen
}

fn counts(labels: &[u8]) -> [usize; 256] {
    let mut counts = [0; 256];
    labels.iter().for_each(|label| counts[usize::from(*label)] += 1);
    counts
}

/// How many images of each class: the parts of `count` in proportion to the classes' images, rounded by largest remainder.
fn shares(classes: &[usize], count: usize) -> Vec<usize> {
    let all: usize = classes.iter().sum();
    let exact = |images: usize| (count as u128) * (images as u128);
    let whole = |images: usize| (exact(images) / all.max(1) as u128) as usize;
    let most = |images: usize| images.saturating_sub(1);
    let mut shares: Vec<usize> = classes.iter().map(|images| whole(*images).min(most(*images))).collect();
    let mut order: Vec<usize> = (0..classes.len()).filter(|class| classes[*class] > 0).collect();
    order.sort_by_key(|class| std::cmp::Reverse(exact(classes[*class]) % all.max(1) as u128));
    let mut left = count.min(all).saturating_sub(shares.iter().sum());
    while left > 0 {
        let before = left;
        for class in &order {
            if left > 0 && shares[*class] < most(classes[*class]) {
                shares[*class] += 1;
                left -= 1;
            }
        }
        if left == before {
            break;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_has_its_share() {
        let labels: Vec<u8> = (0..1560).map(|at| (at / 60) as u8).collect();
        let chosen = choose(&labels, 130, 7, Purpose::Validation);
        assert_eq!(chosen.len(), 130);
        assert!(chosen.is_sorted());
        let of = |class: u8| chosen.iter().filter(|at| labels[**at] == class).count();
        assert!((0..26).all(|class| of(class) == 5));
        assert_eq!(choose(&labels, 130, 7, Purpose::Validation), chosen);
        assert_ne!(choose(&labels, 130, 8, Purpose::Validation), chosen);
        assert_ne!(choose(&labels, 130, 7, Purpose::Test), chosen);
    }

    #[test]
    fn one_image_of_each_class_is_left() {
        assert_eq!(shares(&[1, 1, 10, 0], 3), [0, 0, 3, 0]);
        assert_eq!(shares(&[2, 2, 2], 100), [1, 1, 1]);
        assert_eq!(shares(&[0, 0], 5), [0, 0]);
        assert_eq!(shares(&[90, 9, 1], 10), [9, 1, 0]);
    }

    #[test]
    fn every_image_of_a_class_can_be_chosen() {
        let labels = [3; 10];
        let mut seen = [0; 10];
        for seed in 0..1000 {
            choose(&labels, 2, seed, Purpose::Test).into_iter().for_each(|at| seen[at] += 1);
        }
        assert!(seen.iter().all(|count| (140..260).contains(count)), "{seen:?}");
    }
}
