/// Names a user may have meant.
enum Suggestion {
  /// At most two of `names` that are few edits away from `name`.
  static func nearest(to name: String, in names: [String]) -> [String] {
    let limit = max(1, name.count / 3)
    let scored = names.prefix(2_000).compactMap { candidate -> (Int, String)? in
      guard abs(candidate.count - name.count) <= limit else { return nil }
      let distance = edits(Array(name), Array(candidate))
      return distance <= limit ? (distance, candidate) : nil
    }
    return scored.sorted { $0.0 < $1.0 }.prefix(2).map(\.1)
  }

  private static func edits(_ a: [Character], _ b: [Character]) -> Int {
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, y) in b.enumerated() {
        let substituted = diagonal + (x == y ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(substituted, min(row[j], diagonal) + 1)
      }
    }
    return row[b.count]
  }
}
