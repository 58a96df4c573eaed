// The AVX2 + FMA variant.
#include <math.h>
#include "kernels_table.h"

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi2"))), apply_to = function)
#define FN(name) name##_avx2
#define NB_LANES 8
#define MR 6
#include "kernels_impl.h"
#include "micro_fp32.h"
#include "decode_impl.h"
#include "products_impl.h"

const struct nb_kernels *nb_kernels_avx2(void) {
  static const struct nb_kernels table = NB_TABLE;
  return &table;
}

const struct nb_products *nb_products_avx2(void) {
  static const struct nb_products table = NB_PRODUCTS;
  return &table;
}
#pragma clang attribute pop
#else
const struct nb_kernels *nb_kernels_avx2(void) { return 0; }
const struct nb_products *nb_products_avx2(void) { return 0; }
#endif
