import Glibc

/// Threads that decompress pages ahead of one consumer, who gets them in order.
///
/// Fetching is serial and cheap; decompressing is what the threads share. At most two pages a
/// thread wait for the consumer.
final class OrderedPipeline {
  private let state: State
  private var threads: [pthread_t] = []

  init(source: DocumentSource, threads count: Int) {
    state = State(source: source, window: 2 * count)
    for _ in 0..<count {
      var thread = pthread_t()
      let argument = Unmanaged.passRetained(state)
      let status = pthread_create(&thread, nil, { raw in
        guard let raw else { return nil }
        Unmanaged<State>.fromOpaque(raw).takeRetainedValue().work()
        return nil
      }, argument.toOpaque())
      if status == 0 { threads.append(thread) } else { argument.release() }
    }
  }

  deinit {
    state.cancel()
    for thread in threads { pthread_join(thread, nil) }
  }

  func next() throws(CorpusError) -> DocumentBatch? {
    // Where no thread could be started the consumer does their work.
    if threads.isEmpty { state.work(once: true) }
    return try state.next()
  }

  /// Everything the threads share, behind `lock`; the source behind `fetching`.
  private final class State: @unchecked Sendable {
    private let source: DocumentSource
    private let window: Int
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let fetching: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private var results: [Int: Result<DocumentBatch?, CorpusError>] = [:]
    private var fetched = 0
    private var consumed = 0
    private var isOver = false
    private var isCancelled = false

    init(source: DocumentSource, window: Int) {
      self.source = source
      self.window = window
      lock = .allocate(capacity: 1)
      fetching = .allocate(capacity: 1)
      changed = .allocate(capacity: 1)
      pthread_mutex_init(lock, nil)
      pthread_mutex_init(fetching, nil)
      pthread_cond_init(changed, nil)
    }

    deinit {
      pthread_cond_destroy(changed)
      pthread_mutex_destroy(fetching)
      pthread_mutex_destroy(lock)
      changed.deallocate()
      fetching.deallocate()
      lock.deallocate()
    }

    func cancel() {
      pthread_mutex_lock(lock)
      isCancelled = true
      pthread_cond_broadcast(changed)
      pthread_mutex_unlock(lock)
    }

    func next() throws(CorpusError) -> DocumentBatch? {
      pthread_mutex_lock(lock)
      while results[consumed] == nil { pthread_cond_wait(changed, lock) }
      let result = results[consumed]
      // The end and an error stay, so that asking again gives them again.
      if case .success(.some) = result {
        results[consumed] = nil
        consumed += 1
        pthread_cond_broadcast(changed)
      }
      pthread_mutex_unlock(lock)
      return try result?.get() ?? nil
    }

    func work(once: Bool = false) {
      let decoder = PageDecoder(pool: source.pool)
      repeat {
        guard let (number, fetched) = fetch() else { return }
        let result: Result<DocumentBatch?, CorpusError>
        do throws(CorpusError) {
          result = .success(try fetched.get()?.batch(decoder))
        } catch {
          result = .failure(error)
        }
        pthread_mutex_lock(lock)
        results[number] = result
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(lock)
      } while !once
    }

    /// Takes the next piece of work and its number, once there is room for its result.
    private func fetch() -> (Int, Result<DocumentSource.Work?, CorpusError>)? {
      pthread_mutex_lock(fetching)
      defer { pthread_mutex_unlock(fetching) }
      pthread_mutex_lock(lock)
      while fetched >= consumed + window, !isCancelled { pthread_cond_wait(changed, lock) }
      let number = fetched
      let isDone = isOver || isCancelled
      fetched += 1
      pthread_mutex_unlock(lock)
      if isDone { return nil }
      let work: Result<DocumentSource.Work?, CorpusError>
      do throws(CorpusError) { work = .success(try source.next()) } catch {
        work = .failure(error)
      }
      if case .success(.some) = work { return (number, work) }
      pthread_mutex_lock(lock)
      isOver = true
      pthread_mutex_unlock(lock)
      return (number, work)
    }
  }
}
