#pragma once

#include <stddef.h>

/// The first of these libraries that is here, or NULL; `message` then says why it was not the first.
void *nb_open_library(const char *const *names, size_t count, char *message, size_t size);
