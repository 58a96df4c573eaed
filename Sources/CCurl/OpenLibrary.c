#include "OpenLibrary.h"

#include <dlfcn.h>
#include <stdio.h>

void *nb_open_library(const char *const *names, size_t count, char *message, size_t size) {
  for (size_t i = 0; i < count; i++) {
    void *library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (library != NULL) return library;
    const char *reason = dlerror();
    if (i == 0) snprintf(message, size, "%s", reason ? reason : names[0]);
  }
  return NULL;
}
