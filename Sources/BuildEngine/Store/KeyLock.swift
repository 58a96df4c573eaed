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
    let text = Array("\(getpid()) \(Self.startTime(of: getpid()) ?? "")\n".utf8)
    _ = pwrite(descriptor, text, text.count, 0)
  }

  /// Gives the lock up and removes its file.
  func release() { unlink(path) }

  /// Ends processes that hold the lock though the run that took it is dead: they were left behind
  /// by a killed worker and may still write into its staging folder.
  static func endOrphans(_ path: String) {
    guard let bytes = try? Disk.read(path), let file = Disk.status(path), isOwnerGone(bytes),
      let processes = try? Disk.names(in: "/proc")
    else { return }
    for name in processes {
      // Workers inherit the lock as descriptor 4, and what they start has it there too. Others that have
      // the file open only wait for it.
      guard let process = Int32(name), process != getpid(),
        let held = Disk.status("/proc/\(name)/fd/4"), held.stamp.inode == file.stamp.inode,
        held.device == file.device
      else { continue }
      kill(process, SIGKILL)
    }
  }

  /// Whether the process that signed is dead, also when another has its number now.
  private static func isOwnerGone(_ signature: [UInt8]) -> Bool {
    let fields = String(decoding: signature, as: UTF8.self).split { $0 == " " || $0 == "\n" }
    guard let first = fields.first, let owner = Int32(first), owner > 0 else { return false }
    if kill(owner, 0) != 0 { return errno == ESRCH }
    guard fields.count > 1, let started = startTime(of: owner) else { return false }
    return started != fields[1]
  }

  /// When a process began, in ticks since the system did; nil where that can't be told.
  private static func startTime(of process: Int32) -> String? {
    guard let bytes = try? Disk.read("/proc/\(process)/stat") else { return nil }
    let text = String(decoding: bytes, as: UTF8.self)
    // The second field, a name in parentheses, may hold anything.
    guard let end = text.lastIndex(of: ")") else { return nil }
    let fields = text[text.index(after: end)...].split(separator: " ")
    return fields.count > 19 ? String(fields[19]) : nil
  }
}
