import Corpus
import Glibc
import JSON
import LanguageModel
import PipelineFile
import Steps
import Tokenization
import Transfer
import YAML

/// Every reader of bytes that come from elsewhere.
let fuzzedParsers: [String: any FuzzedParser] = [
  "parquet": FileParser { try readParquet($0) },
  "conversations": FileParser(named: ".jsonl") { path in
    let reader = try ConversationReader(paths: [path])
    while try reader.next() != nil {}
  },
  "tokens": FileParser(mending: mendTokenShard) { try readTokens($0) },
  "safetensors": FileParser { try readSafetensors($0) },
  "json": BytesParser { _ = try JSONParser.parse($0) },
  "tokenizer": BytesParser { bytes in
    let tokenizer = try Tokenizer.parse(bytes, path: "tokenizer")
    _ = tokenizer.decode(tokenizer.encode("Some text, 123  and more.\n"))
  },
  "yaml": BytesParser { _ = YAMLParser.parse($0, file: "a.yaml") },
  "pipeline": BytesParser { bytes in
    let files = FileReader(read: { _ in bytes }, exists: { _ in true })
    _ = try PipelineLoader(catalog: BuiltinSteps.catalog, files: files).load("pipeline.yaml")
  },
  "http": BytesParser { bytes in
    _ = LFSPointer(bytes)
    var head = ResponseHead()
    for line in bytes.split(separator: 0x0a, omittingEmptySubsequences: false) {
      Array(line).withUnsafeBytes { head.take($0, now: { 1e9 }) }
    }
    _ = try SourceURL(String(decoding: bytes, as: UTF8.self))
  },
  "encodings": BytesParser { try decode($0) },
]

/// As a body that comes in two parts, in each encoding.
private func decode(_ bytes: [UInt8]) throws {
  for name in ["gzip", "zstd", "br"] {
    guard let decoder = ContentDecoder(name) else { continue }
    // A few bytes may decode to any number: enough is enough.
    var left = 16 << 20
    for part in [bytes[..<(bytes.count / 2)], bytes[(bytes.count / 2)...]] {
      let isSound = try part.withUnsafeBytes { buffer in
        try decoder.decode(buffer) { (piece) throws(TransferError) in
          left -= piece.count
          if left < 0 { throw .cancelled }
        }
      }
      guard isSound else { break }
    }
  }
}

private func readParquet(_ path: String) throws {
  let file = try ParquetFile(path: path)
  _ = DataInspector.text(file.summary)
  let rows = ParquetRows(file)
  var count = 0
  while count < 10_000, try rows.next() != nil { count += 1 }
  for column in file.columns.prefix(8) where column.maximumRepetition == 0 {
    // A few bytes may describe millions of nulls: enough is enough.
    var bytes = 0
    try? file.writeColumn(column.name) { block throws(CorpusError) in
      bytes += block.count
      if bytes > 1 << 20 { throw .unknownFileKind(path: path) }
    }
  }
}

private func readTokens(_ path: String) throws {
  let shard = try TokenShard(path: path)
  for document in 0..<min(shard.documentCount, 100) {
    let range = shard.documentRange(document)
    var ids = [Int32](repeating: 0, count: range.count)
    try shard.read(range, into: &ids)
    guard shard.hasMask else { continue }
    var mask = [UInt8](repeating: 0, count: range.count)
    try shard.readMask(range, into: &mask)
  }
}

/// Puts the right checksum behind a made-up header, which chance would never find.
private func mendTokenShard(_ bytes: inout [UInt8]) {
  guard bytes.count >= 64 else { return }
  let sum = bytes[..<56].reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
    ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3
  }
  for index in 0..<8 { bytes[56 + index] = UInt8(truncatingIfNeeded: sum >> UInt64(8 * index)) }
}

private func readSafetensors(_ path: String) throws {
  let file = try SafetensorsFile(path: path)
  for name in file.names {
    guard let entry = file.entries[name], entry.range.count < 1 << 20 else { continue }
    var values = [Float](repeating: 0, count: entry.shape.reduce(1, *))
    try file.read(name, shape: entry.shape, into: &values)
  }
}

/// A parser of bytes in memory.
private struct BytesParser: FuzzedParser {
  let body: @Sendable ([UInt8]) throws -> Void
  init(_ body: @escaping @Sendable ([UInt8]) throws -> Void) { self.body = body }
  func read(_ bytes: [UInt8]) { try? body(bytes) }
}

/// A parser of files: the bytes are in memory all the same.
private struct FileParser: FuzzedParser {
  private let descriptor: Int32
  private let path: String
  private let mend: @Sendable (inout [UInt8]) -> Void
  private let body: @Sendable (String) throws -> Void

  /// `ending` is for readers that go by the name.
  init(
    named ending: String = "", mending: @escaping @Sendable (inout [UInt8]) -> Void = { _ in },
    _ body: @escaping @Sendable (String) throws -> Void
  ) {
    mend = mending
    // In memory where there is such a folder.
    let folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
    path = "\(folder)/nanobuild-fuzz-\(getpid())-\(UInt32.random(in: 0 ... .max))\(ending)"
    descriptor = open(path, O_RDWR | O_CREAT | O_EXCL, 0o600)
    self.body = body
  }

  func read(_ bytes: [UInt8]) {
    var bytes = bytes
    mend(&bytes)
    ftruncate(descriptor, 0)
    pwrite(descriptor, bytes, bytes.count, 0)
    try? body(path)
  }
}
