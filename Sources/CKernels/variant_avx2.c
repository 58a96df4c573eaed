// The AVX2 + FMA variant.
#include <math.h>
#include "kernels_table.h"

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi2"))), apply_to = function)
#define FN(name) name##_avx2
#include "kernels_impl.h"

const struct nb_kernels *nb_kernels_avx2(void) {
  static const struct nb_kernels table = NB_TABLE;
  return &table;
}
#pragma clang attribute pop
#else
const struct nb_kernels *nb_kernels_avx2(void) { return 0; }
#endif
