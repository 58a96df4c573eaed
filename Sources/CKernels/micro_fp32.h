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
                                                            float *c, long ldc, int add) {
#pragma clang fp contract(fast)
  FN(vector) sum[MR][2];
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++) sum[i][0] = sum[i][1] = (FN(vector))(0.0f);
  for (long p = 0; p < k; p++) {
    FN(vector) left = *(const FN(vector) *)b, right = *(const FN(vector) *)(b + NB_LANES);
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
      FN(vector) x = (FN(vector))(a[i * rs]);
      sum[i][0] += x * left;
      sum[i][1] += x * right;
    }
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
static void FN(left_tiles)(float *to, const float *a, long lda, long m, long k) {
  for (long i = 0; i < m; i += MR) {
    float *tile = to + i * k;
    if (m - i >= MR) {
      for (long p = 0; p < k; p++)
        __builtin_memcpy(tile + p * MR, a + p * lda + i, MR * sizeof(float));
    } else {
      for (long p = 0; p < k; p++)
        for (long r = 0; r < m - i; r++) tile[p * MR + r] = a[p * lda + i + r];
    }
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
  // Blocks of 16 × 16 through a small buffer, so that both sides are read and written in lines.
  for (long p0 = 0; p0 < k; p0 += 16) {
    long end = FN(min)(16, k - p0);
    for (long j = 0; j < columns; j++) {
      const float *row = b + j * ldb + p0;
      float *column = to + p0 * PANEL + j;
      for (long p = 0; p < end; p++) column[p * PANEL] = row[p];
    }
  }
}
