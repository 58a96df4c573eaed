// The variant every machine of the platform can run (SSE2, NEON).
#include <math.h>
#include "kernels_table.h"

#define FN(name) name##_base
#include "kernels_impl.h"

const struct nb_kernels *nb_kernels_base(void) {
  static const struct nb_kernels table = NB_TABLE;
  return &table;
}
