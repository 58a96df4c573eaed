// Threads that run numbered chunks of work.
//
// The whole state of a region is one word, its generation above the count of unclaimed chunks.
// A worker claims a chunk by decrementing it; a claim succeeds only while the region is open, and
// a region stays open until its claimed chunks are done, so late workers can do no harm and the
// caller never waits for a thread that did not start on anything.
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include "CKernels.h"

enum { SPINS = 2000 };

/// A closure (chunk, worker) as Swift passes it: its code and, in a register of its own, its context.
typedef __attribute__((swiftcall)) void (*nb_body)(long chunk, long worker,
                                                   __attribute__((swift_context)) void *context);

/// Runs chunks 0..<chunks once each on any worker and returns when all are done.
__attribute__((swiftcall)) void nb_pool_run(struct nb_pool *pool, long chunks, nb_body body,
                                            void *context);

struct nb_pool {
  _Alignas(64) _Atomic(uint64_t) state;
  _Alignas(64) atomic_long done;
  _Alignas(64) atomic_int sleepers;
  atomic_int stopping;
  uint64_t generation;
  long chunks;
  nb_body body;
  void *context;
  pthread_mutex_t lock, runs;
  pthread_cond_t wake;
  int threads;
  pthread_t *ids;
};

struct start {
  struct nb_pool *pool;
  long worker;
};

static inline void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// Runs one chunk if there is one.
static int run_one(struct nb_pool *pool, long worker) {
  uint64_t state = atomic_load_explicit(&pool->state, memory_order_acquire);
  while ((uint32_t)state) {
    if (!atomic_compare_exchange_weak_explicit(&pool->state, &state, state - 1,
                                               memory_order_acq_rel, memory_order_acquire))
      continue;
    pool->body(pool->chunks - (long)(uint32_t)state, worker, pool->context);
    atomic_fetch_add_explicit(&pool->done, 1, memory_order_release);
    return 1;
  }
  return 0;
}

static void *work(void *argument) {
  struct start start = *(struct start *)argument;
  free(argument);
  struct nb_pool *pool = start.pool;
  int idle = 0;
  while (!atomic_load(&pool->stopping)) {
    if (run_one(pool, start.worker)) {
      idle = 0;
    } else if (++idle < SPINS) {
      relax();
    } else {
      pthread_mutex_lock(&pool->lock);
      atomic_fetch_add(&pool->sleepers, 1);
      while ((uint32_t)atomic_load(&pool->state) == 0 && !atomic_load(&pool->stopping))
        pthread_cond_wait(&pool->wake, &pool->lock);
      atomic_fetch_sub(&pool->sleepers, 1);
      pthread_mutex_unlock(&pool->lock);
      idle = 0;
    }
  }
  return 0;
}

struct nb_pool *nb_pool_create(int threads) {
  struct nb_pool *pool = 0;
  if (threads < 1 || posix_memalign((void **)&pool, 64, sizeof *pool)) return 0;
  *pool = (struct nb_pool){.threads = 1};
  pool->ids = calloc((size_t)threads, sizeof(pthread_t));
  pthread_mutex_init(&pool->lock, 0);
  pthread_mutex_init(&pool->runs, 0);
  pthread_cond_init(&pool->wake, 0);
  for (; pool->ids && pool->threads < threads; pool->threads++) {
    struct start *start = malloc(sizeof *start);
    if (!start) break;
    *start = (struct start){pool, pool->threads};
    if (pthread_create(&pool->ids[pool->threads], 0, work, start)) {
      free(start);
      break;
    }
  }
  if (pool->threads == threads) return pool;
  nb_pool_free(pool);
  return 0;
}

void nb_pool_free(struct nb_pool *pool) {
  atomic_store(&pool->stopping, 1);
  pthread_mutex_lock(&pool->lock);
  pthread_cond_broadcast(&pool->wake);
  pthread_mutex_unlock(&pool->lock);
  for (int i = 1; i < pool->threads; i++) pthread_join(pool->ids[i], 0);
  free(pool->ids);
  pthread_mutex_destroy(&pool->lock);
  pthread_mutex_destroy(&pool->runs);
  pthread_cond_destroy(&pool->wake);
  free(pool);
}

__attribute__((swiftcall)) void nb_pool_run(struct nb_pool *pool, long chunks, nb_body body,
                                            void *context) {
  if (chunks <= 0) return;
  if (pool->threads == 1 || chunks == 1) {
    for (long chunk = 0; chunk < chunks; chunk++) body(chunk, 0, context);
    return;
  }
  pthread_mutex_lock(&pool->runs);
  pool->body = body;
  pool->context = context;
  pool->chunks = chunks;
  atomic_store_explicit(&pool->done, 0, memory_order_relaxed);
  atomic_store(&pool->state, ++pool->generation << 32 | (uint64_t)(uint32_t)chunks);
  if (atomic_load(&pool->sleepers)) {
    pthread_mutex_lock(&pool->lock);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
  }
  while (run_one(pool, 0)) {
  }
  for (int spins = 0; atomic_load_explicit(&pool->done, memory_order_acquire) < chunks;)
    if (++spins < SPINS) relax();
    else sched_yield();
  pthread_mutex_unlock(&pool->runs);
}
