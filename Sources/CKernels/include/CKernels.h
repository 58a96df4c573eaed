// The hot loops of training and inference in plain C.
//
// One source (kernels_impl.h) is compiled three times, for AVX-512, AVX2 and the baseline of the
// platform, and the best variant the machine can run is chosen once. All matrices are row-major
// floats. "rows" counts tokens. Outputs come first. Nothing here allocates.
#pragma once
#include <stddef.h>
#include <stdint.h>

// MARK: Variants

/// The instruction set in use: 0 baseline, 1 AVX2 + FMA, 2 AVX-512.
int nb_variant(void);
/// Makes the calling thread use another variant, for tests; below 0 ends that. Returns whether the
/// machine runs it. Products have their own choice, see nb_engine.
int nb_set_thread_variant(int variant);
/// Whether the machine multiplies bfloat16 (AVX512_BF16).
int nb_has_bf16(void);

// MARK: Memory

/// Zeroed memory, 64-byte aligned; large blocks are aligned to and advised for huge pages.
void *nb_memory_allocate(size_t bytes);
void nb_memory_free(void *memory, size_t bytes);

// MARK: Threads

struct nb_pool;
/// `threads` workers including the caller of nb_pool_run. NULL when a thread cannot be started.
struct nb_pool *nb_pool_create(int threads);
void nb_pool_free(struct nb_pool *pool);
// nb_pool_run takes a Swift closure and is declared in ThreadPool.swift.

// MARK: Norms and embedding

/// y = x * rstd, rstd = 1 / sqrt(mean(x^2) + eps); x and y may be the same.
void nb_norm_forward(float *y, float *rstd, const float *x, long rows, long width, float eps);
/// dx = residual + d(norm)/dx applied to dy; residual may be NULL or dx itself.
void nb_norm_backward(float *dx, const float *residual, const float *dy, const float *y,
                      const float *rstd, long rows, long width);
/// x = norm(table[id]) for each row.
void nb_embedding_forward(float *x, const float *table, const int32_t *ids, long rows, long width,
                          float eps);
/// dtable[id] += d(norm)/d(table[id]) applied to dx, for ids in first..<last only.
void nb_embedding_backward(float *dtable, const float *table, const float *dx, const int32_t *ids,
                           long rows, long width, float eps, long first, long last);

// MARK: Rotary embedding followed by the norm of each head, in place

/// x[row*stride + h*d ...] for h < heads. cosine and sine are positions x d/2. rstd is rows x heads.
void nb_rotary_norm_forward(float *x, float *rstd, long stride, const float *cosine,
                            const float *sine, const int32_t *positions, long rows, long heads,
                            long d, float eps);
/// dx in: gradient of the outputs y; out: gradient of the inputs.
void nb_rotary_norm_backward(float *dx, const float *y, const float *rstd, long stride,
                             const float *cosine, const float *sine, const int32_t *positions,
                             long rows, long heads, long d);

// MARK: Matrix product

/// c = alpha op(a) op(b) + beta c, row-major. Set once after OpenBLAS was loaded.
typedef void (*nb_sgemm_function)(int order, int transpose_a, int transpose_b, int m, int n, int k,
                                  float alpha, const float *a, int lda, const float *b, int ldb,
                                  float beta, float *c, int ldc);
void nb_set_sgemm(nb_sgemm_function function);
int nb_has_sgemm(void);
void nb_gemm(int transpose_a, int transpose_b, long m, long n, long k, float alpha, const float *a,
             long lda, const float *b, long ldb, float beta, float *c, long ldc);

// MARK: Products with a packed right factor

/// How products are computed: in single precision by our own kernels or by OpenBLAS, or in
/// bfloat16 with single-precision sums. NB_VARIANT + v is our own of variant v, for tests.
enum nb_engine { NB_FP32 = 0, NB_OPENBLAS = 1, NB_BF16 = 2, NB_VARIANT = 16 };
/// Whether the machine can run an engine (OpenBLAS counts as loaded).
int nb_engine_runs(int engine);

/// Words of work memory that rows and columns products need.
enum { NB_PRODUCT_WORDS = 2 * 128 * (512 + 16) };

/// Panels of n columns, and the 4-byte words they take together.
long nb_panel_count(long n);
long nb_packed_words(int engine, long k, long n);
/// Packs panels first..<last of b, which is k x n, or n x k when transposed.
void nb_pack(int engine, void *packed, const float *b, long k, long n, long ldb, int transposed,
             long first, long last);
/// c (m x n) = a (m x k) b, or += ; b was packed by the same engine.
void nb_product_rows(int engine, float *c, long ldc, const float *a, long lda, const void *packed,
                     long m, long n, long k, int add, void *work);
/// The same for columns first..<first+n of `total`; first is a multiple of 32.
void nb_product_part(int engine, float *c, long ldc, const float *a, long lda, const void *packed,
                     long total, long first, long m, long n, long k, int add, void *work);
/// c (m x n) += transpose of a (k x m) times b (k x n).
void nb_product_columns(int engine, float *c, long ldc, const float *a, long lda, const float *b,
                        long ldb, long m, long n, long k, void *work);

// MARK: Causal attention of one sequence and one head, tiled; T x T is never stored

/// 4-byte words of work memory for sequences of t tokens and heads of d.
long nb_attention_words(long t, long d);
/// o[t*so ...] = softmax(scale q k^T) v over keys <= t; lse[t] = log of the sum of exponentials.
/// q and k must be normed (|q.k| scale <= sqrt(d) bounds the exponent, so no maximum is kept).
void nb_attention_forward(int engine, float *o, float *lse, const float *q, const float *k,
                          const float *v, long t, long d, long so, long sq, long sk, float scale,
                          void *work);
/// dq is overwritten; dk and dv are added to.
void nb_attention_backward(int engine, float *dq, float *dk, float *dv, const float *dout,
                           const float *o, const float *lse, const float *q, const float *k,
                           const float *v, long t, long d, long so, long sq, long sk, float scale,
                           void *work);
/// One query against `length` cached keys and values; the row is written to o. scores: length floats.
void nb_attention_decode(float *o, const float *q, const float *k, const float *v, long length,
                         long d, long stride, float scale, float *scores);

// MARK: Activation

/// h = max(u, 0)^2
void nb_relu2_forward(float *h, const float *u, long count);
/// du holds dh on entry, du on return; h is recomputed.
void nb_relu2_backward(float *du, float *h, const float *u, long count);

// MARK: Softcapped cross-entropy

/// logits -> exp(cap tanh(z/cap)) (1 - tanh^2) in place; sums[row] = sum of exp over the columns;
/// for rows whose target lies in first..<first+columns, target_tanh[row] = tanh(z_target / cap).
void nb_softcap_gradient(float *z, float *sums, float *target_tanh, const int32_t *targets,
                         long rows, long columns, long stride, long first, float cap);
/// The same sums and target values; z is not written.
void nb_softcap_sums(const float *z, float *sums, float *target_tanh, const int32_t *targets,
                     long rows, long columns, long stride, long first, float cap);
/// z = cap tanh(z / cap)
void nb_softcap(float *z, long count, float cap);

// MARK: Vectors

void nb_scale_rows(float *y, const float *x, const float *factors, long rows, long width);
/// y += a x
void nb_axpy(float *y, const float *x, float a, long count);
double nb_sum_of_squares(const float *x, long count);

// MARK: Optimisers

struct nb_adamw {
  float rate, beta1, beta2, epsilon, decay, correction1, correction2, gradient_scale;
};
/// p, m and v are updated; the gradient is multiplied by gradient_scale first.
void nb_adamw_step(float *p, float *m, float *v, const float *g, long count, struct nb_adamw s);
/// momentum = mu momentum + (1-mu) scale g; u = (1-mu) scale g + mu momentum. Returns sum of u^2.
double nb_muon_momentum(float *u, float *momentum, const float *g, float mu, float scale,
                        long count);
/// a = b a + c a2 for the n x n matrices of the Newton-Schulz iteration.
void nb_muon_polynomial(float *a, const float *a2, float b, float c, long count);
/// y = a^T for rows x columns a.
void nb_transpose(float *y, const float *a, long rows, long columns);
void nb_scale(float *x, float a, long count);
/// y = a x
void nb_scale_copy(float *y, const float *x, float a, long count);
/// Copies the lower triangle of an n x n matrix to its upper.
void nb_mirror(float *a, long n);
/// p = p (1 - decay) - rate u
void nb_muon_apply(float *p, const float *u, float rate, float decay, long count);

// MARK: Matrix times few vectors (decoding)

/// y[i*sy + o] = sum over c of w[o*columns + c] x[i*sx + c], for o in first..<last, i < vectors.
void nb_matvec(float *y, const float *w, const float *x, long first, long last, long columns,
               long vectors, long sy, long sx);
/// The same with weights in bfloat16; vectors and sums stay in single precision.
void nb_matvec_bf16(float *y, const uint16_t *w, const float *x, long first, long last,
                    long columns, long vectors, long sy, long sx);
/// The nearest bfloat16 of each number.
void nb_round_bf16(uint16_t *to, const float *from, long count);
