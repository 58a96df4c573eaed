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
  void (*attention_forward)(float *, float *, const float *, const float *, const float *, long,
                            long, long, long, long, float, float *);
  void (*attention_backward)(float *, float *, float *, const float *, const float *,
                             const float *, const float *, const float *, const float *, long,
                             long, long, long, long, float, float *);
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
  void (*muon_apply)(float *, const float *, float, float, long);
  void (*matvec)(float *, const float *, const float *, long, long, long, long, long, long);
};

const struct nb_kernels *nb_kernels_base(void);
const struct nb_kernels *nb_kernels_avx2(void);
const struct nb_kernels *nb_kernels_avx512(void);
