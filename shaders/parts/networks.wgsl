
// ---- networks: several can train in one run; along z the grid is repeated for each of them

override NETWORKS: u32 = 1;

/// Stride between networks in the buffer of each binding, in 32-bit words; 0 where there is one network.
@id(0) override STRIDE_0: u32 = 0;
@id(1) override STRIDE_1: u32 = 0;
@id(2) override STRIDE_2: u32 = 0;
@id(3) override STRIDE_3: u32 = 0;
@id(4) override STRIDE_4: u32 = 0;
@id(5) override STRIDE_5: u32 = 0;
@id(6) override STRIDE_6: u32 = 0;

/// The network that this invocation works for: group.z % NETWORKS.
var<private> network: u32;
