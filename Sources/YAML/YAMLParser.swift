/// Reads one YAML document with libyaml.
package enum YAMLParser {
  package struct Outcome: Sendable {
    /// Nil after an error that leaves nothing to look at. With a duplicate key the document is
    /// there, and the first of the equal keys counts.
    package var document: YAMLDocument?
    package var errors: [YAMLError]
  }

  /// Never traps and never takes memory beyond a fixed multiple of the text, whatever the bytes.
  package static func parse(
    _ bytes: [UInt8], file: String, hasLines: Bool = true, limits: YAMLLimits = YAMLLimits()
  ) -> Outcome {
    if let error = TextCheck.firstError(in: bytes, file: file, limits: limits) {
      return Outcome(document: nil, errors: [error])
    }
    return bytes.withUnsafeBufferPointer { bytes in
      let bom = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
      var composer = Composer(file: file, hasLines: hasLines, limits: limits)
      return composer.compose(UnsafeBufferPointer(rebasing: bytes[bom...]))
    }
  }
}
