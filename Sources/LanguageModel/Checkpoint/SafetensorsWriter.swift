import JSON

/// A tensor to be written: its bytes stay where they are.
package struct SafetensorsTensor {
  package var name: String
  package var type: SafetensorsType
  package var shape: [Int]
  /// Row-major, little-endian; valid while the file is written.
  package var bytes: UnsafeRawBufferPointer

  package init(name: String, type: SafetensorsType, shape: [Int], bytes: UnsafeRawBufferPointer) {
    self.name = name
    self.type = type
    self.shape = shape
    self.bytes = bytes
  }
}

/// Writes safetensors files: equal tensors in equal order give equal bytes.
package enum SafetensorsWriter {
  /// Writes `tensors` in order, without gaps, after a header padded to a multiple of 8 bytes;
  /// synced and renamed into place. Sizes must fit the shapes.
  package static func write(
    _ tensors: [SafetensorsTensor], metadata: [String: String] = ["format": "pt"],
    to path: String
  ) throws(CheckpointError) {
    var header: [String: JSONValue] = [
      "__metadata__": .object(metadata.mapValues(JSONValue.string))
    ]
    var offset = 0
    for tensor in tensors {
      let end = offset + tensor.bytes.count
      precondition(
        tensor.shape.reduce(tensor.type.byteCount, *) == tensor.bytes.count,
        "\(tensor.name): shape \(tensor.shape) does not fit \(tensor.bytes.count) bytes")
      header[tensor.name] = [
        "dtype": .string(tensor.type.rawValue), "shape": .array(tensor.shape.map(JSONValue.int)),
        "data_offsets": [.int(offset), .int(end)],
      ]
      offset = end
    }
    var bytes = JSONWriter.bytes(.object(header))
    while bytes.count % 8 != 0 { bytes.append(UInt8(ascii: " ")) }

    let temporary = path + ".partial"
    let file = try OpenFile(creating: temporary)
    let length = (0..<8).map { UInt8(truncatingIfNeeded: bytes.count >> ($0 * 8)) }
    try file.write(length)
    try file.write(bytes)
    for tensor in tensors { try file.write(tensor.bytes) }
    try file.sync()
    try CheckpointFiles.rename(temporary, to: path)
  }
}
