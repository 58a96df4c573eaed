// Chooses the variant and forwards every public function to it.
#include <stdatomic.h>
#include "kernels_table.h"

static const struct nb_kernels *table_of(int variant) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (variant == 2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"))
    return nb_kernels_avx512();
  if (variant == 1 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("bmi2"))
    return nb_kernels_avx2();
#endif
  return variant == 0 ? nb_kernels_base() : 0;
}

static _Atomic(const struct nb_kernels *) chosen;
static _Thread_local const struct nb_kernels *chosen_here;

static const struct nb_kernels *kernels(void) {
  if (chosen_here) return chosen_here;
  const struct nb_kernels *table = atomic_load_explicit(&chosen, memory_order_acquire);
  if (table) return table;
  for (int variant = 2; !table; variant--) table = table_of(variant);
  atomic_store_explicit(&chosen, table, memory_order_release);
  return table;
}

int nb_variant(void) {
  const struct nb_kernels *table = kernels();
  for (int variant = 2; variant > 0; variant--)
    if (table == table_of(variant)) return variant;
  return 0;
}

int nb_set_thread_variant(int variant) {
  chosen_here = variant < 0 ? 0 : table_of(variant);
  return chosen_here != 0;
}

int nb_has_bf16(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return table_of(2) != 0 && __builtin_cpu_supports("avx512bf16");
#else
  return 0;
#endif
}

static _Atomic(nb_sgemm_function) sgemm;

void nb_set_sgemm(nb_sgemm_function function) {
  atomic_store_explicit(&sgemm, function, memory_order_release);
}

int nb_has_sgemm(void) { return atomic_load_explicit(&sgemm, memory_order_acquire) != 0; }

void nb_gemm(int transpose_a, int transpose_b, long m, long n, long k, float alpha, const float *a,
             long lda, const float *b, long ldb, float beta, float *c, long ldc) {
  nb_sgemm_function function = atomic_load_explicit(&sgemm, memory_order_acquire);
  function(101, transpose_a ? 112 : 111, transpose_b ? 112 : 111, (int)m, (int)n, (int)k, alpha, a,
           (int)lda, b, (int)ldb, beta, c, (int)ldc);
}

// MARK: Forwarding

void nb_norm_forward(float *y, float *rstd, const float *x, long rows, long width, float eps) {
  kernels()->norm_forward(y, rstd, x, rows, width, eps);
}

void nb_norm_backward(float *dx, const float *residual, const float *dy, const float *y,
                      const float *rstd, long rows, long width) {
  kernels()->norm_backward(dx, residual, dy, y, rstd, rows, width);
}

void nb_embedding_forward(float *x, const float *table, const int32_t *ids, long rows, long width,
                          float eps) {
  kernels()->embedding_forward(x, table, ids, rows, width, eps);
}

void nb_embedding_backward(float *dtable, const float *table, const float *dx, const int32_t *ids,
                           long rows, long width, float eps, long first, long last) {
  kernels()->embedding_backward(dtable, table, dx, ids, rows, width, eps, first, last);
}

void nb_rotary_norm_forward(float *x, float *rstd, long stride, const float *cosine,
                            const float *sine, const int32_t *positions, long rows, long heads,
                            long d, float eps) {
  kernels()->rotary_norm_forward(x, rstd, stride, cosine, sine, positions, rows, heads, d, eps);
}

void nb_rotary_norm_backward(float *dx, const float *y, const float *rstd, long stride,
                             const float *cosine, const float *sine, const int32_t *positions,
                             long rows, long heads, long d) {
  kernels()->rotary_norm_backward(dx, y, rstd, stride, cosine, sine, positions, rows, heads, d);
}

// MARK: Products

static const struct nb_products *products(int engine) {
  if (engine == NB_BF16) return nb_products_bf16();
  switch (engine >= NB_VARIANT ? engine - NB_VARIANT : nb_variant()) {
    case 2: return nb_products_avx512();
    case 1: return nb_products_avx2();
    default: return nb_products_base();
  }
}

int nb_engine_runs(int engine) {
  if (engine == NB_BF16) return nb_has_bf16();
  return engine < NB_VARIANT || table_of(engine - NB_VARIANT) != 0;
}

long nb_panel_count(long n) { return (n + PANEL - 1) / PANEL; }

long nb_packed_words(int engine, long k, long n) {
  return (engine == NB_BF16 ? (k + 1) / 2 : k) * nb_panel_count(n) * PANEL;
}

void nb_pack(int engine, void *packed, const float *b, long k, long n, long ldb, int transposed,
             long first, long last) {
  if (engine != NB_OPENBLAS) {
    products(engine)->pack(packed, b, k, n, ldb, transposed, first, last);
    return;
  }
  // OpenBLAS packs by itself: it gets the matrix as k rows of n.
  float *to = packed;
  long end = last * PANEL < n ? last * PANEL : n;
  for (long p = 0; p < k; p++)
    for (long j = first * PANEL; j < end; j++)
      to[p * n + j] = transposed ? b[j * ldb + p] : b[p * ldb + j];
}

void nb_product_rows(int engine, float *c, long ldc, const float *a, long lda, const void *packed,
                     long m, long n, long k, int add, void *work) {
  nb_product_part(engine, c, ldc, a, lda, packed, n, 0, m, n, k, add, work);
}

void nb_product_part(int engine, float *c, long ldc, const float *a, long lda, const void *packed,
                     long total, long first, long m, long n, long k, int add, void *work) {
  if (engine == NB_OPENBLAS) {
    nb_gemm(0, 0, m, n, k, 1, a, lda, (const float *)packed + first, total, add ? 1 : 0, c, ldc);
    return;
  }
  const char *panels = (const char *)packed + 4 * nb_packed_words(engine, k, first);
  products(engine)->rows(c, ldc, a, lda, panels, m, n, k, add, work);
}

void nb_product_columns(int engine, float *c, long ldc, const float *a, long lda, const float *b,
                        long ldb, long m, long n, long k, void *work) {
  if (engine == NB_OPENBLAS)
    nb_gemm(1, 0, m, n, k, 1, a, lda, b, ldb, 1, c, ldc);
  else
    products(engine)->columns(c, ldc, a, lda, b, ldb, m, n, k, work);
}

long nb_attention_words(long t, long d) {
  long tile = 128, deep = nb_panel_count(d) * PANEL, wide = nb_panel_count(t) * PANEL;
  long larger = d > tile ? d : tile;
  return 2 * wide * d + deep * t + 2 * deep * tile + tile * (larger + 32) + 2 * tile * tile +
         tile + 12 * 16;
}

void nb_attention_forward(int engine, float *o, float *lse, const float *q, const float *k,
                          const float *v, long t, long d, long so, long sq, long sk, float scale,
                          void *work) {
  products(engine)->attention_forward(o, lse, q, k, v, t, d, so, sq, sk, scale, work);
}

void nb_attention_backward(int engine, float *dq, float *dk, float *dv, const float *dout,
                           const float *o, const float *lse, const float *q, const float *k,
                           const float *v, long t, long d, long so, long sq, long sk, float scale,
                           void *work) {
  products(engine)->attention_backward(dq, dk, dv, dout, o, lse, q, k, v, t, d, so, sq, sk, scale,
                                       work);
}

void nb_attention_decode(float *o, const float *q, const float *k, const float *v, long length,
                         long d, long stride, float scale, float *scores) {
  kernels()->attention_decode(o, q, k, v, length, d, stride, scale, scores);
}

void nb_relu2_forward(float *h, const float *u, long count) {
  kernels()->relu2_forward(h, u, count);
}

void nb_relu2_backward(float *du, float *h, const float *u, long count) {
  kernels()->relu2_backward(du, h, u, count);
}

void nb_softcap_gradient(float *z, float *sums, float *target_tanh, const int32_t *targets,
                         long rows, long columns, long stride, long first, float cap) {
  kernels()->softcap_gradient(z, sums, target_tanh, targets, rows, columns, stride, first, cap);
}

void nb_softcap_sums(const float *z, float *sums, float *target_tanh, const int32_t *targets,
                     long rows, long columns, long stride, long first, float cap) {
  kernels()->softcap_sums(z, sums, target_tanh, targets, rows, columns, stride, first, cap);
}

void nb_softcap(float *z, long count, float cap) { kernels()->softcap(z, count, cap); }

void nb_scale_rows(float *y, const float *x, const float *factors, long rows, long width) {
  kernels()->scale_rows(y, x, factors, rows, width);
}

void nb_axpy(float *y, const float *x, float a, long count) { kernels()->axpy(y, x, a, count); }

double nb_sum_of_squares(const float *x, long count) {
  return kernels()->sum_of_squares(x, count);
}

void nb_adamw_step(float *p, float *m, float *v, const float *g, long count, struct nb_adamw s) {
  kernels()->adamw_step(p, m, v, g, count, s);
}

double nb_muon_momentum(float *u, float *momentum, const float *g, float mu, float scale,
                        long count) {
  return kernels()->muon_momentum(u, momentum, g, mu, scale, count);
}

void nb_muon_polynomial(float *a, const float *a2, float b, float c, long count) {
  kernels()->muon_polynomial(a, a2, b, c, count);
}

void nb_transpose(float *y, const float *a, long rows, long columns) {
  kernels()->transpose(y, a, rows, columns);
}

void nb_scale(float *x, float a, long count) { kernels()->scale(x, a, count); }

void nb_scale_copy(float *y, const float *x, float a, long count) {
  kernels()->scale_copy(y, x, a, count);
}

void nb_mirror(float *a, long n) { kernels()->mirror(a, n); }

void nb_muon_apply(float *p, const float *u, float rate, float decay, long count) {
  kernels()->muon_apply(p, u, rate, decay, count);
}

void nb_matvec(float *y, const float *w, const float *x, long first, long last, long columns,
               long vectors, long sy, long sx) {
  kernels()->matvec_fp32(y, w, x, first, last, columns, vectors, sy, sx);
}

void nb_matvec_bf16(float *y, const uint16_t *w, const float *x, long first, long last,
                    long columns, long vectors, long sy, long sx) {
  kernels()->matvec_bf16(y, w, x, first, last, columns, vectors, sy, sx);
}

void nb_round_bf16(uint16_t *to, const float *from, long count) {
  kernels()->round_bf16(to, from, count);
}
