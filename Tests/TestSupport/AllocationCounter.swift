import CAllocationCount

/// Counts heap allocations of the threads that ask for it; other tests may run beside them.
package final class AllocationCounter: @unchecked Sendable {
  private let counter: OpaquePointer?

  package init() { counter = nb_counter_create() }
  deinit { nb_counter_free(counter) }

  /// False under a sanitizer and without glibc.
  package static var isAvailable: Bool { nb_counts_allocations() != 0 }

  /// The calling thread is counted from now on.
  package func watchThread() { nb_counter_watch_thread(counter) }

  /// The calling thread is counted no more.
  package static func leaveThread() { nb_counter_watch_thread(nil) }

  /// Allocations of the watched threads so far.
  package var count: Int { nb_counter_value(counter) }

  /// Writes the call stack of the first allocation to the error stream.
  package func printFirst() { nb_counter_print_first(counter) }
}
