#include "CHash.h"

#include "hash_table.h"

#if defined(__x86_64__)
static const hash_table *const tables[] = {&hash_table_base, &hash_table_avx2};

int nb_hash128_variant_runs(int variant) {
  __builtin_cpu_init();
  switch (variant) {
  case 0: return 1;
  case 1: return __builtin_cpu_supports("avx2") != 0;
  default: return 0;
  }
}
#else
static const hash_table *const tables[] = {&hash_table_base};

int nb_hash128_variant_runs(int variant) { return variant == 0; }
#endif

int nb_hash128_variant_count(void) { return sizeof tables / sizeof *tables; }

// Every thread finds the same, so it does not matter whose answer stays.
static const hash_table *table(void) {
  static const hash_table *best;
  const hash_table *known = __atomic_load_n(&best, __ATOMIC_ACQUIRE);
  if (known) return known;
  int variant = nb_hash128_variant_count() - 1;
  while (!nb_hash128_variant_runs(variant)) variant--;
  __atomic_store_n(&best, tables[variant], __ATOMIC_RELEASE);
  return tables[variant];
}

nb_hash128 nb_hash128_of(const void *bytes, size_t count) { return table()->of(bytes, count); }
void *nb_hash128_create(void) { return table()->create(); }
void nb_hash128_free(void *state) { table()->free(state); }
void nb_hash128_reset(void *state) { table()->reset(state); }
void nb_hash128_update(void *state, const void *bytes, size_t count) {
  table()->update(state, bytes, count);
}
nb_hash128 nb_hash128_digest(const void *state) { return table()->digest(state); }
nb_hash128 nb_hash128_of_by(int variant, const void *bytes, size_t count) {
  return tables[variant]->of(bytes, count);
}
