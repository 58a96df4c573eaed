// Products and attention in bfloat16 for machines with AVX512_BF16.
#include <math.h>
#include "kernels_table.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(                                                     \
    __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx512bf16,avx2,fma,bmi2"))), \
    apply_to = function)
#define FN(name) name##_bf16
#define MR 12
#include "vector_math.h"
#include "micro_bf16.h"
#include "products_impl.h"

const struct nb_products *nb_products_bf16(void) {
  static const struct nb_products table = NB_PRODUCTS;
  return &table;
}
#pragma clang attribute pop
#else
const struct nb_products *nb_products_bf16(void) { return 0; }
#endif
