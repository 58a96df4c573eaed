#pragma once

#include <errno.h>
#include <stddef.h>

#ifdef __linux__
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

/// Makes `target` share all blocks of `source` until one is written (both open descriptors).
/// 0 on success, -1 with `errno` where the file system can't.
static inline int nb_file_clone(int target, int source) {
#ifdef FICLONE
  return ioctl(target, FICLONE, source);
#else
  (void)target;
  (void)source;
  errno = ENOTSUP;
  return -1;
#endif
}

/// Copies up to `count` bytes in the kernel, moving both file positions. The number of bytes copied,
/// 0 at the end, -1 with `errno` where this pair of files can't be copied so.
static inline long nb_copy_range(int source, int target, size_t count) {
#ifdef SYS_copy_file_range
  return syscall(SYS_copy_file_range, source, (void *)0, target, (void *)0, count, 0u);
#else
  (void)source;
  (void)target;
  (void)count;
  errno = ENOTSUP;
  return -1;
#endif
}
