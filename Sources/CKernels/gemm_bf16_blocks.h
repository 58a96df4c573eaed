#pragma once
#include "include/gemm_bf16.h"

// What the files of the bfloat16 product share. "Pair" means two neighbours in k, the unit that
// vdpbf16ps multiplies: result += a[2p]·b[2p] + a[2p+1]·b[2p+1].

#define NB_BF16_TARGET \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,prfchw")))

enum {
  /// Rows and columns of the register tile: 28 sums, 2 vectors of b and 1 broadcast of a.
  nb_tile_rows = 14,
  nb_tile_columns = 32,
  /// The block sizes, found by measurement: k of one pass, rows of a (their block stays in L2), and
  /// columns of a right side that is packed on the fly or of a bf16 result. A panel of b that fits
  /// L1 (k of 256 or 384) was 3 to 8 % slower: it visits c more often, and L2 feeds b well.
  nb_block_k = 768,
  nb_block_rows = 14 * nb_tile_rows,
  nb_block_columns = 1024,
  /// Bytes between packed rows of a; the odd line spreads the rows of a tile over the cache's sets.
  nb_packed_row_bytes = nb_block_k * 2 + 64,
};

/// One block of a as the tile kernel reads it.
typedef struct nb_block_a {
  const char *values;
  size_t row_bytes;   // between rows; 0 when interleaved
  size_t tile_bytes;  // between tiles of 14 rows
} nb_block_a;

/// Where a tile's sums go: c = sums + partial (when not null) + old c (bf16 only).
typedef struct nb_block_c {
  char *values;
  size_t row_bytes;
  const char *partial;
  size_t partial_row_bytes;
  bool is_bf16;
  bool adds_old;
} nb_block_c;

/// c [m×n] from `pairs` pairs of k; panels of b lie `panel_bytes` apart.
void nb_bf16_block_product(
    nb_block_c c, nb_block_a a, const char *b, size_t panel_bytes, size_t m, size_t n,
    size_t pairs);

/// Rounds `rows`×`k` values into rows of `nb_packed_row_bytes`, the last pair filled with zero.
void nb_bf16_pack_rows(char *packed, nb_bf16_operand a, size_t rows, size_t k);
/// Packs the transpose of a [k×rows] as tiles of [pairs][14 rows][2].
void nb_bf16_pack_columns(char *packed, nb_bf16_operand a, size_t rows, size_t k);
/// Packs b [k×columns] as panels of [pairs][32 columns][2], `panel_bytes` apart.
void nb_bf16_pack_panels(
    char *packed, size_t panel_bytes, nb_bf16_operand b, size_t k, size_t columns);
/// The same for the transpose of b [columns×k].
void nb_bf16_pack_transposed_panels(
    char *packed, size_t panel_bytes, nb_bf16_operand b, size_t k, size_t columns);

/// Bytes of a tile of interleaved rows; whole vectors are stored, so the last one needs room.
static inline size_t nb_interleaved_tile_bytes(size_t pairs) {
  return (pairs * nb_tile_rows * 4 + 127) / 64 * 64;
}

/// The operand that starts at (row, column).
static inline nb_bf16_operand nb_at(nb_bf16_operand a, size_t row, size_t column) {
  size_t size = a.is_bf16 ? 2 : 4;
  a.values = (const char *)a.values + (row * a.stride + column) * size;
  return a;
}

static inline size_t nb_smaller(size_t a, size_t b) { return a < b ? a : b; }
