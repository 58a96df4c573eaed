#ifdef __linux__
#define _GNU_SOURCE
#include <sched.h>
#endif
#include "machine.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__
/// Calls `look` with the text of `name` in this process's control group (version 2) and in each above
/// it: every level limits those below.
static void each_level(const char *name, void (*look)(const char *text, void *context),
                       void *context) {
  char line[4096] = "";
  char group[4096] = "";
  FILE *file = fopen("/proc/self/cgroup", "re");
  if (file == NULL) return;
  while (fgets(line, sizeof line, file)) {
    if (strncmp(line, "0::/", 4) != 0) continue;
    line[strcspn(line, "\n")] = 0;
    snprintf(group, sizeof group, "%s", line + 3);
  }
  fclose(file);
  for (;;) {
    char path[8300], text[128] = "";
    snprintf(path, sizeof path, "/sys/fs/cgroup%s/%s", strcmp(group, "/") ? group : "", name);
    FILE *limit = fopen(path, "re");
    if (limit != NULL) {
      if (fgets(text, sizeof text, limit)) look(text, context);
      fclose(limit);
    }
    char *slash = strrchr(group, '/');
    if (slash == NULL || group[1] == 0) return;
    slash[slash == group ? 1 : 0] = 0;
  }
}

/// `max 100000` or `150000 100000`: time and period.
static void limit_processors(const char *text, void *context) {
  int *count = context;
  long quota = 0, period = 0;
  if (sscanf(text, "%ld %ld", &quota, &period) != 2 || quota <= 0 || period <= 0) return;
  long whole = (quota + period - 1) / period;
  if (whole < *count) *count = (int)whole;
}

/// `max` or bytes.
static void limit_memory(const char *text, void *context) {
  int64_t *bytes = context;
  long long limit = 0;
  if (sscanf(text, "%lld", &limit) != 1 || limit <= 0) return;
  if (limit < *bytes) *bytes = limit;
}
#endif

int nb_usable_processors(void) {
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  int count = online < 1 ? 1 : (int)online;
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    int own = CPU_COUNT(&set);
    if (own >= 1 && own < count) count = own;
  }
  each_level("cpu.max", limit_processors, &count);
#endif
  return count < 1 ? 1 : count;
}

int64_t nb_usable_memory(void) {
  int64_t bytes = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
#ifdef __linux__
  each_level("memory.max", limit_memory, &bytes);
#endif
  return bytes;
}
