import BuildEngine
import Transfer

/// Text with the partition's key in braces: `shard_{shard}.parquet`.
///
/// In an address the value is written so that it means itself and nothing else: a `#` is no fragment,
/// a `?` no query, a `%41` no `A`. In a plain path it stands as it is.
struct URLTemplate {
  private enum Piece {
    case text(String)
    case key(String, Percent.Place?)
  }

  private let text: String
  private var pieces: [Piece] = []
  /// A `{` without `}`.
  private var isBroken = false

  init(_ text: String) {
    self.text = text
    var place: Percent.Place? = Self.isAddress(text) ? .path : nil
    var rest = text.utf8[...]
    func takeText(_ part: Substring.UTF8View) -> Piece {
      if place != nil, part.contains(UInt8(ascii: "?")) { place = .query }
      return .text(String(Substring(part)))
    }
    while let open = rest.firstIndex(of: UInt8(ascii: "{")) {
      pieces.append(takeText(rest[..<open]))
      guard let close = rest[open...].firstIndex(of: UInt8(ascii: "}")) else {
        isBroken = true
        return
      }
      pieces.append(.key(String(Substring(rest[rest.index(after: open)..<close])), place))
      rest = rest[rest.index(after: close)...]
    }
    pieces.append(takeText(rest))
  }

  private static func isAddress(_ text: String) -> Bool {
    let start = String(decoding: text.utf8.prefix(8), as: UTF8.self).lowercased()
    return ["http://", "https://", "file://"].contains { start.hasPrefix($0) }
  }

  func begins(with prefix: String) -> Bool { text.hasPrefix(prefix) }

  func mentions(_ key: String) -> Bool {
    pieces.contains { if case .key(key, _) = $0 { true } else { false } }
  }

  /// Whether what is asked for depends on the value of `key`; what follows a `#` in a web address is for
  /// browsers.
  func uses(_ key: String) -> Bool {
    let isOnWeb = String(decoding: text.utf8.prefix(4), as: UTF8.self).lowercased() == "http"
    for piece in pieces {
      switch piece {
      case .text(let part): if isOnWeb, part.utf8.contains(UInt8(ascii: "#")) { return false }
      case .key(key, _): return true
      case .key: continue
      }
    }
    return false
  }

  /// The text with `{key}` replaced by the partition's value.
  func filled(_ partition: (key: String, value: String)?) throws(StepFailure) -> String {
    guard !isBroken else { throw StepFailure("`\(text)` has a `{` without `}`") }
    var result = ""
    for piece in pieces {
      switch piece {
      case .text(let part): result += part
      case .key(let name, let place):
        guard let partition, partition.key == name else {
          throw StepFailure(
            "`\(text)` uses `{\(name)}`, which is no partition key of this asset",
            help: partition.map { "its key is `{\($0.key)}`" } ?? "the asset has no partitions")
        }
        result += place.map { Percent.encode(partition.value, in: $0) } ?? partition.value
      }
    }
    return result
  }
}
