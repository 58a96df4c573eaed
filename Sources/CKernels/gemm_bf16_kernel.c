#include "gemm_bf16_blocks.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline)) NB_BF16_TARGET
#define UNROLLED _Pragma("clang loop unroll(full)")

typedef struct tile {
  const char *a;
  size_t a_row_bytes;
  const char *b;
  size_t pairs;
  nb_block_c c;
} tile;

typedef void (*tile_kernel)(const tile *);

INLINE __m512bh broadcast_pair(const char *p) {
  return (__m512bh)_mm512_castps_si512(_mm512_set1_ps(*(const float *)p));
}

/// Adds what must be added to one vector of sums and stores it as column `column` of row `row`.
INLINE void store(const nb_block_c *c, int row, int column, __m512 sums) {
  if (c->partial) {
    const char *p = c->partial + (size_t)row * c->partial_row_bytes + (size_t)column * 4;
    sums = _mm512_add_ps(sums, _mm512_loadu_ps((const float *)p));
  }
  char *target = c->values + (size_t)row * c->row_bytes;
  if (!c->is_bf16) {
    _mm512_storeu_ps((float *)(target + column * 4), sums);
    return;
  }
  __m256i *narrow = (__m256i *)(target + column * 2);
  if (c->adds_old) {
    __m512i old = _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(narrow)), 16);
    sums = _mm512_add_ps(sums, _mm512_castsi512_ps(old));
  }
  _mm256_storeu_si256(narrow, (__m256i)_mm512_cvtneps_pbh(sums));
}

/// The register tile. `rows` and `interleaved` are constants at every call.
///
/// Rows lie apart by a distance known at run time: five base pointers, three rows from each by the
/// addressing mode. The empty assembly keeps the compiler from giving every row a register.
INLINE void multiply_tile(const tile *t, const int rows, const bool interleaved) {
  __m512 low[nb_tile_rows], high[nb_tile_rows];
  UNROLLED for (int i = 0; i < rows; i++) low[i] = high[i] = _mm512_setzero_ps();

  for (int i = 0; i < rows; i++) {
    const char *line = t->c.values + (size_t)i * t->c.row_bytes;
    __builtin_prefetch(line, 1, 3);
    __builtin_prefetch(line + (t->c.is_bf16 ? 63 : 64), 1, 3);
  }

  const char *b = t->b;
  if (interleaved) {
    const char *a = t->a;
    for (size_t pair = t->pairs; pair > 0; pair--) {
      __m512bh b0 = (__m512bh)_mm512_load_si512(b);
      __m512bh b1 = (__m512bh)_mm512_load_si512(b + 64);
      UNROLLED for (int i = 0; i < rows; i++) {
        __m512bh x = broadcast_pair(a + 4 * i);
        low[i] = _mm512_dpbf16_ps(low[i], x, b0);
        high[i] = _mm512_dpbf16_ps(high[i], x, b1);
      }
      b += 128;
      a += 4 * nb_tile_rows;
    }
  } else {
    const size_t row_bytes = t->a_row_bytes;
    const int bases = (rows + 2) / 3;
    const char *base[(nb_tile_rows + 2) / 3];
    UNROLLED for (int i = 0; i < bases; i++) {
      base[i] = t->a + 3 * (size_t)i * row_bytes;
      __asm__("" : "+r"(base[i]));
    }
    for (size_t pair = t->pairs; pair > 0; pair--) {
      __m512bh b0 = (__m512bh)_mm512_load_si512(b);
      __m512bh b1 = (__m512bh)_mm512_load_si512(b + 64);
      UNROLLED for (int i = 0; i < rows; i++) {
        __m512bh x = broadcast_pair(base[i / 3] + (size_t)(i % 3) * row_bytes);
        low[i] = _mm512_dpbf16_ps(low[i], x, b0);
        high[i] = _mm512_dpbf16_ps(high[i], x, b1);
      }
      b += 128;
      UNROLLED for (int i = 0; i < bases; i++) {
        base[i] += 4;
        __asm__("" : "+r"(base[i]));
      }
    }
  }

  UNROLLED for (int i = 0; i < rows; i++) {
    store(&t->c, i, 0, low[i]);
    store(&t->c, i, 16, high[i]);
  }
}

#define KERNELS(rows) \
  NB_BF16_TARGET static void rows_##rows(const tile *t) { multiply_tile(t, rows, false); } \
  NB_BF16_TARGET static void columns_##rows(const tile *t) { multiply_tile(t, rows, true); }
KERNELS(1) KERNELS(2) KERNELS(3) KERNELS(4) KERNELS(5) KERNELS(6) KERNELS(7)
KERNELS(8) KERNELS(9) KERNELS(10) KERNELS(11) KERNELS(12) KERNELS(13) KERNELS(14)

static const tile_kernel row_kernels[nb_tile_rows] = {
    rows_1, rows_2, rows_3, rows_4, rows_5, rows_6, rows_7,
    rows_8, rows_9, rows_10, rows_11, rows_12, rows_13, rows_14};
static const tile_kernel column_kernels[nb_tile_rows] = {
    columns_1, columns_2, columns_3, columns_4, columns_5, columns_6, columns_7,
    columns_8, columns_9, columns_10, columns_11, columns_12, columns_13, columns_14};

/// Runs a tile whose right edge lies outside of c: by way of a full tile in memory.
NB_BF16_TARGET static void edge_tile(
    tile_kernel kernel, tile t, size_t rows, size_t columns) {
  float sums[nb_tile_rows * nb_tile_columns] __attribute__((aligned(64)));
  nb_block_c c = t.c;
  t.c = (nb_block_c){.values = (char *)sums, .row_bytes = nb_tile_columns * 4};
  kernel(&t);
  for (size_t i = 0; i < rows; i++) {
    for (size_t j = 0; j < columns; j += 16) {
      size_t left = nb_smaller(columns - j, 16);
      __mmask16 mask = (__mmask16)((1u << left) - 1);
      __m512 sum = _mm512_load_ps(sums + i * nb_tile_columns + j);
      if (c.partial) {
        const char *p = c.partial + i * c.partial_row_bytes + j * 4;
        sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, p));
      }
      char *target = c.values + i * c.row_bytes;
      if (!c.is_bf16) {
        _mm512_mask_storeu_ps(target + j * 4, mask, sum);
        continue;
      }
      if (c.adds_old) {
        __m256i old = _mm256_maskz_loadu_epi16(mask, target + j * 2);
        __m512i wide = _mm512_slli_epi32(_mm512_cvtepu16_epi32(old), 16);
        sum = _mm512_add_ps(sum, _mm512_castsi512_ps(wide));
      }
      _mm256_mask_storeu_epi16(target + j * 2, mask, (__m256i)_mm512_cvtneps_pbh(sum));
    }
  }
}

void nb_bf16_block_product(
    nb_block_c c, nb_block_a a, const char *b, size_t panel_bytes, size_t m, size_t n,
    size_t pairs) {
  const tile_kernel *kernels = a.row_bytes == 0 ? column_kernels : row_kernels;
  size_t size = c.is_bf16 ? 2 : 4;
  for (size_t column = 0; column < n; column += nb_tile_columns) {
    size_t columns = nb_smaller(n - column, nb_tile_columns);
    tile t = {.b = b, .pairs = pairs, .a_row_bytes = a.row_bytes, .c = c};
    b += panel_bytes;
    t.a = a.values;
    t.c.values += column * size;
    if (c.partial) t.c.partial += column * 4;
    for (size_t row = 0; row < m; row += nb_tile_rows) {
      size_t rows = nb_smaller(m - row, nb_tile_rows);
      tile_kernel kernel = kernels[rows - 1];
      if (columns == nb_tile_columns) {
        kernel(&t);
      } else {
        edge_tile(kernel, t, rows, columns);
      }
      t.a += a.tile_bytes;
      t.c.values += nb_tile_rows * c.row_bytes;
      if (c.partial) t.c.partial += nb_tile_rows * c.partial_row_bytes;
    }
  }
}
#endif
