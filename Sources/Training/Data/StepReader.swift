#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Kernels

/// The rows of one step: all its passes, and where the source stands after them.
package final class StepRows: @unchecked Sendable {
  package fileprivate(set) var batches: [MicroBatch]
  /// From here the rows of the step after are made.
  package var end = SourcePosition()
  /// Why there are none.
  fileprivate var failure: TrainingError?

  fileprivate init(passes: Int, rows: Int, length: Int) {
    batches = (0..<passes).map { _ in MicroBatch(rows: rows, length: length) }
  }

  fileprivate func read(from source: inout any BatchSource) {
    do throws(TrainingError) {
      for index in batches.indices { try source.next(&batches[index]) }
    } catch {
      failure = error
    }
    source.write(to: &end)
  }
}

/// Makes the rows of the step to come on a thread of its own while the model works on those at hand.
///
/// One thread asks the source, in order, so rows and positions are those of asking step by step. There
/// is memory for two steps, and no more is taken. A fault in the data is thrown to the step that wants
/// the rows, and again to whoever asks once more.
package final class StepReader {
  private let shared: Shared
  private var thread: pthread_t?
  /// What the caller has; the thread writes to the other one.
  private var current: StepRows

  /// Reads from where `source` stands: `passes` of `rows` × `length` tokens a step.
  package init(
    _ source: any BatchSource, passes: Int, rows: Int, length: Int
  ) throws(TrainingError) {
    current = StepRows(passes: passes, rows: rows, length: length)
    shared = Shared(source, coming: StepRows(passes: passes, rows: rows, length: length))
    var thread = pthread_t()
    let argument = Unmanaged.passRetained(shared)
    let status = pthread_create(
      &thread, nil,
      { raw in
        guard let raw else { return nil }
        Unmanaged<Shared>.fromOpaque(raw).takeRetainedValue().work()
        return nil
      }, argument.toOpaque())
    guard status == 0 else {
      argument.release()
      throw .kernel(.noThreads(requested: 1))
    }
    self.thread = thread
  }

  deinit {
    guard let thread else { return }
    shared.end()
    pthread_join(thread, nil)
  }

  /// The rows of the next step, valid until they are asked for again.
  package func next() throws(TrainingError) -> StepRows {
    try shared.exchange(&current)
    return current
  }

  /// What caller and thread have in common.
  private final class Shared: @unchecked Sendable {
    private enum Phase { case reading, ready, over }

    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    // Guarded by the lock.
    private var phase = Phase.reading
    // Of the thread while it reads, of the caller when it is ready.
    private var coming: StepRows
    // Of the thread.
    private var source: any BatchSource

    init(_ source: any BatchSource, coming: StepRows) {
      self.source = source
      self.coming = coming
      lock = .allocate(capacity: 1)
      changed = .allocate(capacity: 1)
      pthread_mutex_init(lock, nil)
      pthread_cond_init(changed, nil)
    }

    deinit {
      pthread_cond_destroy(changed)
      pthread_mutex_destroy(lock)
      changed.deallocate()
      lock.deallocate()
    }

    func work() {
      while wait(whileIn: .ready) == .reading {
        coming.read(from: &source)
        enter(.ready)
      }
    }

    /// Waits for what was read, hands it out, and has the step after read into `used`.
    func exchange(_ used: inout StepRows) throws(TrainingError) {
      wait(whileIn: .reading)
      if let failure = coming.failure { throw failure }
      swap(&used, &coming)
      enter(.reading)
    }

    func end() { enter(.over) }

    /// The end stays the end, whatever the thread was about.
    private func enter(_ next: Phase) {
      pthread_mutex_lock(lock)
      if phase != .over { phase = next }
      pthread_cond_signal(changed)
      pthread_mutex_unlock(lock)
    }

    @discardableResult
    private func wait(whileIn waiting: Phase) -> Phase {
      pthread_mutex_lock(lock)
      while phase == waiting { pthread_cond_wait(changed, lock) }
      defer { pthread_mutex_unlock(lock) }
      return phase
    }
  }
}
