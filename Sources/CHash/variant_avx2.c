#include "hash_table.h"

#if defined(__x86_64__)
// These must not be compiled under the attribute: they carry their own.
#include <assert.h>
#include <immintrin.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#define XXH_VECTOR XXH_AVX2
#define TABLE hash_table_avx2
#include "hash_impl.h"
#pragma clang attribute pop
#endif
