#include "CCurl.h"
#include "OpenLibrary.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

// libcrypto's hash uses the processor's SHA instructions; libcurl maps the library anyway.
// Declared here, because these five have not changed since OpenSSL 1.1 and its headers would be
// one more package to build with.
static struct {
  void *(*new)(void);
  void (*free)(void *);
  const void *(*sha256)(void);
  int (*start)(void *, const void *, void *);
  int (*update)(void *, const void *, size_t);
  int (*finish)(void *, unsigned char *, unsigned *);
} crypto;

static char message[512];
static const char *failure;

static void load(void) {
#ifdef __APPLE__
  const char *names[] = {"libcrypto.3.dylib"};
#else
  const char *names[] = {"libcrypto.so.3", "libcrypto.so.1.1"};
#endif
  void *library = nb_open_library(names, sizeof names / sizeof *names, message, sizeof message);
  if (library == NULL) {
    failure = message;
    return;
  }
  crypto.new = (void *(*)(void))dlsym(library, "EVP_MD_CTX_new");
  crypto.free = (void (*)(void *))dlsym(library, "EVP_MD_CTX_free");
  crypto.sha256 = (const void *(*)(void))dlsym(library, "EVP_sha256");
  crypto.start = (int (*)(void *, const void *, void *))dlsym(library, "EVP_DigestInit_ex");
  crypto.update = (int (*)(void *, const void *, size_t))dlsym(library, "EVP_DigestUpdate");
  crypto.finish =
      (int (*)(void *, unsigned char *, unsigned *))dlsym(library, "EVP_DigestFinal_ex");
  if (!crypto.new || !crypto.free || !crypto.sha256 || !crypto.start || !crypto.update ||
      !crypto.finish) {
    snprintf(message, sizeof message, "this libcrypto lacks a function of its digest interface");
    failure = message;
  }
}

const char *nb_sha256_load(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, load);
  return failure;
}

void *nb_sha256_new(void) {
  if (nb_sha256_load() != NULL) return NULL;
  void *context = crypto.new();
  if (context != NULL && !nb_sha256_reset(context)) {
    crypto.free(context);
    return NULL;
  }
  return context;
}

void nb_sha256_free(void *context) { crypto.free(context); }
int nb_sha256_reset(void *context) { return crypto.start(context, crypto.sha256(), NULL); }
int nb_sha256_update(void *context, const void *bytes, size_t count) {
  return crypto.update(context, bytes, count);
}
int nb_sha256_finish(void *context, uint8_t digest[32]) {
  unsigned length = 0;
  return crypto.finish(context, digest, &length) && length == 32;
}
