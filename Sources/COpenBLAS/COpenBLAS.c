#define _GNU_SOURCE
#include "COpenBLAS.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct nb_openblas opened;

#if defined(__APPLE__)
static const char *const library = "libopenblas.dylib";
#else
static const char *const library = "libopenblas.so.0";
#endif

static int open_library(const char *core, char *message, int capacity) {
  // One thread: the caller's pool splits the work, and no thread of the library is ever started.
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  if (core) {
    unsetenv("OPENBLAS_L2_SIZE");
    if (*core)
      setenv("OPENBLAS_CORETYPE", core, 1);
    else
      unsetenv("OPENBLAS_CORETYPE");
  }
  void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    snprintf(message, (size_t)capacity, "%s", dlerror());
    return 1;
  }
  nb_openblas_sgemm sgemm = (nb_openblas_sgemm)dlsym(handle, "cblas_sgemm");
  char *(*corename)(void) = (char *(*)(void))dlsym(handle, "openblas_get_corename");
  char *(*config)(void) = (char *(*)(void))dlsym(handle, "openblas_get_config");
  if (!sgemm || !corename || !config) {
    snprintf(message, (size_t)capacity, "%s", dlerror());
    return 2;
  }
  opened = (struct nb_openblas){sgemm, corename(), config()};
  return 0;
}

int nb_openblas_open(const char *core, struct nb_openblas *result, char *message, int capacity) {
  pthread_mutex_lock(&lock);
  int status = opened.sgemm ? 0 : open_library(core, message, capacity);
  *result = opened;
  pthread_mutex_unlock(&lock);
  return status;
}
