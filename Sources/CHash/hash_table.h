#pragma once
#include "CHash.h"

typedef struct hash_table {
  nb_hash128 (*of)(const void *bytes, size_t count);
  void *(*create)(void);
  void (*free)(void *state);
  void (*reset)(void *state);
  void (*update)(void *state, const void *bytes, size_t count);
  nb_hash128 (*digest)(const void *state);
} hash_table;

extern const hash_table hash_table_base, hash_table_avx2;
