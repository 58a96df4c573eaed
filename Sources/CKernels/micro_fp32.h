// The innermost product in single precision, for vectors of NB_LANES floats.
//
// A tile of the result, MR rows × two vectors, stays in registers while k runs. b comes from a
// panel of PANEL columns, a from anywhere by its strides.

#define WORD float
/// How many k one word holds.
#define KSTEP 1

typedef float FN(vector) __attribute__((ext_vector_type(NB_LANES), aligned(4)));
enum { FN(TILE_COLUMNS) = 2 * NB_LANES };

static inline __attribute__((always_inline)) void FN(micro)(const int rows, long k,
                                                            const float *a, const long rs,
                                                            const long cs, const float *b,
                                                            float *c, long ldc, int add,
                                                            const float *ahead) {
#pragma clang fp contract(fast)
  FN(vector) sum[MR][2];
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++) {
    // The rows of c are far apart: nothing else fetches them while k runs.
    __builtin_prefetch(c + i * ldc, 1);
    __builtin_prefetch(c + i * ldc + 2 * NB_LANES - 1, 1);
    sum[i][0] = sum[i][1] = (FN(vector))(0.0f);
  }
  for (long p = 0; p < k; p++) {
    FN(vector) left = *(const FN(vector) *)b, right = *(const FN(vector) *)(b + NB_LANES);
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
      FN(vector) x = (FN(vector))(a[i * rs]);
      sum[i][0] += x * left;
      sum[i][1] += x * right;
    }
    __builtin_prefetch(ahead + p * 16, 0, 2);
    a += cs;
    b += PANEL;
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++) {
    FN(vector) *row = (FN(vector) *)(c + i * ldc);
    FN(vector) *next = (FN(vector) *)(c + i * ldc + NB_LANES);
    *row = add ? *row + sum[i][0] : sum[i][0];
    *next = add ? *next + sum[i][1] : sum[i][1];
  }
}

/// Words of rows × k numbers as the left factor, row by row: the numbers themselves.
static inline const float *FN(left_rows)(float *buffer, long *stride, const float *a, long lda,
                                         long m, long k) {
  (void)buffer, (void)m, (void)k;
  *stride = lda;
  return a;
}

/// The left factor given transposed, k × m.
static inline const float *FN(left_columns)(float *buffer, long *stride, const float *a, long lda,
                                            long m, long k) {
  (void)buffer, (void)m, (void)k;
  *stride = lda;
  return a;
}

/// The left factor given transposed, k × m, in tiles of MR rows.
static void FN(left_tiles)(float *restrict to, const float *restrict a, long lda, long m, long k) {
  long whole = m / MR * MR;
  for (long p = 0; p < k; p++) {
    const float *row = a + p * lda;
    for (long i = 0; i < whole; i += MR)
      __builtin_memcpy(to + i * k + p * MR, row + i, MR * sizeof(float));
    for (long i = whole; i < m; i++) to[whole * k + p * MR + i - whole] = row[i];
  }
}

/// All panels of b (k × columns).
static void FN(right_panels)(float *restrict to, const float *restrict b, long ldb, long columns,
                             long k) {
  long whole = columns / PANEL * PANEL;
  if (whole < columns)
    for (long i = whole * k; i < (whole + PANEL) * k; i++) to[i] = 0;
  for (long p = 0; p < k; p++) {
    const float *row = b + p * ldb;
    for (long j = 0; j < whole; j += PANEL)
      __builtin_memcpy(to + j * k + p * PANEL, row + j, PANEL * sizeof(float));
    for (long j = whole; j < columns; j++) to[whole * k + p * PANEL + j - whole] = row[j];
  }
}

/// One panel of PANEL columns from b (k × columns), or from its transpose (columns × k).
static void FN(pack_panel)(float *restrict to, const float *restrict b, long k, long columns,
                           long ldb, int transposed) {
  if (columns < PANEL)
    for (long i = 0; i < k * PANEL; i++) to[i] = 0;
  if (!transposed) {
    for (long p = 0; p < k; p++)
      for (long j = 0; j < columns; j++) to[p * PANEL + j] = b[p * ldb + j];
    return;
  }
  // In blocks of 16 × 16, so that both sides are read and written in lines.
  for (long p0 = 0; p0 < k; p0 += 16) {
    long end = FN(min)(16, k - p0), j = 0;
#if NB_LANES == 16
    for (; end == 16 && j + 16 <= columns; j += 16) {
      FN(row) rows[16];
#pragma clang loop unroll(full)
      for (int i = 0; i < 16; i++) rows[i] = *(const FN(row) *)(b + (j + i) * ldb + p0);
      FN(transpose16)(to + p0 * PANEL + j, PANEL, rows);
    }
#endif
    for (; j < columns; j++) {
      const float *row = b + j * ldb + p0;
      float *column = to + p0 * PANEL + j;
      for (long p = 0; p < end; p++) column[p * PANEL] = row[p];
    }
  }
}
