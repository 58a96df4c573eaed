internal import CKernels
internal import CSystem

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Threads that run numbered chunks of numeric work, apart from Swift's own concurrency.
///
/// The caller splits work into a number of chunks that depends on the data alone, so that results
/// are the same bytes whatever the number of threads.
package final class ThreadPool: @unchecked Sendable {
  package let threads: Int
  private let pool: OpaquePointer

  package init(threads: Int) throws(KernelError) {
    guard threads >= 1, threads <= 4096, let pool = nb_pool_create(Int32(threads)) else {
      throw .noThreads(requested: threads)
    }
    self.threads = threads
    self.pool = pool
  }

  deinit { nb_pool_free(pool) }

  /// The processors this process may run on.
  package static var processorCount: Int { Int(nb_usable_processors()) }

  /// Runs `body` once for each chunk in `0..<chunks` and returns when all are done. Not to be
  /// called from inside a body.
  package func parallel(chunks: Int, _ body: (Int) -> Void) {
    parallelWithWorker(chunks: chunks) { chunk, _ in body(chunk) }
  }

  /// Like `parallel`, giving also the index below `threads` of the worker, for its scratch memory.
  package func parallelWithWorker(chunks: Int, _ body: (_ chunk: Int, _ worker: Int) -> Void) {
    runChunks(pool, chunks, body)
  }
}

/// In C, which takes the closure as Swift passes it: a C function pointer with a context would need
/// the closure to escape, and thereby memory for every call.
@_silgen_name("nb_pool_run")
private func runChunks(_ pool: OpaquePointer, _ chunks: Int, _ body: (Int, Int) -> Void)
