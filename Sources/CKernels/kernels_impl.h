// The kernels themselves; see include/CKernels.h for what each computes.
//
// Included once a variant, with FN(name) giving the variant's symbol. The loops are written so that
// the compiler vectorises them: sums may be reassociated inside the functions that say so, and
// nowhere else, since the rounding step of the exponential must stay as written.

#define REASSOCIATE _Pragma("clang fp reassociate(on) contract(fast)")

/// exp(x), at most about 1 ulp off on [-87, 88]; clamped outside. Cephes polynomial.
static inline float FN(exp)(float x) {
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  float shifted = x * 1.44269504f + 12582912.0f;
  int32_t n;
  __builtin_memcpy(&n, &shifted, 4);
  float k = shifted - 12582912.0f;
  float r = x - k * 0.693359375f;
  r = r + k * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  int32_t scale_bits = (int32_t)((uint32_t)(n + 127 - 0x4B400000) << 23);
  float scale;
  __builtin_memcpy(&scale, &scale_bits, 4);
  return p * scale;
}

/// tanh(x) as a ratio of polynomials, a few ulp off everywhere.
static inline float FN(tanh)(float x) {
  x = x < -7.90531110763549805f ? -7.90531110763549805f : x;
  x = x > 7.90531110763549805f ? 7.90531110763549805f : x;
  float s = x * x;
  float p = -2.76076847742355e-16f;
  p = p * s + 2.00018790482477e-13f;
  p = p * s - 8.60467152213735e-11f;
  p = p * s + 5.12229709037114e-08f;
  p = p * s + 1.48572235717979e-05f;
  p = p * s + 6.37261928875436e-04f;
  p = p * s + 4.89352455891786e-03f;
  float q = 1.19825839466702e-06f;
  q = q * s + 1.18534705686654e-04f;
  q = q * s + 2.26843463243900e-03f;
  q = q * s + 4.89352518554385e-03f;
  return x * p / q;
}

static inline float FN(dot)(const float *a, const float *b, long n) {
  REASSOCIATE
  float sum = 0;
  for (long i = 0; i < n; i++) sum += a[i] * b[i];
  return sum;
}

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

// MARK: Attention

enum { TILE = 128 };

static inline long FN(min)(long a, long b) { return a < b ? a : b; }

static void FN(attention_forward)(float *o, float *lse, const float *q, const float *k,
                                  const float *v, long t, long d, long so, long sq, long sk,
                                  float scale, float *work) {
  float *p = work, *sums = work + TILE * TILE;
  for (long i0 = 0; i0 < t; i0 += TILE) {
    long m = FN(min)(TILE, t - i0);
    for (long i = 0; i < m; i++) sums[i] = 0;
    for (long j0 = 0; j0 <= i0; j0 += TILE) {
      long n = FN(min)(TILE, t - j0);
      nb_gemm(0, 1, m, n, d, scale, q + i0 * sq, sq, k + j0 * sk, sk, 0, p, TILE);
      for (long i = 0; i < m; i++) {
        REASSOCIATE
        long visible = j0 == i0 ? FN(min)(i + 1, n) : n;
        float *row = p + i * TILE, sum = 0;
        for (long j = 0; j < visible; j++) {
          float e = FN(exp)(row[j]);
          row[j] = e;
          sum += e;
        }
        for (long j = visible; j < n; j++) row[j] = 0;
        sums[i] += sum;
      }
      nb_gemm(0, 0, m, d, n, 1, p, TILE, v + j0 * sk, sk, j0 ? 1 : 0, o + i0 * so, so);
    }
    for (long i = 0; i < m; i++) {
      float inverse = 1.0f / sums[i], *row = o + (i0 + i) * so;
      lse[i0 + i] = logf(sums[i]);
      for (long c = 0; c < d; c++) row[c] *= inverse;
    }
  }
}

static void FN(attention_backward)(float *dq, float *dk, float *dv, const float *dout,
                                   const float *o, const float *lse, const float *q,
                                   const float *k, const float *v, long t, long d, long so,
                                   long sq, long sk, float scale, float *work) {
  float *p = work, *ds = work + TILE * TILE, *delta = work + 2 * TILE * TILE;
  for (long i0 = 0; i0 < t; i0 += TILE) {
    long m = FN(min)(TILE, t - i0);
    for (long i = 0; i < m; i++)
      delta[i] = FN(dot)(dout + (i0 + i) * so, o + (i0 + i) * so, d);
    for (long j0 = 0; j0 <= i0; j0 += TILE) {
      long n = FN(min)(TILE, t - j0);
      nb_gemm(0, 1, m, n, d, scale, q + i0 * sq, sq, k + j0 * sk, sk, 0, p, TILE);
      nb_gemm(0, 1, m, n, d, 1, dout + i0 * so, so, v + j0 * sk, sk, 0, ds, TILE);
      for (long i = 0; i < m; i++) {
        long visible = j0 == i0 ? FN(min)(i + 1, n) : n;
        float *row = p + i * TILE, *grad = ds + i * TILE, l = lse[i0 + i], shift = delta[i];
        for (long j = 0; j < visible; j++) {
          float e = FN(exp)(row[j] - l);
          row[j] = e;
          grad[j] = e * (grad[j] - shift) * scale;
        }
        for (long j = visible; j < n; j++) row[j] = grad[j] = 0;
      }
      nb_gemm(1, 0, n, d, m, 1, p, TILE, dout + i0 * so, so, 1, dv + j0 * sk, sk);
      nb_gemm(0, 0, m, d, n, 1, ds, TILE, k + j0 * sk, sk, j0 ? 1 : 0, dq + i0 * sq, sq);
      nb_gemm(1, 0, n, d, m, 1, ds, TILE, q + i0 * sq, sq, 1, dk + j0 * sk, sk);
    }
  }
}

static void FN(attention_decode)(float *o, const float *q, const float *k, const float *v,
                                 long length, long d, long stride, float scale, float *scores) {
  float sum = 0;
  for (long j = 0; j < length; j++) {
    float e = FN(exp)(FN(dot)(q, k + j * stride, d) * scale);
    scores[j] = e;
    sum += e;
  }
  for (long c = 0; c < d; c++) o[c] = 0;
  for (long j = 0; j < length; j++) {
    float w = scores[j] / sum;
    const float *row = v + j * stride;
    for (long c = 0; c < d; c++) o[c] += w * row[c];
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
      for (long j = j0; j < j1; j++)
        for (long i = i0; i < i1; i++) y[j * rows + i] = a[i * columns + j];
    }
}

static void FN(scale)(float *x, float a, long count) {
  for (long i = 0; i < count; i++) x[i] *= a;
}

static void FN(muon_apply)(float *p, const float *u, float rate, float decay, long count) {
  for (long i = 0; i < count; i++) p[i] = p[i] * (1 - decay) - rate * u[i];
}

// MARK: Decoding

static void FN(matvec)(float *y, const float *w, const float *x, long first, long last,
                       long columns, long vectors, long sy, long sx) {
  for (long o = first; o < last; o++)
    for (long i = 0; i < vectors; i++)
      y[i * sy + o] = FN(dot)(w + o * columns, x + i * sx, columns);
}

#define NB_TABLE                                                                                 \
  {                                                                                              \
      FN(norm_forward),       FN(norm_backward),        FN(embedding_forward),                   \
      FN(embedding_backward), FN(rotary_norm_forward),  FN(rotary_norm_backward),                \
      FN(attention_forward),  FN(attention_backward),   FN(attention_decode),                    \
      FN(relu2_forward),      FN(relu2_backward),       FN(softcap_gradient),                    \
      FN(softcap_sums),       FN(softcap),              FN(scale_rows),                          \
      FN(axpy),               FN(sum_of_squares),       FN(adamw_step),                          \
      FN(muon_momentum),      FN(muon_polynomial),      FN(transpose),                           \
      FN(scale),              FN(muon_apply),           FN(matvec),                              \
  }
