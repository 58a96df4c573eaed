#pragma once

/// Asks for the cache line at `address` before it is needed.
static inline void nb_prefetch(const void *address) { __builtin_prefetch(address); }
