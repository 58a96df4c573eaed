// One table of functions a variant.
#pragma once
#include "CKernels.h"

struct nb_kernels {
  void (*norm_forward)(float *, float *, const float *, long, long, float);
  void (*norm_backward)(float *, const float *, const float *, const float *, const float *, long,
                        long);
  void (*embedding_forward)(float *, const float *, const int32_t *, long, long, float);
  void (*embedding_backward)(float *, const float *, const float *, const int32_t *, long, long,
                             float, long, long);
  void (*rotary_norm_forward)(float *, float *, long, const float *, const float *,
                              const int32_t *, long, long, long, float);
  void (*rotary_norm_backward)(float *, const float *, const float *, long, const float *,
                               const float *, const int32_t *, long, long, long);
  void (*attention_decode)(float *, const float *, const float *, const float *, long, long, long,
                           float, float *);
  void (*relu2_forward)(float *, const float *, long);
  void (*relu2_backward)(float *, float *, const float *, long);
  void (*softcap_gradient)(float *, float *, float *, const int32_t *, long, long, long, long,
                           float);
  void (*softcap_sums)(const float *, float *, float *, const int32_t *, long, long, long, long,
                       float);
  void (*softcap)(float *, long, float);
  void (*scale_rows)(float *, const float *, const float *, long, long);
  void (*axpy)(float *, const float *, float, long);
  double (*sum_of_squares)(const float *, long);
  void (*adamw_step)(float *, float *, float *, const float *, long, struct nb_adamw);
  double (*muon_momentum)(float *, float *, const float *, float, float, long);
  void (*muon_polynomial)(float *, const float *, float, float, long);
  void (*transpose)(float *, const float *, long, long);
  void (*scale)(float *, float, long);
  void (*scale_copy)(float *, const float *, float, long);
  void (*mirror)(float *, long);
  void (*muon_apply)(float *, const float *, float, float, long);
  void (*matvec_fp32)(float *, const float *, const float *, long, long, long, long, long, long);
  void (*matvec_bf16)(float *, const uint16_t *, const float *, long, long, long, long, long, long);
  void (*round_bf16)(uint16_t *, const float *, long);
};

/// Columns of a packed panel, whatever the variant.
#define PANEL 32

/// Matrix products and attention of one number format. See include/CKernels.h.
struct nb_products {
  void (*pack)(void *, const float *, long, long, long, int, long, long);
  void (*rows)(float *, long, const float *, long, const void *, long, long, long, int, void *);
  void (*columns)(float *, long, const float *, long, const float *, long, long, long, long,
                  void *);
  void (*attention_forward)(float *, float *, const float *, const float *, const float *, long,
                            long, long, long, long, float, void *);
  void (*attention_backward)(float *, float *, float *, const float *, const float *,
                             const float *, const float *, const float *, const float *, long,
                             long, long, long, long, float, void *);
};

const struct nb_products *nb_products_base(void);
const struct nb_products *nb_products_avx2(void);
const struct nb_products *nb_products_avx512(void);
const struct nb_products *nb_products_bf16(void);
const struct nb_kernels *nb_kernels_base(void);
const struct nb_kernels *nb_kernels_avx2(void);
const struct nb_kernels *nb_kernels_avx512(void);
