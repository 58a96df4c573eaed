#define _GNU_SOURCE
#include "CAllocationCount.h"

#include <stdatomic.h>
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

enum { DEPTH = 24 };

struct nb_counter {
  atomic_long value;
  int depth;
  void *stack[DEPTH];
};

static _Thread_local struct nb_counter *watching;

struct nb_counter *nb_counter_create(void) { return calloc(1, sizeof(struct nb_counter)); }
void nb_counter_free(struct nb_counter *counter) { free(counter); }
void nb_counter_watch_thread(struct nb_counter *counter) { watching = counter; }
long nb_counter_value(struct nb_counter *counter) { return atomic_load(&counter->value); }

#if defined(__GLIBC__) && !defined(SANITIZED)
#include <errno.h>
#include <execinfo.h>

int nb_counts_allocations(void) { return 1; }

void nb_counter_print_first(struct nb_counter *counter) {
  backtrace_symbols_fd(counter->stack, counter->depth, 2);
}

static void count(void) {
  struct nb_counter *counter = watching;
  if (!counter) return;
  // Looking at the stack may allocate.
  watching = 0;
  if (atomic_fetch_add(&counter->value, 1) == 0) counter->depth = backtrace(counter->stack, DEPTH);
  watching = counter;
}

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

void *malloc(size_t bytes) {
  count();
  return __libc_malloc(bytes);
}

void *calloc(size_t items, size_t bytes) {
  count();
  return __libc_calloc(items, bytes);
}

void *realloc(void *memory, size_t bytes) {
  count();
  return __libc_realloc(memory, bytes);
}

void *memalign(size_t alignment, size_t bytes) {
  count();
  return __libc_memalign(alignment, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) {
  count();
  return __libc_memalign(alignment, bytes);
}

int posix_memalign(void **memory, size_t alignment, size_t bytes) {
  count();
  void *block = __libc_memalign(alignment, bytes);
  if (!block) return ENOMEM;
  *memory = block;
  return 0;
}

#else
int nb_counts_allocations(void) { return 0; }
void nb_counter_print_first(struct nb_counter *counter) { (void)counter; }
#endif
