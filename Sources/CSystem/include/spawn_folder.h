#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <spawn.h>

/// Makes the child start in `path`; declared only with GNU extensions, which Swift's view of glibc
/// does not switch on.
int nb_spawn_set_folder(posix_spawn_file_actions_t *actions, const char *path);
