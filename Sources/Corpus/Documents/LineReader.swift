/// Reads a file line by line with a bound on the length of a line.
final class LineReader {
  static let longestLine = 64 << 20
  private static let blockSize = 1 << 20

  let path: String
  private let file: InputFile
  private var buffer: [UInt8] = []
  private var position = 0
  private var offset = 0
  /// Of the line that was read last, from 1.
  private(set) var line = 0

  init(path: String) throws(CorpusError) {
    self.path = path
    file = try InputFile(path: path)
  }

  /// The next line without its end (LF or CR LF), or nil after the last.
  func next() throws(CorpusError) -> ArraySlice<UInt8>? {
    var searched = position
    while true {
      let end = buffer.withUnsafeBufferPointer { bytes in
        bytes[searched...].firstIndex(of: 0x0a)
      }
      if let end {
        defer { position = end + 1 }
        return take(position..<end)
      }
      searched = buffer.count
      if offset >= file.size {
        guard position < buffer.count else { return nil }
        defer { position = buffer.count }
        return take(position..<buffer.count)
      }
      guard buffer.count - position <= Self.longestLine else {
        throw .line(
          path: path, line: line + 1, column: 1, fault: .tooLong(limit: Self.longestLine))
      }
      searched -= position
      try fill()
    }
  }

  /// The next line, which must be UTF-8; errors name the file, the line and the byte.
  func nextText() throws(CorpusError) -> ArraySlice<UInt8>? {
    guard let line = try next() else { return nil }
    if let byte = line.withUnsafeBytes({ UTF8Check.firstFault($0) }) {
      throw .line(path: path, line: self.line, column: byte + 1, fault: .invalidUTF8)
    }
    return line
  }

  private func take(_ range: Range<Int>) -> ArraySlice<UInt8> {
    line += 1
    if let last = buffer[range].last, last == 0x0d { return buffer[range.dropLast()] }
    return buffer[range]
  }

  /// Drops what has been read and appends a block, a growing one while a line does not end.
  private func fill() throws(CorpusError) {
    let kept = buffer.count - position
    var block = [UInt8](
      repeating: 0, count: kept + min(max(Self.blockSize, kept), file.size - offset))
    var outcome: Result<Int, CorpusError> = .success(0)
    let source = buffer
    let start = position
    block.withUnsafeMutableBytes { bytes in
      source.withUnsafeBytes { old in
        bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: old[start..<start + kept]))
      }
      let room = UnsafeMutableRawBufferPointer(rebasing: bytes[kept...])
      do throws(CorpusError) { outcome = .success(try file.read(at: offset, into: room)) } catch {
        outcome = .failure(error)
      }
    }
    let count = try outcome.get()
    if count == 0 { offset = file.size }
    offset += count
    block.removeLast(block.count - kept - count)
    buffer = block
    position = 0
  }
}
