#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A file that an earlier session finished and verified, but whose owner died before taking it. It is
/// read-only; see `PartialFile`.
enum FinishedFile {
  /// The size of the file at `path`, if it was finished since this machine started.
  ///
  /// Nothing is flushed to disk then: after a loss of power it may be there without its bytes. The time
  /// of its last change, which becoming read-only sets, tells.
  static func size(_ path: String) -> Int? {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      status.st_mode & 0o222 == 0
    else { return nil }
    let finished = Double(status.st_ctim.tv_sec) + Double(status.st_ctim.tv_nsec) * 1e-9
    // A moment is left out on both sides: clocks are set now and then.
    guard finished > Clock.wall() - Clock.sinceStart() + 1, finished <= Clock.wall() + 1 else {
      return nil
    }
    return Int(status.st_size)
  }
}
