#pragma once
#include <stdint.h>

/// Processors this process may use: those of its affinity mask, at most what its control group has time
/// for. At least 1.
int nb_usable_processors(void);

/// Bytes of memory this process may use: the machine's, or what its control group may have.
int64_t nb_usable_memory(void);
