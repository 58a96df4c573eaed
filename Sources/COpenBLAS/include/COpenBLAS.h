// OpenBLAS opened at run time: linking it would cost every start of the program 2 ms, and it reads
// its environment before main.
#pragma once

/// Row-major cblas_sgemm with its enumerations as integers: 101 row, 111 plain, 112 transposed.
typedef void (*nb_openblas_sgemm)(int order, int transpose_a, int transpose_b, int m, int n, int k,
                                  float alpha, const float *a, int lda, const float *b, int ldb,
                                  float beta, float *c, int ldc);

struct nb_openblas {
  nb_openblas_sgemm sgemm;
  /// Name of the kernel set in use, e.g. "Cooperlake".
  const char *core;
  /// Version and build options as one line.
  const char *configuration;
};

/// Opens libopenblas.so.0. `core` is NULL to leave the environment alone, "" for the library's own
/// choice, else the name of a kernel set. Returns 0, or 1 when the library is missing and 2 when it
/// lacks a function; `message` then says why. The first successful call decides for the process.
int nb_openblas_open(const char *core, struct nb_openblas *result, char *message, int capacity);
