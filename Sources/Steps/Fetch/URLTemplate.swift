import BuildEngine

/// Text with the partition's key in braces: `shard_{shard}.parquet`.
struct URLTemplate {
  private let text: String

  init(_ text: String) { self.text = text }

  func uses(_ key: String) -> Bool { !text.ranges(of: "{\(key)}").isEmpty }

  /// The text with `{key}` replaced by the partition's value.
  func filled(_ partition: (key: String, value: String)?) throws(StepFailure) -> String {
    var result = ""
    var rest = text[...]
    while let open = rest.firstIndex(of: "{") {
      result += rest[..<open]
      guard let close = rest[open...].firstIndex(of: "}") else {
        throw StepFailure("`\(text)` has a `{` without `}`")
      }
      let name = rest[rest.index(after: open)..<close]
      guard let partition, partition.key == name else {
        throw StepFailure(
          "`\(text)` uses `{\(name)}`, which is no partition key of this asset",
          help: partition.map { "its key is `{\($0.key)}`" } ?? "the asset has no partitions")
      }
      result += partition.value
      rest = rest[rest.index(after: close)...]
    }
    return result + rest
  }
}
