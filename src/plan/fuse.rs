//! fusing
