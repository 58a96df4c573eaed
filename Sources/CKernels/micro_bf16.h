// The innermost product in bfloat16 with sums in single precision (AVX512_BF16).
//
// A word holds two neighbours in k; one instruction multiplies 16 words and adds both products.

#include "transpose16.h"

#define WORD uint32_t
#define KSTEP 2

enum { FN(TILE_COLUMNS) = 32 };

static inline __attribute__((always_inline)) void FN(micro)(const int rows, long k,
                                                            const uint32_t *a, const long rs,
                                                            const long cs, const uint32_t *b,
                                                            float *c, long ldc, int add,
                                                            const uint32_t *ahead) {
  __m512 sum[MR][2];
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++) {
    // The rows of c are far apart: nothing else fetches them while k runs.
    __builtin_prefetch(c + i * ldc, 1);
    __builtin_prefetch(c + i * ldc + 31, 1);
    sum[i][0] = sum[i][1] = _mm512_setzero_ps();
  }
  for (long p = 0; p < k; p++) {
    __m512bh left = (__m512bh)_mm512_loadu_si512(b), right = (__m512bh)_mm512_loadu_si512(b + 16);
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
      __m512bh x = (__m512bh)_mm512_set1_epi32((int)a[i * rs]);
      sum[i][0] = _mm512_dpbf16_ps(sum[i][0], x, left);
      sum[i][1] = _mm512_dpbf16_ps(sum[i][1], x, right);
    }
    __builtin_prefetch(ahead + p * 16, 0, 2);
    a += cs;
    b += PANEL;
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++) {
    float *row = c + i * ldc;
    if (add) {
      sum[i][0] = _mm512_add_ps(sum[i][0], _mm512_loadu_ps(row));
      sum[i][1] = _mm512_add_ps(sum[i][1], _mm512_loadu_ps(row + 16));
    }
    _mm512_storeu_ps(row, sum[i][0]);
    _mm512_storeu_ps(row + 16, sum[i][1]);
  }
}

/// 16 words from 32 neighbours, of which only the first `count` exist.
static inline __m512i FN(pairs)(const float *x, long count) {
  __mmask32 mask = count >= 32 ? 0xFFFFFFFFu : (1u << count) - 1;
  __m512 low = _mm512_maskz_loadu_ps((__mmask16)mask, x);
  __m512 high = _mm512_maskz_loadu_ps((__mmask16)(mask >> 16), x + 16);
  return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}

/// Word j holds (first[j], second[j]); `second` may be NULL, then its half is zero.
static inline __m512i FN(zip)(const float *first, const float *second, __mmask16 mask) {
  __m512i low = _mm512_cvtepu16_epi32(
      (__m256i)_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(mask, first)));
  if (!second) return low;
  __m512i high = _mm512_cvtepu16_epi32(
      (__m256i)_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(mask, second)));
  return _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
}

static const uint32_t *FN(left_rows)(uint32_t *buffer, long *stride, const float *a, long lda,
                                     long m, long k) {
  long words = (k + 1) / 2, padded = (words + 15) / 16 * 16;
  for (long i = 0; i < m; i++)
    for (long p = 0; p < k; p += 32)
      _mm512_storeu_si512(buffer + i * padded + p / 2, FN(pairs)(a + i * lda + p, k - p));
  *stride = padded;
  return buffer;
}

static const uint32_t *FN(left_columns)(uint32_t *buffer, long *stride, const float *a, long lda,
                                        long m, long k) {
  long padded = (m + 15) / 16 * 16;
  for (long p = 0; p < k; p += 2)
    for (long i = 0; i < m; i += 16) {
      __mmask16 mask = m - i >= 16 ? 0xFFFF : (__mmask16)((1u << (m - i)) - 1);
      const float *row = a + p * lda + i;
      _mm512_storeu_si512(buffer + p / 2 * padded + i,
                          FN(zip)(row, p + 1 < k ? row + lda : 0, mask));
    }
  *stride = padded;
  return buffer;
}

/// Word j holds (first[j], second[j]) of two whole vectors.
static inline __m512i FN(interleave)(__m512 first, __m512 second) {
  const __m512i order = _mm512_set_epi16(
      31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4, 19,
      3, 18, 2, 17, 1, 16, 0);
  return _mm512_permutexvar_epi16(order, (__m512i)_mm512_cvtne2ps_pbh(second, first));
}

static void FN(left_tiles)(uint32_t *to, const float *a, long lda, long m, long k) {
  long words = (k + 1) / 2;
  for (long p = 0; p < words; p++) {
    const float *row = a + 2 * p * lda, *next = 2 * p + 1 < k ? row + lda : 0;
    for (long i = 0; i < m; i += MR) {
      __mmask16 mask = (__mmask16)((1u << FN(min)(MR, m - i)) - 1);
      __m512 first = _mm512_maskz_loadu_ps(mask, row + i);
      __m512 second = next ? _mm512_maskz_loadu_ps(mask, next + i) : _mm512_setzero_ps();
      _mm512_mask_storeu_epi32(to + i * words + p * MR, mask, FN(interleave)(first, second));
    }
  }
}

/// All panels of b (k × columns).
static void FN(right_panels)(uint32_t *to, const float *b, long ldb, long columns, long k) {
  long words = (k + 1) / 2;
  for (long p = 0; p < words; p++) {
    const float *row = b + 2 * p * ldb, *next = 2 * p + 1 < k ? row + ldb : 0;
    for (long j = 0; j < columns; j += PANEL)
      for (long half = j; half < j + PANEL; half += 16) {
        long left = columns - half;
        __mmask16 mask = left >= 16 ? 0xFFFF : left > 0 ? (__mmask16)((1u << left) - 1) : 0;
        __m512 first = _mm512_maskz_loadu_ps(mask, row + half);
        __m512 second = next ? _mm512_maskz_loadu_ps(mask, next + half) : _mm512_setzero_ps();
        _mm512_storeu_si512(to + j * words + p * PANEL + half - j, FN(interleave)(first, second));
      }
  }
}

static void FN(pack_panel)(uint32_t *restrict to, const float *restrict b, long k, long columns,
                           long ldb, int transposed) {
  long words = (k + 1) / 2;
  if (columns < PANEL)
    for (long i = 0; i < words * PANEL; i++) to[i] = 0;
  if (!transposed) {
    for (long p = 0; p < words; p++)
      for (long j = 0; j < columns; j += 16) {
        long left = columns - j;
        __mmask16 mask = left >= 16 ? 0xFFFF : (__mmask16)((1u << left) - 1);
        const float *row = b + 2 * p * ldb + j;
        _mm512_mask_storeu_epi32(to + p * PANEL + j, mask,
                                 FN(zip)(row, 2 * p + 1 < k ? row + ldb : 0, mask));
      }
    return;
  }
  for (long p0 = 0; p0 < k; p0 += 32) {
    long end = FN(min)(16, words - p0 / 2), j = 0;
    for (; end == 16 && j + 16 <= columns; j += 16) {
      FN(row) rows[16];
#pragma clang loop unroll(full)
      for (int i = 0; i < 16; i++) rows[i] = (FN(row))FN(pairs)(b + (j + i) * ldb + p0, k - p0);
      FN(transpose16)((float *)(to + p0 / 2 * PANEL + j), PANEL, rows);
    }
    for (; j < columns; j++) {
      uint32_t block[16];
      _mm512_storeu_si512(block, FN(pairs)(b + j * ldb + p0, k - p0));
      uint32_t *column = to + p0 / 2 * PANEL + j;
      for (long p = 0; p < end; p++) column[p * PANEL] = block[p];
    }
  }
}
