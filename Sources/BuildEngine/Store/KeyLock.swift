import CSystem

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The right to make one key, held across processes.
///
/// The kernel drops it when the last process that inherited it is gone, so nothing has to be
/// unlocked by hand; children of a killed worker keep it until they are gone too.
final class KeyLock {
  let path: String
  let descriptor: Int32

  private init(path: String, descriptor: Int32) {
    self.path = path
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// The lock, or nil while another process holds it.
  static func acquire(_ path: String) throws(BuildError) -> KeyLock? {
    while true {
      let descriptor = nb_open_create(path, 0, 0o666)
      guard descriptor >= 0 else { throw .cacheNotWritable(path: path, code: errno) }
      let code = nb_lock_file(descriptor, 0)
      guard code == 0 else {
        close(descriptor)
        if code == EWOULDBLOCK { return nil }
        throw .cacheNotWritable(path: path, code: code)
      }
      // The file may have been removed by its last holder between opening and locking.
      var status = nb_file_status()
      nb_file_status_of(descriptor, &status)
      if Disk.status(path)?.stamp.inode == status.inode {
        let lock = KeyLock(path: path, descriptor: descriptor)
        lock.sign()
        return lock
      }
      close(descriptor)
    }
  }

  /// Leaves this process's number in the file, for those who find it held.
  private func sign() {
    ftruncate(descriptor, 0)
    let text = Array("\(getpid())\n".utf8)
    _ = pwrite(descriptor, text, text.count, 0)
  }

  /// Gives the lock up and removes its file.
  func release() { unlink(path) }

  /// Ends processes that hold the lock though the run that took it is dead: they were left behind
  /// by a killed worker and may still write into its staging folder.
  static func endOrphans(_ path: String) {
    guard let bytes = try? Disk.read(path),
      let owner = Int32(String(decoding: bytes, as: UTF8.self).split(separator: "\n").first ?? ""),
      owner > 0, kill(owner, 0) != 0, errno == ESRCH,
      let processes = try? Disk.names(in: "/proc")
    else { return }
    for name in processes {
      guard let process = Int32(name), process != getpid(),
        let descriptors = try? Disk.names(in: "/proc/\(name)/fd")
      else { continue }
      if descriptors.contains(where: { Disk.linkTarget("/proc/\(name)/fd/\($0)") == path }) {
        kill(process, SIGKILL)
      }
    }
  }
}
