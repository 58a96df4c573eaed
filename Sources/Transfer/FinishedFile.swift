#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A file that an earlier session finished, verified and named, but whose owner died before taking
/// it.
enum FinishedFile {
  /// The size of the file at `path`, if it was named since this machine started.
  ///
  /// Nothing is flushed to disk when a file is named: after a loss of power it may be there without
  /// its bytes. The time of its last change, which naming it sets, tells.
  static func size(_ path: String) -> Int? {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    let named = Double(status.st_ctim.tv_sec) + Double(status.st_ctim.tv_nsec) * 1e-9
    // A moment is left out on both sides: clocks are set now and then.
    guard named > Clock.wall() - Clock.sinceStart() + 1, named <= Clock.wall() + 1 else {
      return nil
    }
    return Int(status.st_size)
  }
}
