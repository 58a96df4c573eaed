#include "CCurl.h"
#include "OpenLibrary.h"

#include <dlfcn.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <pthread.h>
#include <stdio.h>

// These are macros in curl's header; here they name members of the table.
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

#define FUNCTIONS(X)                                                                               \
  X(curl_global_init) X(curl_easy_init) X(curl_easy_cleanup)                                       \
  X(curl_easy_strerror) X(curl_easy_setopt) X(curl_easy_getinfo)                                   \
  X(curl_slist_append) X(curl_slist_free_all) X(curl_multi_init) X(curl_multi_cleanup)             \
  X(curl_multi_setopt) X(curl_multi_add_handle) X(curl_multi_remove_handle)                        \
  X(curl_multi_perform) X(curl_multi_poll) X(curl_multi_info_read)

static struct {
#define MEMBER(name) __typeof__(&name) name;
  FUNCTIONS(MEMBER)
#undef MEMBER
} curl;

static char message[512];
static const char *failure;

static void load(void) {
#ifdef __APPLE__
  const char *names[] = {"libcurl.4.dylib"};
#else
  // The second is the same library on systems that build it against GnuTLS only.
  const char *names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};
#endif
  void *library = nb_open_library(names, sizeof names / sizeof *names, message, sizeof message);
  if (library == NULL) {
    failure = message;
    return;
  }
#define RESOLVE(name)                                                                              \
  curl.name = (__typeof__(&name))dlsym(library, #name);                                            \
  if (curl.name == NULL) {                                                                         \
    snprintf(message, sizeof message, "this libcurl has no " #name);                               \
    failure = message;                                                                             \
    return;                                                                                        \
  }
  FUNCTIONS(RESOLVE)
#undef RESOLVE
  CURLcode code = curl.curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) {
    snprintf(message, sizeof message, "libcurl: %s", curl.curl_easy_strerror(code));
    failure = message;
  }
}

static void *load_early(void *unused) {
  nb_curl_load();
  return unused;
}

void nb_curl_load_early(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, load_early, NULL) == 0) pthread_detach(thread);
}

void nb_keep_freed_memory(void) {
#ifdef __GLIBC__
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
  mallopt(M_MMAP_THRESHOLD, 16 << 20);
#endif
}

const char *nb_curl_load(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, load);
  return failure;
}

CURL *nb_curl_easy_new(void) { return curl.curl_easy_init(); }
void nb_curl_easy_free(CURL *easy) { curl.curl_easy_cleanup(easy); }
const char *nb_curl_error_text(CURLcode code) { return curl.curl_easy_strerror(code); }

CURLcode nb_curl_set_long(CURL *easy, CURLoption option, long value) {
  return curl.curl_easy_setopt(easy, option, value);
}
CURLcode nb_curl_set_string(CURL *easy, CURLoption option, const char *value) {
  return curl.curl_easy_setopt(easy, option, value);
}
CURLcode nb_curl_set_pointer(CURL *easy, CURLoption option, void *value) {
  return curl.curl_easy_setopt(easy, option, value);
}
CURLcode nb_curl_set_list(CURL *easy, CURLoption option, struct curl_slist *list) {
  return curl.curl_easy_setopt(easy, option, list);
}

CURLcode nb_curl_set_body_receiver(CURL *easy, nb_curl_receiver receiver, void *context) {
  CURLcode code = curl.curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receiver);
  return code != CURLE_OK ? code : curl.curl_easy_setopt(easy, CURLOPT_WRITEDATA, context);
}
CURLcode nb_curl_set_header_receiver(CURL *easy, nb_curl_receiver receiver, void *context) {
  CURLcode code = curl.curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, receiver);
  return code != CURLE_OK ? code : curl.curl_easy_setopt(easy, CURLOPT_HEADERDATA, context);
}

const char *nb_curl_info_string(CURL *easy, CURLINFO info) {
  char *value = NULL;
  return curl.curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : NULL;
}
struct curl_slist *nb_curl_list_append(struct curl_slist *list, const char *text) {
  return curl.curl_slist_append(list, text);
}
void nb_curl_list_free(struct curl_slist *list) { curl.curl_slist_free_all(list); }

CURLM *nb_curl_multi_new(void) { return curl.curl_multi_init(); }
void nb_curl_multi_free(CURLM *multi) { curl.curl_multi_cleanup(multi); }
CURLMcode nb_curl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
  return curl.curl_multi_setopt(multi, option, value);
}
CURLMcode nb_curl_multi_add(CURLM *multi, CURL *easy) {
  return curl.curl_multi_add_handle(multi, easy);
}
CURLMcode nb_curl_multi_remove(CURLM *multi, CURL *easy) {
  return curl.curl_multi_remove_handle(multi, easy);
}
CURLMcode nb_curl_multi_perform(CURLM *multi) {
  int running = 0;
  return curl.curl_multi_perform(multi, &running);
}
CURLMcode nb_curl_multi_poll(CURLM *multi, int milliseconds) {
  return curl.curl_multi_poll(multi, NULL, 0, milliseconds, NULL);
}

CURL *nb_curl_multi_next_done(CURLM *multi, CURLcode *code) {
  int left = 0;
  CURLMsg *next;
  while ((next = curl.curl_multi_info_read(multi, &left)) != NULL) {
    if (next->msg != CURLMSG_DONE) continue;
    // Copied now: the message dies when the handle leaves the multi handle.
    *code = next->data.result;
    return next->easy_handle;
  }
  return NULL;
}
