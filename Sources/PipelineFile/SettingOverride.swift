/// One `--set asset.parameter=value`, taken apart but not yet checked against a pipeline.
package struct SettingOverride: Sendable, Hashable {
  /// As the user wrote it, without `--set`; of a secret the key alone.
  package var text: String
  /// Left of the first `=`: the asset, a point, the parameter, and further keys of a record.
  package var key: String
  /// Right of the first `=`, as written.
  package var value: String

  /// Nil unless there is a `=` with a key before it that contains a point.
  package init?(_ text: String) {
    guard let separator = text.firstIndex(of: "=") else { return nil }
    let key = text[..<separator]
    guard key.contains("."), key.first != ".", key.last != "." else { return nil }
    guard key.utf8.lazy.filter({ $0 == UInt8(ascii: ".") }).count < 100 else { return nil }
    self.text = text
    self.key = String(key)
    value = String(text[text.index(after: separator)...])
  }

  var isHidden: Bool { text == key }

  /// From here on messages name the key alone.
  mutating func hideValue() { text = key }

  /// Where its errors are: `--set pretrain.depht=3`.
  package var place: String { "--set \(text)" }

  /// The ways to read the key as an asset and the path of a parameter, the longest name of an asset
  /// first, because names may contain points.
  package var readings: [(asset: String, path: [String])] {
    let parts = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    return (1...parts.count).reversed().map { count in
      (parts[..<count].joined(separator: "."), Array(parts[count...]))
    }
  }
}
