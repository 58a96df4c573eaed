#pragma once
// XXH3-128 by the widest vectors of this processor. Debian's library is built for SSE2 alone, which
// hashes at less than half the rate; its header holds the code for all of them. AVX-512 was measured and
// is left out: 27 GB/s where AVX2 makes 45.

#include <stddef.h>
#include <stdint.h>

typedef struct nb_hash128 {
  uint64_t low;
  uint64_t high;
} nb_hash128;

/// The hash of `count` bytes; equals `XXH3_128bits`.
nb_hash128 nb_hash128_of(const void *bytes, size_t count);

/// A hash of bytes that come in pieces; NULL without memory.
void *nb_hash128_create(void);
void nb_hash128_free(void *state);
void nb_hash128_reset(void *state);
void nb_hash128_update(void *state, const void *bytes, size_t count);
nb_hash128 nb_hash128_digest(const void *state);

/// How many variants there are here, and whether this processor has one: for tests of each.
int nb_hash128_variant_count(void);
int nb_hash128_variant_runs(int variant);
nb_hash128 nb_hash128_of_by(int variant, const void *bytes, size_t count);
