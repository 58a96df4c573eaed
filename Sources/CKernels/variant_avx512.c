// The AVX-512 variant. Features are named one by one: with an architecture name the compiler
// prefers vectors of half the width.
#include <math.h>
#include "kernels_table.h"

#if defined(__x86_64__)
#pragma clang attribute push(                                                                     \
    __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma,bmi2"))), apply_to = function)
#define FN(name) name##_avx512
#define NB_LANES 16
#define MR 12
#include "kernels_impl.h"
#include "micro_fp32.h"
#include "decode_impl.h"
#include "products_impl.h"

const struct nb_kernels *nb_kernels_avx512(void) {
  static const struct nb_kernels table = NB_TABLE;
  return &table;
}

const struct nb_products *nb_products_avx512(void) {
  static const struct nb_products table = NB_PRODUCTS;
  return &table;
}
#pragma clang attribute pop
#else
const struct nb_kernels *nb_kernels_avx512(void) { return 0; }
const struct nb_products *nb_products_avx512(void) { return 0; }
#endif
