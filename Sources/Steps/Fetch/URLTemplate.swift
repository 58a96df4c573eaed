import BuildEngine

/// Text with the partition's key in braces: `shard_{shard}.parquet`.
struct URLTemplate {
  private enum Piece {
    case text(String)
    case key(String)
  }

  private let text: String
  private var pieces: [Piece] = []
  /// A `{` without `}`.
  private var isBroken = false

  init(_ text: String) {
    self.text = text
    var rest = text.utf8[...]
    while let open = rest.firstIndex(of: UInt8(ascii: "{")) {
      pieces.append(.text(String(Substring(rest[..<open]))))
      guard let close = rest[open...].firstIndex(of: UInt8(ascii: "}")) else {
        isBroken = true
        return
      }
      pieces.append(.key(String(Substring(rest[rest.index(after: open)..<close]))))
      rest = rest[rest.index(after: close)...]
    }
    pieces.append(.text(String(Substring(rest))))
  }

  func begins(with prefix: String) -> Bool { text.hasPrefix(prefix) }

  func uses(_ key: String) -> Bool {
    pieces.contains { if case .key(key) = $0 { true } else { false } }
  }

  /// The text with `{key}` replaced by the partition's value.
  func filled(_ partition: (key: String, value: String)?) throws(StepFailure) -> String {
    guard !isBroken else { throw StepFailure("`\(text)` has a `{` without `}`") }
    var result = ""
    for piece in pieces {
      switch piece {
      case .text(let part): result += part
      case .key(let name):
        guard let partition, partition.key == name else {
          throw StepFailure(
            "`\(text)` uses `{\(name)}`, which is no partition key of this asset",
            help: partition.map { "its key is `{\($0.key)}`" } ?? "the asset has no partitions")
        }
        result += partition.value
      }
    }
    return result
  }
}
