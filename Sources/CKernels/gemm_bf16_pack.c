#include "gemm_bf16_blocks.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline)) NB_BF16_TARGET

/// Up to 32 values of a row as bf16, in order; those outside of `mask` are zero.
INLINE __m512i load_32(const char *row, bool is_bf16, __mmask32 mask) {
  if (is_bf16) return _mm512_maskz_loadu_epi16(mask, row);
  __m512 low = _mm512_maskz_loadu_ps((__mmask16)mask, row);
  __m512 high = _mm512_maskz_loadu_ps((__mmask16)(mask >> 16), row + 64);
  return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}

INLINE __mmask32 first_lanes(size_t count) {
  return count >= 32 ? ~(__mmask32)0 : ((__mmask32)1 << count) - 1;
}

/// The order of words that pairs word `first` + i with the word `distance` after it, i in 0...15.
INLINE __m512i pairing(int first, int distance) {
  __m512i word = _mm512_add_epi32(
      _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
      _mm512_set1_epi32(first));
  __m512i partner = _mm512_add_epi32(word, _mm512_set1_epi32(distance));
  return _mm512_or_si512(word, _mm512_slli_epi32(partner, 16));
}

NB_BF16_TARGET void nb_bf16_pack_rows(char *packed, nb_bf16_operand a, size_t rows, size_t k) {
  size_t size = a.is_bf16 ? 2 : 4;
  for (size_t i = 0; i < rows; i++) {
    const char *row = (const char *)a.values + i * a.stride * size;
    char *target = packed + i * nb_packed_row_bytes;
    for (size_t j = 0; j < k; j += 32) {
      // The next row, which starts far from the end of this one.
      __builtin_prefetch(row + (j + a.stride) * size, 0, 3);
      if (!a.is_bf16) __builtin_prefetch(row + (j + a.stride) * size + 64, 0, 3);
      // Packed rows have room for a last whole vector, so every store is full.
      __m512i values = load_32(row + j * size, a.is_bf16, first_lanes(k - j));
      _mm512_store_si512(target + j * 2, values);
    }
  }
}

/// How many rows ahead of the conversion the strips of a are fetched.
enum { prefetched_rows = 16 };

NB_BF16_TARGET void nb_bf16_pack_columns(char *packed, nb_bf16_operand a, size_t rows, size_t k) {
  size_t size = a.is_bf16 ? 2 : 4;
  size_t pairs = (k + 1) / 2;
  size_t tile_bytes = nb_interleaved_tile_bytes(pairs);
  __m512i across = pairing(0, 32);
  __m512i within = pairing(0, 16);
  for (size_t pair = 0; pair < pairs; pair++) {
    const char *first = (const char *)a.values + 2 * pair * a.stride * size;
    const char *second = first + a.stride * size;
    bool has_second = 2 * pair + 1 < k;
    char *target = packed + pair * nb_tile_rows * 4;
    // A block is a narrow strip of the matrix: the hardware doesn't foresee the next rows.
    size_t ahead = nb_smaller(2 * pair + prefetched_rows, k - 1) * a.stride * size;
    const char *future = (const char *)a.values + ahead;
    for (size_t row = 0; row < rows; row += nb_tile_rows) {
      __mmask32 mask = first_lanes(nb_smaller(rows - row, nb_tile_rows));
      __mmask32 second_mask = has_second ? mask : 0;
      __builtin_prefetch(future + row * size, 0, 2);
      __builtin_prefetch(future + (row + a.stride) * size, 0, 2);
      __m512i words;
      if (a.is_bf16) {
        __m512i low = load_32(first + row * 2, true, mask);
        __m512i high = load_32(second + row * 2, true, second_mask);
        words = _mm512_permutex2var_epi16(low, across, high);
      } else {
        __m512 low = _mm512_maskz_loadu_ps((__mmask16)mask, first + row * 4);
        __m512 high = _mm512_maskz_loadu_ps((__mmask16)second_mask, second + row * 4);
        words = _mm512_permutexvar_epi16(within, (__m512i)_mm512_cvtne2ps_pbh(high, low));
      }
      // 8 bytes too many, which the next pair overwrites.
      _mm512_storeu_si512(target, words);
      target += tile_bytes;
    }
  }
}

NB_BF16_TARGET void nb_bf16_pack_panels(
    char *packed, size_t panel_bytes, nb_bf16_operand b, size_t k, size_t columns) {
  // Rows in groups that stay in L1, so that each panel is written in long runs and a row is read
  // from memory once.
  enum { group = 32 };
  size_t size = b.is_bf16 ? 2 : 4;
  __m512i low_order = pairing(0, 32);
  __m512i high_order = pairing(16, 32);
  for (size_t start = 0; start < k; start += group) {
    size_t end = nb_smaller(start + group, k);
    for (size_t column = 0; column < columns; column += nb_tile_columns) {
      __mmask32 mask = first_lanes(columns - column);
      char *target = packed + column / nb_tile_columns * panel_bytes + start / 2 * 128;
      const char *row = (const char *)b.values + (start * b.stride + column) * size;
      for (size_t i = start; i < end; i += 2) {
        const char *next = row + b.stride * size;
        // The next group of rows.
        __builtin_prefetch(row + group * b.stride * size, 0, 2);
        __builtin_prefetch(next + group * b.stride * size, 0, 2);
        __m512i x = load_32(row, b.is_bf16, mask);
        __m512i y = load_32(next, b.is_bf16, i + 1 < k ? mask : 0);
        _mm512_store_si512(target, _mm512_permutex2var_epi16(x, low_order, y));
        _mm512_store_si512(target + 64, _mm512_permutex2var_epi16(x, high_order, y));
        row = next + b.stride * size;
        target += 128;
      }
    }
  }
}

/// Turns 16 rows of 16 pairs into 16 columns: vector i holds pair i of every row.
INLINE void transpose_16(__m512i v[16]) {
  __m512i w[16];
  for (int i = 0; i < 16; i += 4) {
    __m512i a = _mm512_unpacklo_epi32(v[i], v[i + 1]), b = _mm512_unpackhi_epi32(v[i], v[i + 1]);
    __m512i c = _mm512_unpacklo_epi32(v[i + 2], v[i + 3]);
    __m512i d = _mm512_unpackhi_epi32(v[i + 2], v[i + 3]);
    // Now w[i + j], 128-bit lane l, holds pair 4l + j of rows i...i+3.
    w[i] = _mm512_unpacklo_epi64(a, c);
    w[i + 1] = _mm512_unpackhi_epi64(a, c);
    w[i + 2] = _mm512_unpacklo_epi64(b, d);
    w[i + 3] = _mm512_unpackhi_epi64(b, d);
  }
  for (int j = 0; j < 4; j++) {
    __m512i a = _mm512_shuffle_i32x4(w[j], w[4 + j], 0x88);       // lanes 0, 2 of rows 0...7
    __m512i b = _mm512_shuffle_i32x4(w[8 + j], w[12 + j], 0x88);  // of rows 8...15
    __m512i c = _mm512_shuffle_i32x4(w[j], w[4 + j], 0xDD);       // lanes 1, 3
    __m512i d = _mm512_shuffle_i32x4(w[8 + j], w[12 + j], 0xDD);
    v[j] = _mm512_shuffle_i32x4(a, b, 0x88);
    v[4 + j] = _mm512_shuffle_i32x4(c, d, 0x88);
    v[8 + j] = _mm512_shuffle_i32x4(a, b, 0xDD);
    v[12 + j] = _mm512_shuffle_i32x4(c, d, 0xDD);
  }
}

NB_BF16_TARGET void nb_bf16_pack_transposed_panels(
    char *packed, size_t panel_bytes, nb_bf16_operand b, size_t k, size_t columns) {
  size_t size = b.is_bf16 ? 2 : 4;
  size_t pairs = (k + 1) / 2;
  for (size_t column = 0; column < columns; column += 16) {
    size_t filled = nb_smaller(columns - column, 16);
    char *panel = packed + column / nb_tile_columns * panel_bytes + column % nb_tile_columns * 4;
    const char *rows = (const char *)b.values + column * b.stride * size;
    for (size_t pair = 0; pair < pairs; pair += 16) {
      __mmask32 mask = first_lanes(k - 2 * pair);
      __m512i v[16];
      for (size_t i = 0; i < 16; i++) {
        const char *source = rows + (i * b.stride + 2 * pair) * size;
        v[i] = i < filled ? load_32(source, b.is_bf16, mask) : _mm512_setzero_si512();
      }
      transpose_16(v);
      size_t count = nb_smaller(pairs - pair, 16);
      for (size_t i = 0; i < count; i++) _mm512_store_si512(panel + (pair + i) * 128, v[i]);
    }
  }
  // The second half of a panel that `columns` leaves untouched.
  if (columns % nb_tile_columns == 0 || columns % nb_tile_columns > 16) return;
  char *half = packed + columns / nb_tile_columns * panel_bytes + 64;
  for (size_t pair = 0; pair < pairs; pair++) {
    _mm512_store_si512(half + pair * 128, _mm512_setzero_si512());
  }
}
#endif
