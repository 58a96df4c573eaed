#define _GNU_SOURCE
#include "spawn_folder.h"

int nb_spawn_set_folder(posix_spawn_file_actions_t *actions, const char *path) {
  return posix_spawn_file_actions_addchdir_np(actions, path);
}
