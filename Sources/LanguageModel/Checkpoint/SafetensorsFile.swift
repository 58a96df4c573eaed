import JSON

/// A safetensors file open for reading, its header checked in full: every tensor lies inside the
/// file, has the size its shape says, and overlaps no other.
package final class SafetensorsFile {
  package struct Entry: Sendable, Hashable {
    package var type: SafetensorsType
    package var shape: [Int]
    /// Byte range relative to the start of the file.
    package var range: Range<Int>
  }

  /// The reference implementation's limit.
  package static let maximumHeaderBytes = 100_000_000

  package let path: String
  package let entries: [String: Entry]
  package let metadata: [String: String]
  private let file: OpenFile

  package init(path: String) throws(CheckpointError) {
    self.path = path
    file = try OpenFile(reading: path)
    let size = try file.size()
    let header = try Self.header(of: file, size: size)
    (entries, metadata) = try Self.parse(header.json, dataStart: header.end, size: size, path: path)
  }

  /// Names in the order of their data.
  package var names: [String] {
    entries.sorted { ($0.value.range.lowerBound, $0.key) < ($1.value.range.lowerBound, $1.key) }
      .map(\.key)
  }

  /// Reads a tensor of `F32`, `BF16` or `F16` into `values`, which must have exactly its size.
  package func read(
    _ name: String, shape: [Int], into values: UnsafeMutableBufferPointer<Float>
  ) throws(CheckpointError) {
    guard let entry = entries[name] else { throw .missingTensor(path: path, name: name) }
    guard entry.shape == shape, shape.reduce(1, *) == values.count else {
      throw .wrongShape(path: path, name: name, found: entry.shape, expected: shape)
    }
    switch entry.type {
    case .f32:
      try fill(UnsafeMutableRawBufferPointer(values), from: entry.range.lowerBound, name: name)
    case .bf16:
      try convert(name, entry, into: values) { Float(bitPattern: UInt32($0) << 16) }
    case .f16:
      try convert(name, entry, into: values, Self.float(half:))
    default:
      throw .wrongType(
        path: path, name: name, found: entry.type.rawValue, expected: "F32, BF16 or F16")
    }
  }

  /// As above, into an array of exactly the tensor's size.
  package func read(
    _ name: String, shape: [Int], into values: inout [Float]
  ) throws(CheckpointError) {
    let outcome = values.withUnsafeMutableBufferPointer { buffer -> CheckpointError? in
      do throws(CheckpointError) {
        try read(name, shape: shape, into: buffer)
        return nil
      } catch { return error }
    }
    if let outcome { throw outcome }
  }

  private func convert(
    _ name: String, _ entry: Entry, into values: UnsafeMutableBufferPointer<Float>,
    _ element: (UInt16) -> Float
  ) throws(CheckpointError) {
    let chunk = UnsafeMutableBufferPointer<UInt16>.allocate(capacity: 1 << 16)
    defer { chunk.deallocate() }
    var start = 0
    while start < values.count {
      let count = min(chunk.count, values.count - start)
      let part = UnsafeMutableRawBufferPointer(
        rebasing: UnsafeMutableRawBufferPointer(chunk)[..<(count * 2)])
      try fill(part, from: entry.range.lowerBound + start * 2, name: name)
      for index in 0..<count { values[start + index] = element(UInt16(littleEndian: chunk[index])) }
      start += count
    }
  }

  private func fill(
    _ buffer: UnsafeMutableRawBufferPointer, from offset: Int, name: String
  ) throws(CheckpointError) {
    guard try file.read(into: buffer, at: offset) else {
      throw .malformed(path: path, reason: .endedWhileReading(name: name))
    }
  }

  /// IEEE 754 half precision, by hand: `Float16` is not available on every platform.
  private static func float(half bits: UInt16) -> Float {
    let sign: Float = bits >> 15 == 1 ? -1 : 1
    let exponent = Int(bits >> 10 & 0x1f)
    let fraction = Float(bits & 0x3ff)
    switch exponent {
    case 0: return sign * Float(sign: .plus, exponent: -24, significand: fraction)
    case 31: return fraction == 0 ? sign * .infinity : .nan
    default: return sign * Float(sign: .plus, exponent: exponent - 25, significand: 1024 + fraction)
    }
  }
}

// MARK: Header

extension SafetensorsFile {
  private static func header(
    of file: OpenFile, size: Int
  ) throws(CheckpointError) -> (json: JSONValue, end: Int) {
    guard size >= 8 else { throw .malformed(path: file.path, reason: .tooShort(bytes: size)) }
    let prefix = try file.read(8, at: 0) ?? []
    let length = prefix.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard prefix.count == 8, length <= UInt64(maximumHeaderBytes) else {
      throw .malformed(path: file.path, reason: .headerTooLong(bytes: Int(clamping: length)))
    }
    let count = Int(length)
    guard count <= size - 8 else {
      throw .malformed(
        path: file.path, reason: .headerBeyondEnd(headerBytes: count, fileBytes: size))
    }
    guard let bytes = try file.read(count, at: 8) else {
      throw .malformed(path: file.path, reason: .endedWhileReading(name: "__metadata__"))
    }
    do throws(JSONError) {
      return (try JSONParser.parse(bytes, depthLimit: 8), 8 + count)
    } catch {
      throw .malformed(path: file.path, reason: .notJSON(error.description))
    }
  }

  private static func parse(
    _ json: JSONValue, dataStart: Int, size: Int, path: String
  ) throws(CheckpointError) -> ([String: Entry], [String: String]) {
    guard let members = json.objectValue else {
      throw .malformed(path: path, reason: .notJSON("the header is \(json.kindDescription)"))
    }
    var entries: [String: Entry] = [:]
    var metadata: [String: String] = [:]
    for (name, value) in members {
      if name == "__metadata__" {
        metadata = (value.objectValue ?? [:]).compactMapValues(\.stringValue)
        continue
      }
      entries[name] = try entry(name, value, dataStart: dataStart, size: size, path: path)
    }
    var position = dataStart
    let inOrder = entries.sorted {
      ($0.value.range.lowerBound, $0.value.range.upperBound, $0.key)
        < ($1.value.range.lowerBound, $1.value.range.upperBound, $1.key)
    }
    for (name, entry) in inOrder {
      guard entry.range.lowerBound == position else {
        throw .malformed(path: path, reason: .notContiguous(name: name))
      }
      position = entry.range.upperBound
    }
    guard position == size else {
      throw .malformed(path: path, reason: .trailingBytes(size - position))
    }
    return (entries, metadata)
  }

  private static func entry(
    _ name: String, _ value: JSONValue, dataStart: Int, size: Int, path: String
  ) throws(CheckpointError) -> Entry {
    func fault(_ reason: CheckpointError.Reason) -> CheckpointError {
      .malformed(path: path, reason: reason)
    }
    guard let members = value.objectValue else { throw fault(.entryNotAnObject(name: name)) }
    guard let typeName = members["dtype"]?.stringValue else {
      throw fault(.missingField(name: name, field: "dtype"))
    }
    guard let type = SafetensorsType(rawValue: typeName) else {
      throw fault(.unknownType(name: name, type: typeName))
    }
    guard let shapeValues = members["shape"]?.arrayValue else {
      throw fault(.missingField(name: name, field: "shape"))
    }
    var bytes = type.byteCount
    var shape: [Int] = []
    for dimension in shapeValues {
      guard case .int(let count) = dimension, count >= 0 else { throw fault(.badShape(name: name)) }
      let (product, overflow) = bytes.multipliedReportingOverflow(by: count)
      guard !overflow else { throw fault(.badShape(name: name)) }
      bytes = product
      shape.append(count)
    }
    guard let offsets = members["data_offsets"]?.arrayValue, offsets.count == 2,
      case .int(let start) = offsets[0], case .int(let end) = offsets[1]
    else { throw fault(.missingField(name: name, field: "data_offsets")) }
    guard start >= 0, end >= start, end <= size - dataStart else {
      throw fault(.badOffsets(name: name))
    }
    guard end - start == bytes else {
      throw fault(.sizeMismatch(name: name, bytes: end - start, expected: bytes))
    }
    return Entry(type: type, shape: shape, range: (dataStart + start)..<(dataStart + end))
  }
}
