// The variant every machine of the platform can run (SSE2, NEON).
#include <math.h>
#include "kernels_table.h"

#define FN(name) name##_base
#define NB_LANES 4
#define MR 6
#include "kernels_impl.h"
#include "micro_fp32.h"
#include "decode_impl.h"
#include "products_impl.h"

const struct nb_kernels *nb_kernels_base(void) {
  static const struct nb_kernels table = NB_TABLE;
  return &table;
}

const struct nb_products *nb_products_base(void) {
  static const struct nb_products table = NB_PRODUCTS;
  return &table;
}
