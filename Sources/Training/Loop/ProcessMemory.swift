import CSystem

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What this process takes, in bytes.
enum ProcessMemory {
  /// The most so far.
  static var peak: Int {
    var usage = rusage()
    // RUSAGE_SELF, whose type differs from the parameter's on Linux.
    guard getrusage(0, &usage) == 0 else { return 0 }
    #if canImport(Glibc)
      return usage.ru_maxrss * 1024
    #else
      return usage.ru_maxrss
    #endif
  }

  /// Now, or the most so far where the system does not tell.
  static var resident: Int {
    guard let file = fopen("/proc/self/statm", "r") else { return peak }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, 128, file) != nil else { return peak }
    let fields = String(decoding: line.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      .split(separator: " ")
    guard fields.count > 1, let pages = Int(fields[1]) else { return peak }
    return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
  }

  /// Of the machine, or what this process may have of it.
  static var ofMachine: Int { Int(nb_usable_memory()) }
}
