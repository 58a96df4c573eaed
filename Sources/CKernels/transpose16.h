// The transpose of 16 × 16 words in registers, for packing; included once a variant of 16 lanes.
//
// Four rounds exchange quarters, eighths and so on between rows whose numbers differ in one bit.

typedef float FN(row) __attribute__((ext_vector_type(16), aligned(4)));

#define NB_FIRST(d)                                                                              \
  0 & d ? 16 + 0 - d : 0, 1 & d ? 16 + 1 - d : 1, 2 & d ? 16 + 2 - d : 2,                        \
      3 & d ? 16 + 3 - d : 3, 4 & d ? 16 + 4 - d : 4, 5 & d ? 16 + 5 - d : 5,                    \
      6 & d ? 16 + 6 - d : 6, 7 & d ? 16 + 7 - d : 7, 8 & d ? 16 + 8 - d : 8,                    \
      9 & d ? 16 + 9 - d : 9, 10 & d ? 16 + 10 - d : 10, 11 & d ? 16 + 11 - d : 11,              \
      12 & d ? 16 + 12 - d : 12, 13 & d ? 16 + 13 - d : 13, 14 & d ? 16 + 14 - d : 14,           \
      15 & d ? 16 + 15 - d : 15

#define NB_SECOND(d)                                                                             \
  0 & d ? 16 + 0 : 0 + d, 1 & d ? 16 + 1 : 1 + d, 2 & d ? 16 + 2 : 2 + d,                        \
      3 & d ? 16 + 3 : 3 + d, 4 & d ? 16 + 4 : 4 + d, 5 & d ? 16 + 5 : 5 + d,                    \
      6 & d ? 16 + 6 : 6 + d, 7 & d ? 16 + 7 : 7 + d, 8 & d ? 16 + 8 : 8 + d,                    \
      9 & d ? 16 + 9 : 9 + d, 10 & d ? 16 + 10 : 10 + d, 11 & d ? 16 + 11 : 11 + d,              \
      12 & d ? 16 + 12 : 12 + d, 13 & d ? 16 + 13 : 13 + d, 14 & d ? 16 + 14 : 14 + d,           \
      15 & d ? 16 + 15 : 15 + d

#define NB_ROUND(d)                                                                              \
  _Pragma("clang loop unroll(full)") for (int i = 0; i < 16; i++) if (!(i & d)) {                \
    FN(row) a = r[i], b = r[i + d];                                                              \
    r[i] = __builtin_shufflevector(a, b, NB_FIRST(d));                                           \
    r[i + d] = __builtin_shufflevector(a, b, NB_SECOND(d));                                      \
  }

/// to[i*stride + j] = r[j][i]
static inline __attribute__((always_inline)) void FN(transpose16)(float *to, long stride,
                                                                  FN(row) *r) {
  NB_ROUND(8) NB_ROUND(4) NB_ROUND(2) NB_ROUND(1)
#pragma clang loop unroll(full)
  for (int i = 0; i < 16; i++) *(FN(row) *)(to + i * stride) = r[i];
}

#undef NB_ROUND
#undef NB_FIRST
#undef NB_SECOND
