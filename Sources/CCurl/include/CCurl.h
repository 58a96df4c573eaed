#pragma once

// libcurl and libcrypto, opened with dlopen when a download starts, so that a build with nothing
// to fetch does not pay for mapping thirty libraries.
//
// curl's own header gives types and constants only: never call its functions directly, they are
// not linked.

#define CURL_DISABLE_TYPECHECK 1
#include <curl/curl.h>
#include <stddef.h>
#include <stdint.h>

/// Opens libcurl once and initialises it. NULL when it is ready, otherwise what went wrong.
const char *nb_curl_load(void);

/// Begins to open libcurl on a thread of its own; `nb_curl_load` then waits for the rest.
void nb_curl_load_early(void);

/// Tells malloc not to give freed memory back to the system: libcurl frees its buffers after every
/// transfer, and each page given back is one to be zeroed again for the next.
void nb_keep_freed_memory(void);

CURL *nb_curl_easy_new(void);
void nb_curl_easy_free(CURL *easy);
const char *nb_curl_error_text(CURLcode code);

// libcurl copies strings, but neither lists nor buffers.
CURLcode nb_curl_set_long(CURL *easy, CURLoption option, long value);
CURLcode nb_curl_set_string(CURL *easy, CURLoption option, const char *value);
CURLcode nb_curl_set_pointer(CURL *easy, CURLoption option, void *value);
CURLcode nb_curl_set_list(CURL *easy, CURLoption option, struct curl_slist *list);

/// Takes `count` bytes; any other count as its answer aborts the transfer.
typedef size_t (*nb_curl_receiver)(char *bytes, size_t size, size_t count, void *context);
CURLcode nb_curl_set_body_receiver(CURL *easy, nb_curl_receiver receiver, void *context);
CURLcode nb_curl_set_header_receiver(CURL *easy, nb_curl_receiver receiver, void *context);

/// Owned by the handle; NULL when it has none.
const char *nb_curl_info_string(CURL *easy, CURLINFO info);

/// NULL when memory is short; the old list stays valid then.
struct curl_slist *nb_curl_list_append(struct curl_slist *list, const char *text);
void nb_curl_list_free(struct curl_slist *list);

CURLM *nb_curl_multi_new(void);
void nb_curl_multi_free(CURLM *multi);
CURLMcode nb_curl_multi_set_long(CURLM *multi, CURLMoption option, long value);
CURLMcode nb_curl_multi_add(CURLM *multi, CURL *easy);
CURLMcode nb_curl_multi_remove(CURLM *multi, CURL *easy);
CURLMcode nb_curl_multi_perform(CURLM *multi);
/// Sleeps until a socket is ready or the time is over.
CURLMcode nb_curl_multi_poll(CURLM *multi, int milliseconds);
/// The next transfer that ended, or NULL; `code` is how it ended.
CURL *nb_curl_multi_next_done(CURLM *multi, CURLcode *code);

/// Opens libcrypto once. NULL when it is ready, otherwise what went wrong.
const char *nb_sha256_load(void);
/// NULL when memory is short or libcrypto is not loaded.
void *nb_sha256_new(void);
void nb_sha256_free(void *context);
/// Forgets everything hashed so far. 1 on success, as the two below.
int nb_sha256_reset(void *context);
int nb_sha256_update(void *context, const void *bytes, size_t count);
/// Needs `nb_sha256_reset` before the next use.
int nb_sha256_finish(void *context, uint8_t digest[32]);
