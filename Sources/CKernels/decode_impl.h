// Products of a weight matrix with few vectors, and attention of single queries: what decoding does.
//
// Every weight is read once from memory and used once a vector, so what counts is to keep loads on
// their way.

typedef uint16_t FN(half_vector) __attribute__((ext_vector_type(NB_LANES), aligned(2)));
typedef uint32_t FN(word_vector) __attribute__((ext_vector_type(NB_LANES)));

static inline FN(vector) FN(load_fp32)(const float *p) { return *(const FN(vector) *)p; }

/// A bfloat16 is the upper half of a float.
static inline FN(vector) FN(load_bf16)(const uint16_t *p) {
  return (FN(vector))(__builtin_convertvector(*(const FN(half_vector) *)p, FN(word_vector)) << 16);
}

static inline float FN(single_fp32)(const float *p) { return *p; }

static inline float FN(single_bf16)(const uint16_t *p) {
  uint32_t bits = (uint32_t)*p << 16;
  float x;
  __builtin_memcpy(&x, &bits, 4);
  return x;
}

static inline float FN(lanes_sum)(FN(vector) v) {
  REASSOCIATE
  float sum = 0;
  for (int i = 0; i < NB_LANES; i++) sum += v[i];
  return sum;
}

// With one vector: short rows are read four at once and long ones by themselves, so that memory is
// read in one run. Rows that up to four vectors share go side by side as the registers allow.
enum { FN(SHORT) = 512, FN(SHARED) = NB_LANES == 16 ? 4 : 2 };

#define NB_MATVEC(format, element)                                                                 \
  static inline __attribute__((always_inline)) void FN(tile_##format)(                             \
      const int rows, const int vectors, const int stride, float *y, const element *w,             \
      const float *x, long columns, long sy, long sx) {                                            \
    _Pragma("clang fp contract(fast)") FN(vector) sum[4][4];                                       \
    long whole = columns / NB_LANES * NB_LANES, c = 0;                                             \
    for (int r = 0; r < rows; r++)                                                                 \
      for (int i = 0; i < 4; i++) sum[r][i] = (FN(vector))(0.0f);                                  \
    if (vectors == 1) {                                                                            \
      for (; c + stride * NB_LANES <= columns; c += stride * NB_LANES) {                           \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < stride; i++) {                      \
          FN(vector) right = FN(load_fp32)(x + c + i * NB_LANES);                                  \
          _Pragma("clang loop unroll(full)") for (int r = 0; r < rows; r++)                        \
              sum[r][i] += FN(load_##format)(w + r * columns + c + i * NB_LANES) * right;          \
        }                                                                                          \
      }                                                                                            \
      _Pragma("clang loop unroll(full)") for (int r = 0; r < rows; r++)                            \
        for (int i = 1; i < stride; i++) sum[r][0] += sum[r][i];                                   \
    }                                                                                              \
    for (; c < whole; c += NB_LANES) {                                                             \
      FN(vector) right[4];                                                                         \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < vectors; i++)                         \
          right[i] = FN(load_fp32)(x + i * sx + c);                                                \
      _Pragma("clang loop unroll(full)") for (int r = 0; r < rows; r++) {                          \
        const element *place = w + r * columns + c;                                                \
        FN(vector) left = FN(load_##format)(place);                                                \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < vectors; i++)                       \
            sum[r][i] += left * right[i];                                                          \
      }                                                                                            \
    }                                                                                              \
    for (int r = 0; r < rows; r++)                                                                 \
      for (int i = 0; i < vectors; i++) {                                                          \
        float total = FN(lanes_sum)(sum[r][i]);                                                    \
        for (long c = whole; c < columns; c++)                                                     \
          total += FN(single_##format)(w + r * columns + c) * x[i * sx + c];                       \
        y[i * sy + r] = total;                                                                     \
      }                                                                                            \
  }                                                                                                \
  static inline __attribute__((always_inline)) void FN(rows_##format)(                             \
      const int rows, const int vectors, const int stride, float *y, const element *w,             \
      const float *x, long first, long last, long columns, long sy, long sx) {                     \
    long o = first;                                                                                \
    for (; o + rows <= last; o += rows)                                                            \
      FN(tile_##format)(rows, vectors, stride, y + o, w + o * columns, x, columns, sy, sx);        \
    for (; o < last; o++)                                                                          \
      FN(tile_##format)(1, vectors, stride, y + o, w + o * columns, x, columns, sy, sx);           \
  }                                                                                                \
  static void FN(matvec_##format)(float *y, const element *w, const float *x, long first,          \
                                  long last, long columns, long vectors, long sy, long sx) {       \
    if (vectors == 1) {                                                                            \
      if (columns < FN(SHORT))                                                                     \
        FN(rows_##format)(4, 1, 2, y, w, x, first, last, columns, sy, sx);                         \
      else                                                                                         \
        FN(rows_##format)(1, 1, 4, y, w, x, first, last, columns, sy, sx);                         \
      return;                                                                                      \
    }                                                                                              \
    /* Few rows at a time, so that the next vectors find them in the caches. */                    \
    long step = 8;                                                                                 \
    for (long o = first; o < last; o += step) {                                                    \
      long end = FN(min)(o + step, last), i = 0;                                                   \
      for (; i + 4 <= vectors; i += 4)                                                             \
        FN(rows_##format)(FN(SHARED), 4, 1, y + i * sy, w, x + i * sx, o, end, columns, sy, sx);   \
      for (; i + 2 <= vectors; i += 2)                                                             \
        FN(rows_##format)(FN(SHARED), 2, 1, y + i * sy, w, x + i * sx, o, end, columns, sy, sx);   \
      for (; i < vectors; i++)                                                                     \
        FN(rows_##format)(FN(SHARED), 1, 1, y + i * sy, w, x + i * sx, o, end, columns, sy, sx);   \
    }                                                                                              \
  }

NB_MATVEC(fp32, float)
NB_MATVEC(bf16, uint16_t)

/// To the nearest, ties to even; NaN stays NaN.
static void FN(round_bf16)(uint16_t *to, const float *from, long count) {
  for (long i = 0; i < count; i++) {
    uint32_t bits;
    __builtin_memcpy(&bits, from + i, 4);
    uint32_t rounded = bits + 0x7FFF + ((bits >> 16) & 1);
    uint32_t quiet = bits | 0x400000;
    to[i] = (uint16_t)(((bits & 0x7FFFFFFF) > 0x7F800000 ? quiet : rounded) >> 16);
  }
}

/// o[0..<width] = sum of weights[j] v[j], `vectors` at a time in registers.
static inline __attribute__((always_inline)) void FN(weighted_sum)(const int vectors, float *o,
                                                                   const float *weights,
                                                                   const float *v, long length,
                                                                   long stride) {
#pragma clang fp contract(fast)
  FN(vector) sum[8];
  for (int i = 0; i < vectors; i++) sum[i] = (FN(vector))(0.0f);
  for (long j = 0; j < length; j++) {
    FN(vector) weight = (FN(vector))(weights[j]);
#pragma clang loop unroll(full)
    for (int i = 0; i < vectors; i++)
      sum[i] += weight * FN(load_fp32)(v + j * stride + i * NB_LANES);
  }
  for (int i = 0; i < vectors; i++) *(FN(vector) *)(o + i * NB_LANES) = sum[i];
}

static void FN(attention_decode)(float *o, const float *q, const float *k, const float *v,
                                 long length, long d, long stride, float scale, float *scores) {
  REASSOCIATE
  for (long j = 0; j < length; j++) scores[j] = FN(dot)(q, k + j * stride, d) * scale;
  float sum = 0;
  for (long j = 0; j < length; j++) {
    float e = FN(exp)(scores[j]);
    scores[j] = e;
    sum += e;
  }
  float inverse = 1.0f / sum;
  for (long j = 0; j < length; j++) scores[j] *= inverse;
  long c = 0;
  for (; c + 8 * NB_LANES <= d; c += 8 * NB_LANES)
    FN(weighted_sum)(8, o + c, scores, v + c, length, stride);
  for (; c + NB_LANES <= d; c += NB_LANES)
    FN(weighted_sum)(1, o + c, scores, v + c, length, stride);
  for (; c < d; c++) {
    float total = 0;
    for (long j = 0; j < length; j++) total += scores[j] * v[j * stride + c];
    o[c] = total;
  }
}
