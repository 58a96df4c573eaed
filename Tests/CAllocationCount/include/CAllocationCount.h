// Counts heap allocations of chosen threads, for tests.
//
// The test program brings its own malloc, calloc, realloc and aligned forms, which count and then ask
// glibc's. Not with another C library and not under a sanitizer, which brings its own as well.
#pragma once

struct nb_counter;
/// Whether allocations can be counted here.
int nb_counts_allocations(void);
struct nb_counter *nb_counter_create(void);
/// No thread may be counted by it any more.
void nb_counter_free(struct nb_counter *counter);
/// From now on the calling thread's allocations are counted here; by nothing when NULL.
void nb_counter_watch_thread(struct nb_counter *counter);
long nb_counter_value(struct nb_counter *counter);
/// Writes the call stack of the first allocation to the error stream, for addr2line.
void nb_counter_print_first(struct nb_counter *counter);
