#define _GNU_SOURCE
#include "engine_process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void fill(nb_file_status *status, const struct stat *from) {
  status->size = from->st_size;
  status->modified_ns = (int64_t)from->st_mtim.tv_sec * 1000000000 + from->st_mtim.tv_nsec;
  status->changed_ns = (int64_t)from->st_ctim.tv_sec * 1000000000 + from->st_ctim.tv_nsec;
  status->inode = from->st_ino;
  status->device = from->st_dev;
  status->mode = from->st_mode;
  status->links = (uint32_t)from->st_nlink;
  status->blocks = from->st_blocks;
}

int nb_file_status_at(int directory, const char *path, int follow, nb_file_status *status) {
  struct stat found;
  if (fstatat(directory, path, &found, follow ? 0 : AT_SYMLINK_NOFOLLOW) != 0) return errno;
  fill(status, &found);
  return 0;
}

int nb_file_status_of(int descriptor, nb_file_status *status) {
  struct stat found;
  if (fstat(descriptor, &found) != 0) return errno;
  fill(status, &found);
  return 0;
}

// MARK: Processes

int nb_spawn(const nb_spawn_request *request) {
  // The child shares this memory until it execs, so it may only make system calls; all signals
  // are held back so that no handler of the parent runs in it.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t parent = getpid();
  volatile int failure = 0;
  int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  // Moved out of the way of 0…4, where `dup2` will put things.
  int output = fcntl(request->standard_output, F_DUPFD_CLOEXEC, 10);
  int event = request->event_descriptor < 0 ? -1 : fcntl(request->event_descriptor, F_DUPFD_CLOEXEC, 10);
  int lock = request->lock_descriptor < 0 ? -1 : fcntl(request->lock_descriptor, F_DUPFD_CLOEXEC, 10);
  pid_t child = -1;
  if (null < 0 || output < 0 || (request->event_descriptor >= 0 && event < 0) ||
      (request->lock_descriptor >= 0 && lock < 0)) {
    failure = errno;
  } else {
    child = vfork();
    if (child == 0) {
      struct sigaction standard;
      memset(&standard, 0, sizeof standard);
      standard.sa_handler = SIG_DFL;
      for (int number = 1; number < 32; number++) sigaction(number, &standard, NULL);
      if (request->new_group) setpgid(0, 0);
      if (request->die_with_parent) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(127);
      }
      if (request->working_directory && chdir(request->working_directory) != 0) {
        failure = errno;
        _exit(127);
      }
      dup2(null, 0);
      dup2(output, 1);
      dup2(output, 2);
      if (event >= 0) dup2(event, 3); else close(3);
      if (lock >= 0) dup2(lock, 4); else close(4);
      sigset_t none;
      sigemptyset(&none);
      sigprocmask(SIG_SETMASK, &none, NULL);
      execve(request->executable, request->arguments, request->environment);
      failure = errno;
      _exit(127);
    }
    if (child < 0) failure = errno;
  }
  if (null >= 0) close(null);
  if (output >= 0) close(output);
  if (event >= 0) close(event);
  if (lock >= 0) close(lock);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (failure) {
    if (child > 0) waitpid(child, NULL, 0);
    return -failure;
  }
  return child;
}

int nb_pidfd_open(int pid) {
#ifdef SYS_pidfd_open
  return (int)syscall(SYS_pidfd_open, pid, 0);
#else
  (void)pid;
  return -1;
#endif
}

int nb_peek_exit(int pid, int *status) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0) return -errno;
  if (info.si_pid == 0) return 0;
  *status = info.si_code == CLD_EXITED ? (info.si_status & 0xff) << 8 : info.si_status & 0x7f;
  return 1;
}

int64_t nb_reap(int pid) {
  struct rusage usage;
  memset(&usage, 0, sizeof usage);
  while (wait4(pid, NULL, 0, &usage) < 0 && errno == EINTR) {
  }
  return (int64_t)usage.ru_maxrss * 1024;
}

int nb_wait_exit_code(int status) { return WEXITSTATUS(status); }
int nb_wait_signal(int status) { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }

int64_t nb_group_resident_bytes(int group) {
  DIR *processes = opendir("/proc");
  if (!processes) return 0;
  long page = sysconf(_SC_PAGESIZE);
  int64_t total = 0;
  struct dirent *entry;
  while ((entry = readdir(processes))) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%.20s/stat", entry->d_name);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) continue;
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    if (length <= 0) continue;
    text[length] = 0;
    // The command's name may hold spaces and parentheses: fields count from the last `)`.
    char *rest = strrchr(text, ')');
    int found_group;
    long long resident;
    if (rest && sscanf(rest + 1,
          " %*c %*d %d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %*u %*u %lld",
          &found_group, &resident) == 2 && found_group == group)
      total += resident * page;
  }
  closedir(processes);
  return total;
}

// MARK: Signals

static atomic_int signal_count;
static int signal_event = -1;

static atomic_int signals_held;

static void count_signal(int number) {
  (void)number;
  int saved = errno;
  int before = atomic_fetch_add(&signal_count, 1);
  // With no workers to stop, or for who asks a third time, there is nothing to wait for. Workers
  // end with their parent.
  if (!atomic_load(&signals_held) || before >= 2) _exit(130);
  uint64_t one = 1;
  if (signal_event >= 0) (void)!write(signal_event, &one, sizeof one);
  errno = saved;
}

int nb_signals_install(void) {
  if (signal_event < 0) signal_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = count_signal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  // A terminal that goes away asks for a safe stop too, unless `nohup` says otherwise.
  struct sigaction hangup;
  sigaction(SIGHUP, NULL, &hangup);
  if (hangup.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, NULL);
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, NULL);
  return signal_event;
}

void nb_signals_hold(int held) { atomic_store(&signals_held, held); }

int nb_signals_count(void) { return atomic_load(&signal_count); }

static atomic_int termination;

static void note_termination(int number) {
  (void)number;
  atomic_store(&termination, 1);
}

void nb_termination_flag_install(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = note_termination;
  action.sa_flags = SA_RESTART;
  sigaction(SIGTERM, &action, NULL);
  action.sa_handler = SIG_IGN;
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGPIPE, &action, NULL);
}

int nb_termination_flag(void) { return atomic_load(&termination); }

// MARK: Files

int nb_lock_file(int descriptor, int wait) {
  int result;
  do result = flock(descriptor, LOCK_EX | (wait ? 0 : LOCK_NB)); while (result != 0 && errno == EINTR);
  return result == 0 ? 0 : errno;
}

int nb_lock_file_shared(int descriptor) {
  int result;
  do result = flock(descriptor, LOCK_SH); while (result != 0 && errno == EINTR);
  return result == 0 ? 0 : errno;
}

int nb_copy_file_data(int from, int to, int64_t size) {
  if (ioctl(to, FICLONE, from) == 0) return 0;
  off_t in = 0, out = 0;
  while (in < size) {
    ssize_t moved = copy_file_range(from, &in, to, &out, (size_t)(size - in), 0);
    if (moved > 0) continue;
    if (moved < 0 && errno == EINTR) continue;
    if (moved < 0 && in > 0 && errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP) return errno;
    break;
  }
  char buffer[131072];
  for (;;) {
    ssize_t length = pread(from, buffer, sizeof buffer, in);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return errno;
    if (length == 0) return 0;
    for (ssize_t written = 0; written < length;) {
      ssize_t part = pwrite(to, buffer + written, (size_t)(length - written), in + written);
      if (part < 0 && errno == EINTR) continue;
      if (part < 0) return errno;
      written += part;
    }
    in += length;
  }
}

int nb_open_read(const char *path) { return open(path, O_RDONLY | O_CLOEXEC); }
int nb_open_create(const char *path, int exclusive, unsigned mode) {
  return open(path, O_RDWR | O_CREAT | O_CLOEXEC | (exclusive ? O_EXCL : 0), mode);
}
int nb_open_append(const char *path, unsigned mode) {
  return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, mode);
}
int nb_open_directory(const char *path) { return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC); }
int nb_set_nonblocking(int descriptor) {
  int flags = fcntl(descriptor, F_GETFL);
  return flags < 0 ? errno : fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) < 0 ? errno : 0;
}
int nb_set_close_on_exec(int descriptor, int value) {
  return fcntl(descriptor, F_SETFD, value ? FD_CLOEXEC : 0) < 0 ? errno : 0;
}
int nb_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC) == 0 ? 0 : errno; }

int64_t nb_first_broken_guard(const nb_guard *guards, int64_t start, int64_t end,
                              const char *names, uint64_t names_size, const int *bases,
                              uint32_t base_count, volatile int *stop) {
  struct stat found;
  for (int64_t number = start; number < end; number++) {
    const nb_guard *guard = guards + number;
    uint32_t base = guard->base & 0x7fffffff;
    if (base >= base_count || guard->name >= names_size) return number;
    int flags = guard->base >> 31 ? 0 : AT_SYMLINK_NOFOLLOW;
    if (fstatat(bases[base], names + guard->name, &found, flags) != 0) return number;
    if (found.st_size != guard->size || found.st_ino != guard->inode ||
        (int64_t)found.st_mtim.tv_sec * 1000000000 + found.st_mtim.tv_nsec != guard->modified_ns ||
        (int64_t)found.st_ctim.tv_sec * 1000000000 + found.st_ctim.tv_nsec != guard->changed_ns)
      return number;
    if ((number & 1023) == 0 && *stop) return -2;
  }
  return -1;
}
