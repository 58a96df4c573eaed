// The kernels themselves; see include/CKernels.h for what each computes.
//
// Included once a variant, with FN(name) giving the variant's symbol. The loops are written so that
// the compiler vectorises them: sums may be reassociated inside the functions that say so, and
// nowhere else, since the rounding step of the exponential must stay as written.

#include "vector_math.h"
#if NB_LANES == 16
#include "transpose16.h"
#endif

// MARK: Norms and embedding

static inline float FN(rstd)(const float *x, long width, float eps) {
  return 1.0f / sqrtf(FN(dot)(x, x, width) / (float)width + eps);
}

static void FN(norm_forward)(float *y, float *rstd, const float *x, long rows, long width,
                             float eps) {
  for (long r = 0; r < rows; r++) {
    float s = FN(rstd)(x + r * width, width, eps);
    rstd[r] = s;
    for (long i = 0; i < width; i++) y[r * width + i] = x[r * width + i] * s;
  }
}

static void FN(norm_backward)(float *dx, const float *residual, const float *dy, const float *y,
                              const float *rstd, long rows, long width) {
  for (long r = 0; r < rows; r++) {
    const float *g = dy + r * width, *n = y + r * width;
    float *out = dx + r * width;
    float mean = FN(dot)(g, n, width) / (float)width, s = rstd[r];
    if (residual) {
      const float *base = residual + r * width;
      for (long i = 0; i < width; i++) out[i] = base[i] + s * (g[i] - n[i] * mean);
    } else {
      for (long i = 0; i < width; i++) out[i] = s * (g[i] - n[i] * mean);
    }
  }
}

static void FN(embedding_forward)(float *x, const float *table, const int32_t *ids, long rows,
                                  long width, float eps) {
  for (long r = 0; r < rows; r++) {
    const float *e = table + (long)ids[r] * width;
    float s = FN(rstd)(e, width, eps);
    for (long i = 0; i < width; i++) x[r * width + i] = e[i] * s;
  }
}

static void FN(embedding_backward)(float *dtable, const float *table, const float *dx,
                                   const int32_t *ids, long rows, long width, float eps,
                                   long first, long last) {
  for (long r = 0; r < rows; r++) {
    long id = ids[r];
    if (id < first || id >= last) continue;
    const float *e = table + id * width, *g = dx + r * width;
    float *out = dtable + id * width;
    float s = FN(rstd)(e, width, eps);
    float mean = FN(dot)(g, e, width) * s / (float)width;
    float scaled = mean * s;
    for (long i = 0; i < width; i++) out[i] += s * (g[i] - e[i] * scaled);
  }
}

// MARK: Rotary and head norm

static void FN(rotary_norm_forward)(float *x, float *rstd, long stride, const float *cosine,
                                    const float *sine, const int32_t *positions, long rows,
                                    long heads, long d, float eps) {
  long half = d / 2;
  for (long r = 0; r < rows; r++) {
    const float *c = cosine + positions[r] * half, *s = sine + positions[r] * half;
    for (long h = 0; h < heads; h++) {
      float *v = x + r * stride + h * d;
      // Rotation keeps the length, so the norm is known before it.
      float f = FN(rstd)(v, d, eps);
      rstd[r * heads + h] = f;
      for (long i = 0; i < half; i++) {
        float a = v[i] * f, b = v[i + half] * f;
        v[i] = a * c[i] + b * s[i];
        v[i + half] = b * c[i] - a * s[i];
      }
    }
  }
}

static void FN(rotary_norm_backward)(float *dx, const float *y, const float *rstd, long stride,
                                     const float *cosine, const float *sine,
                                     const int32_t *positions, long rows, long heads, long d) {
  long half = d / 2;
  for (long r = 0; r < rows; r++) {
    const float *c = cosine + positions[r] * half, *s = sine + positions[r] * half;
    for (long h = 0; h < heads; h++) {
      float *g = dx + r * stride + h * d;
      const float *n = y + r * stride + h * d;
      float mean = FN(dot)(g, n, d) / (float)d, f = rstd[r * heads + h];
      for (long i = 0; i < half; i++) {
        float a = f * (g[i] - n[i] * mean), b = f * (g[i + half] - n[i + half] * mean);
        g[i] = a * c[i] - b * s[i];
        g[i + half] = a * s[i] + b * c[i];
      }
    }
  }
}

// MARK: Activation

static void FN(relu2_forward)(float *h, const float *u, long count) {
  for (long i = 0; i < count; i++) {
    float r = u[i] > 0 ? u[i] : 0;
    h[i] = r * r;
  }
}

static void FN(relu2_backward)(float *du, float *h, const float *u, long count) {
  for (long i = 0; i < count; i++) {
    float r = u[i] > 0 ? u[i] : 0;
    h[i] = r * r;
    du[i] *= 2 * r;
  }
}

// MARK: Softcapped cross-entropy

static void FN(softcap_targets)(float *target_tanh, const float *z, const int32_t *targets,
                                long row, long columns, long first, float inverse) {
  long target = targets[row];
  if (target >= first && target < first + columns)
    target_tanh[row] = FN(tanh)(z[target - first] * inverse);
}

static void FN(softcap_gradient)(float *z, float *sums, float *target_tanh,
                                 const int32_t *targets, long rows, long columns, long stride,
                                 long first, float cap) {
  float inverse = 1.0f / cap;
  for (long r = 0; r < rows; r++) {
    REASSOCIATE
    float *row = z + r * stride, sum = 0;
    FN(softcap_targets)(target_tanh, row, targets, r, columns, first, inverse);
    for (long i = 0; i < columns; i++) {
      float t = FN(tanh)(row[i] * inverse);
      float e = FN(exp)(cap * t);
      sum += e;
      row[i] = e * (1 - t * t);
    }
    sums[r] = sum;
  }
}

static void FN(softcap_sums)(const float *z, float *sums, float *target_tanh,
                             const int32_t *targets, long rows, long columns, long stride,
                             long first, float cap) {
  float inverse = 1.0f / cap;
  for (long r = 0; r < rows; r++) {
    REASSOCIATE
    const float *row = z + r * stride;
    float sum = 0;
    FN(softcap_targets)(target_tanh, row, targets, r, columns, first, inverse);
    for (long i = 0; i < columns; i++) sum += FN(exp)(cap * FN(tanh)(row[i] * inverse));
    sums[r] = sum;
  }
}

static void FN(softcap)(float *z, long count, float cap) {
  float inverse = 1.0f / cap;
  for (long i = 0; i < count; i++) z[i] = cap * FN(tanh)(z[i] * inverse);
}

// MARK: Vectors

static void FN(scale_rows)(float *y, const float *x, const float *factors, long rows, long width) {
  for (long r = 0; r < rows; r++) {
    float f = factors[r];
    for (long i = 0; i < width; i++) y[r * width + i] = x[r * width + i] * f;
  }
}

static void FN(axpy)(float *y, const float *x, float a, long count) {
  for (long i = 0; i < count; i++) y[i] += a * x[i];
}

static double FN(sum_of_squares)(const float *x, long count) {
  // Short runs are summed in single precision, the runs in double.
  double total = 0;
  for (long i = 0; i < count; i += 4096)
    total += (double)FN(dot)(x + i, x + i, FN(min)(4096, count - i));
  return total;
}

// MARK: Optimisers

static void FN(adamw_step)(float *p, float *m, float *v, const float *g, long count,
                           struct nb_adamw s) {
  float keep = 1 - s.rate * s.decay, step = s.rate / s.correction1, root = 1 / s.correction2;
  for (long i = 0; i < count; i++) {
    float gradient = g[i] * s.gradient_scale;
    float first = s.beta1 * m[i] + (1 - s.beta1) * gradient;
    float second = s.beta2 * v[i] + (1 - s.beta2) * gradient * gradient;
    m[i] = first;
    v[i] = second;
    p[i] = p[i] * keep - step * first / (__builtin_elementwise_sqrt(second * root) + s.epsilon);
  }
}

static double FN(muon_momentum)(float *u, float *momentum, const float *g, float mu, float scale,
                                long count) {
  double total = 0;
  float other = (1 - mu) * scale;
  for (long block = 0; block < count; block += 4096) {
    REASSOCIATE
    long end = FN(min)(block + 4096, count);
    float sum = 0;
    for (long i = block; i < end; i++) {
      float b = mu * momentum[i] + other * g[i];
      float w = other * g[i] + mu * b;
      momentum[i] = b;
      u[i] = w;
      sum += w * w;
    }
    total += (double)sum;
  }
  return total;
}

static void FN(muon_polynomial)(float *a, const float *a2, float b, float c, long count) {
  for (long i = 0; i < count; i++) a[i] = b * a[i] + c * a2[i];
}

static void FN(transpose)(float *y, const float *a, long rows, long columns) {
  for (long i0 = 0; i0 < rows; i0 += 16)
    for (long j0 = 0; j0 < columns; j0 += 16) {
      long i1 = FN(min)(i0 + 16, rows), j1 = FN(min)(j0 + 16, columns);
#if NB_LANES == 16
      if (i1 - i0 == 16 && j1 - j0 == 16) {
        FN(row) block[16];
#pragma clang loop unroll(full)
        for (int i = 0; i < 16; i++) block[i] = *(const FN(row) *)(a + (i0 + i) * columns + j0);
        FN(transpose16)(y + j0 * rows + i0, rows, block);
        continue;
      }
#endif
      for (long j = j0; j < j1; j++)
        for (long i = i0; i < i1; i++) y[j * rows + i] = a[i * columns + j];
    }
}

static void FN(scale)(float *x, float a, long count) {
  for (long i = 0; i < count; i++) x[i] *= a;
}

static void FN(scale_copy)(float *y, const float *x, float a, long count) {
  for (long i = 0; i < count; i++) y[i] = a * x[i];
}

static void FN(mirror)(float *a, long n) {
  for (long i0 = 0; i0 < n; i0 += 16)
    for (long j0 = 0; j0 <= i0; j0 += 16) {
      long i1 = FN(min)(i0 + 16, n);
      for (long i = i0; i < i1; i++) {
        long j1 = FN(min)(j0 + 16, i);
        for (long j = j0; j < j1; j++) a[j * n + i] = a[i * n + j];
      }
    }
}

static void FN(muon_apply)(float *p, const float *u, float rate, float decay, long count) {
  for (long i = 0; i < count; i++) p[i] = p[i] * (1 - decay) - rate * u[i];
}

#define NB_TABLE                                                                                 \
  {                                                                                              \
      FN(norm_forward),       FN(norm_backward),        FN(embedding_forward),                   \
      FN(embedding_backward), FN(rotary_norm_forward),  FN(rotary_norm_backward),                \
      FN(attention_decode),                                                                      \
      FN(relu2_forward),      FN(relu2_backward),       FN(softcap_gradient),                    \
      FN(softcap_sums),       FN(softcap),              FN(scale_rows),                          \
      FN(axpy),               FN(sum_of_squares),       FN(adamw_step),                          \
      FN(muon_momentum),      FN(muon_polynomial),      FN(transpose),                           \
      FN(scale),              FN(scale_copy),           FN(mirror),                              \
      FN(muon_apply),         FN(matvec_fp32),          FN(matvec_bf16),                         \
      FN(round_bf16),                                                                            \
  }
