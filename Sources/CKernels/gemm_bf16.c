#include "gemm_bf16_blocks.h"

// The loops over blocks, in the order of the papers on GotoBLAS and BLIS, with two changes: rows of
// a that hold bf16 already are read in place, and the right side is usually packed beforehand.

#if defined(__x86_64__)
#include <immintrin.h>

bool nb_bf16_supported(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}

NB_BF16_TARGET static void from_float_avx512(uint16_t *result, const float *values, size_t count) {
  size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    __m512 low = _mm512_loadu_ps(values + i), high = _mm512_loadu_ps(values + i + 16);
    _mm512_storeu_si512(result + i, (__m512i)_mm512_cvtne2ps_pbh(high, low));
  }
  for (; i < count; i += 16) {
    __mmask16 mask = (__mmask16)((1u << nb_smaller(count - i, 16)) - 1);
    __m512 some = _mm512_maskz_loadu_ps(mask, values + i);
    _mm256_mask_storeu_epi16(result + i, mask, (__m256i)_mm512_cvtneps_pbh(some));
  }
}

NB_BF16_TARGET static void to_float_avx512(float *result, const uint16_t *values, size_t count) {
  for (size_t i = 0; i < count; i += 16) {
    __mmask16 mask = (__mmask16)((1u << nb_smaller(count - i, 16)) - 1);
    __m512i wide = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, values + i));
    __m512 some = _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
    _mm512_mask_storeu_ps(result + i, mask, some);
  }
}
#else
bool nb_bf16_supported(void) { return false; }
#endif

void nb_bf16_from_float(uint16_t *result, const float *values, size_t count) {
#if defined(__x86_64__)
  if (nb_bf16_supported()) {
    from_float_avx512(result, values, count);
    return;
  }
#endif
  for (size_t i = 0; i < count; i++) {
    uint32_t bits;
    __builtin_memcpy(&bits, values + i, 4);
    uint32_t rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
    bool is_nan = (bits & 0x7FFFFFFF) > 0x7F800000;
    result[i] = (uint16_t)(is_nan ? (bits >> 16 | 0x40) : rounded);
  }
}

void nb_bf16_to_float(float *result, const uint16_t *values, size_t count) {
#if defined(__x86_64__)
  if (nb_bf16_supported()) {
    to_float_avx512(result, values, count);
    return;
  }
#endif
  for (size_t i = 0; i < count; i++) {
    uint32_t bits = (uint32_t)values[i] << 16;
    __builtin_memcpy(result + i, &bits, 4);
  }
}

#if defined(__x86_64__)

// MARK: Packed right sides

/// A packed right side is one panel of 32 columns after the other, each with the whole k.
static size_t whole_panel_bytes(size_t k) { return (k + 1) / 2 * nb_tile_columns * 4; }

size_t nb_bf16_packed_bytes(size_t k, size_t n) {
  return (n + nb_tile_columns - 1) / nb_tile_columns * whole_panel_bytes(k);
}

size_t nb_bf16_packed_offset(size_t k, size_t column) {
  return column / nb_tile_columns * whole_panel_bytes(k);
}

void nb_bf16_pack(void *packed, nb_bf16_operand b, size_t k, size_t first, size_t last) {
  char *target = (char *)packed + nb_bf16_packed_offset(k, first);
  nb_bf16_pack_panels(target, whole_panel_bytes(k), nb_at(b, 0, first), k, last - first);
}

void nb_bf16_pack_transposed(void *packed, nb_bf16_operand b, size_t k, size_t first, size_t last) {
  char *target = (char *)packed + nb_bf16_packed_offset(k, first);
  nb_bf16_pack_transposed_panels(target, whole_panel_bytes(k), nb_at(b, first, 0), k, last - first);
}

// MARK: Scratch memory

enum {
  tiles_per_block = nb_block_rows / nb_tile_rows,
  rows_block_bytes = nb_block_rows * nb_packed_row_bytes,
  columns_block_bytes = tiles_per_block * (nb_block_k / 2 * nb_tile_rows * 4 + 128),
  left_bytes =
      ((rows_block_bytes > columns_block_bytes ? rows_block_bytes : columns_block_bytes) + 63) /
      64 * 64,
  sums_bytes = nb_block_rows * nb_block_columns * 4,
  right_bytes = nb_block_k * nb_block_columns * 2,
};

size_t nb_bf16_scratch_bytes(void) {
  return left_bytes + (sums_bytes > right_bytes ? sums_bytes : right_bytes);
}

// MARK: Products

/// The length of one pass over k: passes of nearly equal length, which depend on k alone.
static size_t pass_length(size_t k) {
  size_t passes = (k + nb_block_k - 1) / nb_block_k;
  if (passes <= 1) return k;
  return ((k + passes - 1) / passes + 31) / 32 * 32;
}

/// The block of c that starts at (row, column).
static nb_block_c block_of(nb_bf16_result c, size_t row, size_t column) {
  size_t size = c.is_bf16 ? 2 : 4;
  return (nb_block_c){
      .values = (char *)c.values + (row * c.stride + column) * size,
      .row_bytes = c.stride * size,
      .is_bf16 = c.is_bf16,
  };
}

/// Where the sums of the pass that starts at `start` go. fp32 results gather them in place; bf16
/// results in `sums`, so that they are rounded once.
static nb_block_c pass_target(
    nb_bf16_result c, size_t row, size_t column, char *sums, bool is_first, bool is_last) {
  nb_block_c target = block_of(c, row, column);
  if (!c.is_bf16) {
    if (!is_first || c.accumulates) {
      target.partial = target.values;
      target.partial_row_bytes = target.row_bytes;
    }
    return target;
  }
  size_t sums_row_bytes = nb_block_columns * 4;
  if (!is_last) target = (nb_block_c){.values = sums, .row_bytes = sums_row_bytes};
  if (!is_first) {
    target.partial = sums;
    target.partial_row_bytes = sums_row_bytes;
  }
  target.adds_old = is_last && c.accumulates;
  return target;
}

/// Brings the block of a at (row, start of k) into a form for the tile kernel.
static nb_block_a left_block(
    nb_bf16_operand a, bool transposed, size_t row, size_t rows, size_t start, size_t length,
    char *memory) {
  if (transposed) {
    nb_bf16_pack_columns(memory, nb_at(a, start, row), rows, length);
    return (nb_block_a){memory, 0, nb_interleaved_tile_bytes((length + 1) / 2)};
  }
  nb_bf16_operand block = nb_at(a, row, start);
  // The last pair of an odd k would reach into the next row. Rows a multiple of 4 KiB apart compete
  // for one set of the cache: read in place, k = 2048 ran at four fifths of the speed.
  if (a.is_bf16 && length % 2 == 0 && a.stride * 2 % 4096 != 0) {
    return (nb_block_a){block.values, a.stride * 2, nb_tile_rows * a.stride * 2};
  }
  nb_bf16_pack_rows(memory, block, rows, length);
  return (nb_block_a){memory, nb_packed_row_bytes, nb_tile_rows * nb_packed_row_bytes};
}

static void multiply(
    nb_bf16_result c, nb_bf16_operand a, bool transposed, const char *packed, size_t m, size_t n,
    size_t k, char *scratch) {
  size_t length = pass_length(k);
  char *sums = scratch + left_bytes;
  size_t wide = c.is_bf16 && length < k ? nb_block_columns : n;
  for (size_t column = 0; column < n; column += wide) {
    size_t columns = nb_smaller(n - column, wide);
    const char *panels = packed + nb_bf16_packed_offset(k, column);
    for (size_t row = 0; row < m; row += nb_block_rows) {
      size_t rows = nb_smaller(m - row, nb_block_rows);
      size_t start = 0;
      do {
        size_t pass = nb_smaller(k - start, length);
        nb_block_a left = left_block(a, transposed, row, rows, start, pass, scratch);
        nb_block_c target =
            pass_target(c, row, column, sums, start == 0, start + pass == k);
        nb_bf16_block_product(
            target, left, panels + start / 2 * nb_tile_columns * 4, whole_panel_bytes(k), rows,
            columns, (pass + 1) / 2);
        start += pass;
      } while (start < k);
    }
  }
}

void nb_bf16_multiply(
    nb_bf16_result c, nb_bf16_operand a, const void *packed, size_t m, size_t n, size_t k,
    void *scratch) {
  multiply(c, a, false, packed, m, n, k, scratch);
}

void nb_bf16_multiply_left_transposed(
    nb_bf16_result c, nb_bf16_operand a, const void *packed, size_t m, size_t n, size_t k,
    void *scratch) {
  multiply(c, a, true, packed, m, n, k, scratch);
}

void nb_bf16_multiply_transposed(
    nb_bf16_result c, nb_bf16_operand a, nb_bf16_operand b, size_t m, size_t n, size_t k,
    void *scratch) {
  size_t length = pass_length(k);
  char *left_memory = scratch;
  char *right = left_memory + left_bytes;
  for (size_t column = 0; column < n; column += nb_block_columns) {
    size_t columns = nb_smaller(n - column, nb_block_columns);
    size_t start = 0;
    do {
      size_t pass = nb_smaller(k - start, length);
      size_t panel_bytes = whole_panel_bytes(pass);
      nb_bf16_pack_panels(right, panel_bytes, nb_at(b, start, column), pass, columns);
      for (size_t row = 0; row < m; row += nb_block_rows) {
        size_t rows = nb_smaller(m - row, nb_block_rows);
        nb_block_a left = left_block(a, true, row, rows, start, pass, left_memory);
        nb_block_c target = pass_target(c, row, column, right, start == 0, true);
        nb_bf16_block_product(target, left, right, panel_bytes, rows, columns, (pass + 1) / 2);
      }
      start += pass;
    } while (start < k);
  }
}
#else
size_t nb_bf16_packed_bytes(size_t k, size_t n) { return (k + 1) / 2 * 4 * ((n + 31) / 32 * 32); }
size_t nb_bf16_packed_offset(size_t k, size_t column) { return (k + 1) / 2 * 4 * column; }
size_t nb_bf16_scratch_bytes(void) { return 64; }

// Without the instructions `nb_bf16_supported` says no, and reaching these is a mistake.
void nb_bf16_pack(void *packed, nb_bf16_operand b, size_t k, size_t first, size_t last) {
  __builtin_trap();
}
void nb_bf16_pack_transposed(void *packed, nb_bf16_operand b, size_t k, size_t first, size_t last) {
  __builtin_trap();
}
void nb_bf16_multiply(
    nb_bf16_result c, nb_bf16_operand a, const void *packed, size_t m, size_t n, size_t k,
    void *scratch) {
  __builtin_trap();
}
void nb_bf16_multiply_left_transposed(
    nb_bf16_result c, nb_bf16_operand a, const void *packed, size_t m, size_t n, size_t k,
    void *scratch) {
  __builtin_trap();
}
void nb_bf16_multiply_transposed(
    nb_bf16_result c, nb_bf16_operand a, nb_bf16_operand b, size_t m, size_t n, size_t k,
    void *scratch) {
  __builtin_trap();
}
#endif
