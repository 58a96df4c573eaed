import Glibc
import JSON
import LanguageModel
import TestSupport
import Testing

@Suite struct SafetensorsTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder("safetensors") }

  private func path(_ name: String) -> String { folder.file(name) }

  @Test func `what is written reads back to the same bits`() throws {
    let path = path("a.safetensors")
    let first: [Float] = [1, -0.0, .infinity, Float(bitPattern: 3), 3.25, -7]
    let second: [Float] = [42]
    try first.withUnsafeBytes { a throws in
      try second.withUnsafeBytes { b throws in
        try SafetensorsWriter.write(
          [
            SafetensorsTensor(name: "z", type: .f32, shape: [2, 3], bytes: a),
            SafetensorsTensor(name: "a", type: .f32, shape: [], bytes: b),
          ], metadata: ["format": "pt", "note": "x"], to: path)
      }
    }
    let file = try SafetensorsFile(path: path)
    #expect(file.names == ["z", "a"])
    #expect(file.metadata == ["format": "pt", "note": "x"])
    #expect(try Self.read(file, "z", [2, 3]).map(\.bitPattern) == first.map(\.bitPattern))
    #expect(try Self.read(file, "a", []) == second)
    let bytes = try CheckpointFiles.read(path)
    #expect(bytes[0] % 8 == 0 && bytes[0] > 0 && bytes[1...7].allSatisfy { $0 == 0 })
  }

  @Test(.timeLimit(.minutes(1))) func `a pipe is refused and not waited for`() throws {
    let path = path("model.safetensors")
    #expect(mkfifo(path, 0o600) == 0)
    let refused = CheckpointError.malformed(path: path, reason: .notRegular)
    #expect(throws: refused) { try SafetensorsFile(path: path) }
    #expect(throws: refused) { try CheckpointFiles.read(path) }
  }

  @Test func `half precisions are widened`() throws {
    let path = path("half.safetensors")
    let bf16: [UInt16] = [0x3f80, 0xc049, 0x0000, 0x7f80]
    let f16: [UInt16] = [0x3c00, 0xc248, 0x0001, 0xfc00]
    try bf16.withUnsafeBytes { a throws in
      try f16.withUnsafeBytes { b throws in
        try SafetensorsWriter.write(
          [
            SafetensorsTensor(name: "b", type: .bf16, shape: [4], bytes: a),
            SafetensorsTensor(name: "h", type: .f16, shape: [4], bytes: b),
          ], to: path)
      }
    }
    let file = try SafetensorsFile(path: path)
    #expect(try Self.read(file, "b", [4]) == [1, -3.140625, 0, .infinity])
    #expect(try Self.read(file, "h", [4]) == [1, -3.140625, 0x1p-24, -.infinity])
  }

  @Test func `a wrong shape, name or type is refused`() throws {
    let path = path("t.safetensors")
    let values: [Int32] = [1, 2]
    try values.withUnsafeBytes { a throws in
      try SafetensorsWriter.write(
        [SafetensorsTensor(name: "i", type: .i32, shape: [2], bytes: a)], to: path)
    }
    let file = try SafetensorsFile(path: path)
    #expect(throws: CheckpointError.missingTensor(path: path, name: "j")) {
      try Self.read(file, "j", [2])
    }
    #expect(throws: CheckpointError.self) { try Self.read(file, "i", [1, 2]) }
    #expect(throws: CheckpointError.self) { try Self.read(file, "i", [2]) }
  }

  static let hostileHeaders: [String] = [
    "", "[]", "{", "nope", #"{"a":1}"#, #"{"a":{}}"#,
    #"{"a":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[9223372036854775807,9223372036854775807],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}"#,
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,9223372036854775807]}}"#,
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#,
    #"{"a":{"dtype":"F32","shape":"x","data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},"b":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}"#,
    #"{"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[1],"data_offsets":[3,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
  ]

  @Test(arguments: hostileHeaders)
  func `a hostile header is an error`(header: String) throws {
    let path = path("hostile.safetensors")
    try CheckpointFiles.write(Self.file(header: header, data: [0, 0, 0, 0]), to: path)
    #expect(throws: CheckpointError.self) { try SafetensorsFile(path: path) }
  }

  @Test func `a header nested without end is an error`() throws {
    let path = path("deep.safetensors")
    let header = String(repeating: "[", count: 100_000)
    try CheckpointFiles.write(Self.file(header: header, data: []), to: path)
    #expect(throws: CheckpointError.self) { try SafetensorsFile(path: path) }
  }

  @Test func `lying lengths and truncations are errors`() throws {
    let path = path("cut.safetensors")
    let header = #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
    let whole = Self.file(header: header, data: [0, 0, 0, 0])
    try CheckpointFiles.write(whole, to: path)
    _ = try SafetensorsFile(path: path)
    for count in 0..<whole.count {
      try CheckpointFiles.write(Array(whole[..<count]), to: path)
      #expect(throws: CheckpointError.self) { try SafetensorsFile(path: path) }
    }
    for length in [UInt64.max, 1 << 63, 1 << 40, 100_000_001, UInt64(whole.count)] {
      var lying = whole
      for index in 0..<8 { lying[index] = UInt8(truncatingIfNeeded: length >> (index * 8)) }
      try CheckpointFiles.write(lying, to: path)
      #expect(throws: CheckpointError.self) { try SafetensorsFile(path: path) }
    }
    #expect(throws: CheckpointError.self) { try SafetensorsFile(path: path + "/none") }
    #expect(throws: CheckpointError.self) { try SafetensorsFile(path: folder.path) }
  }

  // MARK: Helpers

  private static func file(header: String, data: [UInt8]) -> [UInt8] {
    let bytes = Array(header.utf8)
    return (0..<8).map { UInt8(truncatingIfNeeded: bytes.count >> ($0 * 8)) } + bytes + data
  }

  @discardableResult
  private static func read(
    _ file: SafetensorsFile, _ name: String, _ shape: [Int]
  ) throws -> [Float] {
    var values = [Float](repeating: .nan, count: shape.reduce(1, *))
    try values.withUnsafeMutableBufferPointer { try file.read(name, shape: shape, into: $0) }
    return values
  }
}
