import CSystem

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The text a task printed.
package enum LogFile {
  /// The last lines, without reading more than 64 KiB.
  package static func tail(_ path: String, lines: Int) -> [String] {
    let descriptor = nb_open_read(path)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var status = nb_file_status()
    nb_file_status_of(descriptor, &status)
    let start = max(0, status.size - 65536)
    var buffer = [UInt8](repeating: 0, count: Int(status.size - start))
    let length = pread(descriptor, &buffer, buffer.count, off_t(start))
    guard length > 0 else { return [] }
    var found = buffer[..<length].split(separator: UInt8(ascii: "\n"))
    // The first line may have lost its beginning.
    if start > 0, found.count > 1 { found.removeFirst() }
    return found.suffix(lines).map { String(decoding: $0, as: UTF8.self) }
  }
}
