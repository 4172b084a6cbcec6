
// ---- random numbers, the same as those of src/random.rs

/// Network k's seed is k more than the first one's, unless all have the same.
fn network_seed() -> vec2<u32> {
    let more = select(network, 0u, scalars.same_seed == 1u);
    let low = scalars.seed_low + more;
    return vec2<u32>(low, scalars.seed_high + u32(low < more));
}

/// The low and the high half of a product of two words.
fn multiply_words(a: u32, b: u32) -> vec2<u32> {
    let low = (a & 0xffffu) * (b & 0xffffu);
    let cross = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
    let other = (a & 0xffffu) * (b >> 16u) + (cross & 0xffffu);
    return vec2<u32>(a * b, (a >> 16u) * (b >> 16u) + (cross >> 16u) + (other >> 16u));
}

/// Philox4x32-10 (Salmon et al. 2011): four random words from a counter and a key.
fn philox(start: vec4<u32>, seed: vec2<u32>) -> vec4<u32> {
    var counter = start;
    var key = seed;
    for (var round = 0u; round < 10u; round++) {
        let first = multiply_words(0xD2511F53u, counter.x);
        let second = multiply_words(0xCD9E8D57u, counter.z);
        counter = vec4<u32>(second.y ^ counter.y ^ key.x, second.x, first.y ^ counter.w ^ key.y, first.x);
        key += vec2<u32>(0x9E3779B9u, 0xBB67AE85u);
    }
    return counter;
}
