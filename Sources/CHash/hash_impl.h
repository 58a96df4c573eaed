// Included once by each variant, with XXH_VECTOR and TABLE defined, inside its target attribute.
#define XXH_INLINE_ALL
#include <xxhash.h>

static nb_hash128 result(XXH128_hash_t hash) { return (nb_hash128){hash.low64, hash.high64}; }
static nb_hash128 of(const void *bytes, size_t count) { return result(XXH3_128bits(bytes, count)); }
static void *create(void) {
  XXH3_state_t *state = XXH3_createState();
  if (state) XXH3_128bits_reset(state);
  return state;
}
static void release(void *state) { XXH3_freeState(state); }
static void reset(void *state) { XXH3_128bits_reset(state); }
static void update(void *state, const void *bytes, size_t count) {
  XXH3_128bits_update(state, bytes, count);
}
static nb_hash128 digest(const void *state) { return result(XXH3_128bits_digest(state)); }

const hash_table TABLE = {of, create, release, reset, update, digest};
