// Aligned, zeroed memory; large blocks on huge pages, which the optimiser and the products stream.
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "CKernels.h"

enum { HUGE_PAGE = 2 << 20 };

static size_t rounded(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

void *nb_memory_allocate(size_t bytes) {
  if (bytes > SIZE_MAX / 2) return 0;
  void *memory = 0;
  int large = bytes >= HUGE_PAGE;
  size_t size = rounded(bytes ? bytes : 1, large ? HUGE_PAGE : 64);
  if (posix_memalign(&memory, large ? HUGE_PAGE : 64, size)) return 0;
#if defined(MADV_HUGEPAGE)
  if (large) madvise(memory, size, MADV_HUGEPAGE);
#endif
  memset(memory, 0, size);
  return memory;
}

void nb_memory_free(void *memory, size_t bytes) {
  (void)bytes;
  free(memory);
}
