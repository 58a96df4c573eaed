#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A bounded queue of documents between the thread that reads and those that count.
final class BatchQueue: @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>
  private let capacity: Int
  // Guarded by the mutex.
  private var batches: [DocumentBuffer] = []
  private var isClosed = false

  init(capacity: Int) {
    self.capacity = capacity
    mutex = .allocate(capacity: 1)
    changed = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    changed.initialize(to: pthread_cond_t())
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(mutex)
    changed.deallocate()
    mutex.deallocate()
  }

  /// Adds a batch unless the queue is full, and tells whether it did.
  func offer(_ batch: DocumentBuffer) -> Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    guard batches.count < capacity else { return false }
    batches.append(batch)
    pthread_cond_signal(changed)
    return true
  }

  /// The oldest batch, waiting for one if need be; nil once the queue is closed and empty.
  func take() -> DocumentBuffer? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while batches.isEmpty {
      if isClosed { return nil }
      pthread_cond_wait(changed, mutex)
    }
    return batches.removeFirst()
  }

  /// No more batches will come.
  func close() {
    pthread_mutex_lock(mutex)
    isClosed = true
    pthread_cond_broadcast(changed)
    pthread_mutex_unlock(mutex)
  }
}
