import CSystem

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Says that this process uses the cache (many may) or tidies it (alone).
final class CacheLock {
  private let descriptor: Int32

  private init(descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// For a run; waits while the cache is being tidied.
  static func use(_ layout: CacheLayout) throws(BuildError) -> CacheLock {
    let descriptor = try open(layout.useLock)
    let code = nb_lock_file_shared(descriptor)
    guard code == 0 else {
      close(descriptor)
      throw .cacheNotWritable(path: layout.useLock, code: code)
    }
    return CacheLock(descriptor: descriptor)
  }

  /// For tidying; nil while a run uses the cache.
  static func tidy(_ layout: CacheLayout) throws(BuildError) -> CacheLock? {
    let descriptor = try open(layout.useLock)
    // A child that is just being started holds copies of its parent's locks until it runs its program.
    var code = nb_lock_file(descriptor, 0)
    for _ in 0..<20 where code == EWOULDBLOCK {
      usleep(5_000)
      code = nb_lock_file(descriptor, 0)
    }
    guard code == 0 else {
      close(descriptor)
      if code == EWOULDBLOCK { return nil }
      throw .cacheNotWritable(path: layout.useLock, code: code)
    }
    return CacheLock(descriptor: descriptor)
  }

  /// For making the index; waits for others that do.
  static func indexing(_ layout: CacheLayout) throws(BuildError) -> CacheLock {
    let descriptor = try open(layout.indexLock)
    let code = nb_lock_file(descriptor, 1)
    guard code == 0 else {
      close(descriptor)
      throw .cacheNotWritable(path: layout.indexLock, code: code)
    }
    return CacheLock(descriptor: descriptor)
  }

  private static func open(_ path: String) throws(BuildError) -> Int32 {
    let descriptor = nb_open_create(path, 0, 0o666)
    guard descriptor >= 0 else { throw .cacheNotWritable(path: path, code: errno) }
    return descriptor
  }
}
