// Tells the thread sanitizer about the slow path of Swift's Mutex on Linux.
//
// The fast path is inlined into our code and its atomics are seen. A contended lock is taken and given back
// by the kernel inside libswiftSynchronization, which is not instrumented, so what the lock orders would be
// reported as races. This library is preloaded in front of it: it calls the real functions and states their
// order. Locks that are not held stay visible as races.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

void __tsan_acquire(void *address) __attribute__((weak));
void __tsan_release(void *address) __attribute__((weak));

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *self

static void acquire(void *mutex) {
  if (__tsan_acquire) __tsan_acquire(mutex);
}

static void release(void *mutex) {
  if (__tsan_release) __tsan_release(mutex);
}

// Synchronization._MutexHandle._lockSlow(_: UInt32)
SWIFT void lock_slow(uint32_t thread, SELF)
    __asm__("$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");
SWIFT void lock_slow(uint32_t thread, SELF) {
  SWIFT void (*real)(uint32_t, SELF) =
      dlsym(RTLD_NEXT, "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");
  real(thread, self);
  acquire(self);
}

// Synchronization._MutexHandle._tryLockSlow() -> Bool
SWIFT bool try_lock_slow(SELF) __asm__("$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF");
SWIFT bool try_lock_slow(SELF) {
  SWIFT bool (*real)(SELF) =
      dlsym(RTLD_NEXT, "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF");
  bool is_locked = real(self);
  if (is_locked) acquire(self);
  return is_locked;
}

// Synchronization._MutexHandle._unlockSlow()
SWIFT void unlock_slow(SELF) __asm__("$s15Synchronization12_MutexHandleV11_unlockSlowyyF");
SWIFT void unlock_slow(SELF) {
  SWIFT void (*real)(SELF) =
      dlsym(RTLD_NEXT, "$s15Synchronization12_MutexHandleV11_unlockSlowyyF");
  release(self);
  real(self);
}
