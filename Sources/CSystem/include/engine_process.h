#pragma once
// What the build engine needs of Linux and cannot say in Swift: starting a worker, signals as a
// descriptor, file status with nanoseconds, whole-file-system flags.

#include <stdint.h>
#include <stddef.h>

/// The part of `stat` that decides whether a file may have changed.
typedef struct nb_file_status {
  int64_t size;
  int64_t modified_ns;
  int64_t changed_ns;
  uint64_t inode;
  uint64_t device;
  uint32_t mode;
  uint32_t links;
  int64_t blocks;
} nb_file_status;

/// `fstatat`: 0 or an errno. `follow` resolves a symbolic link at the end of the path.
int nb_file_status_at(int directory, const char *path, int follow, nb_file_status *status);
int nb_file_status_of(int descriptor, nb_file_status *status);

typedef struct nb_spawn_request {
  const char *executable;
  char *const *arguments;
  char *const *environment;
  const char *working_directory;
  int standard_output;   // also standard error
  int event_descriptor;  // becomes 3, or -1
  int lock_descriptor;   // becomes 4, or -1
  int new_group;         // own process group, so that it can be signalled as a whole
  int die_with_parent;   // SIGKILL when the thread that called this ends
} nb_spawn_request;

/// Starts a process; gives its id, or minus an errno. Standard input is /dev/null.
int nb_spawn(const nb_spawn_request *request);

/// A descriptor that polls readable when the process ends, or -1.
int nb_pidfd_open(int pid);

/// Whether `pid` ended: 1 with `status` as from `waitpid` (the process is not reaped), 0, or minus an errno.
int nb_peek_exit(int pid, int *status);

/// Routes SIGINT and SIGTERM to a counter and a descriptor that polls readable. Returns the
/// descriptor; calling it again returns the same one.
int nb_signals_install(void);
/// How many SIGINT or SIGTERM arrived so far.
int nb_signals_count(void);
/// While not held, a signal ends the process at once with status 130.
void nb_signals_hold(int held);

/// Makes SIGTERM set a flag in this process instead of ending it (workers).
void nb_termination_flag_install(void);
int nb_termination_flag(void);

/// `flock`, exclusive: 0, EWOULDBLOCK when `wait` is 0 and it is held, or another errno.
int nb_lock_file(int descriptor, int wait);
/// `flock`, shared with other readers; waits. 0 or an errno.
int nb_lock_file_shared(int descriptor);

/// Copies file data in the kernel, by reflink where the file system can; 0 or an errno.
int nb_copy_file_data(int from, int to, int64_t size);

/// Resident bytes of all processes of a group, by /proc; 0 when none is left.
int64_t nb_group_resident_bytes(int group);

/// Takes an ended child off the process table; gives its peak resident bytes.
int64_t nb_reap(int pid);

int nb_wait_exit_code(int status);
int nb_wait_signal(int status);

int nb_open_read(const char *path);
int nb_open_create(const char *path, int exclusive, unsigned mode);
int nb_open_append(const char *path, unsigned mode);
int nb_open_directory(const char *path);
int nb_set_nonblocking(int descriptor);
int nb_set_close_on_exec(int descriptor, int value);
/// Both ends close on exec; 0 or an errno.
int nb_pipe(int ends[2]);

/// One file or folder whose status is known: 40 bytes, as stored in a freshness snapshot.
typedef struct nb_guard {
  uint32_t base;   // which open folder the name starts from; top bit: look behind a final link
  uint32_t name;   // offset of a NUL-terminated name
  int64_t size;
  int64_t modified_ns;
  int64_t changed_ns;
  uint64_t inode;
} nb_guard;

/// The number of the first guard from `start` to before `end` that no longer holds, or -1.
/// `stop` is looked at now and then: non-zero ends the search early with -2.
int64_t nb_first_broken_guard(const nb_guard *guards, int64_t start, int64_t end,
                              const char *names, uint64_t names_size, const int *bases,
                              uint32_t base_count, volatile int *stop);
