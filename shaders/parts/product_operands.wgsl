
// ---- operands of a product: sizes, and how both factors are stored

override M: u32 = 1;
override N: u32 = 1;
override K: u32 = 1;
override TRANSPOSE_A: bool = false;
override TRANSPOSE_B: bool = false;
/// Image bytes in rows that are padded to whole words; else float32.
override A_IS_BYTES: bool = false;
override B_IS_BYTES: bool = false;
/// Where the tensor begins in its buffer, in values.
override A_OFFSET: u32 = 0;
override B_OFFSET: u32 = 0;
/// 1 where the tensor holds the rows of a whole block of steps, of which scalars.first_row is this step's first.
override A_IN_BLOCK: u32 = 0;
override B_IN_BLOCK: u32 = 0;
/// Values of a stored row.
override A_COLUMNS: u32 = select(K, M, TRANSPOSE_A);
override B_COLUMNS: u32 = select(N, K, TRANSPOSE_B);
