/// The known name that a mistyped one probably means.
package enum Suggestion {
  /// The candidate nearest to `name`, or nil when none is near: at most one edit for every three
  /// characters. Of equally near ones the first wins; a difference in case counts as near.
  package static func nearest(
    to name: String, among candidates: some Sequence<String>
  ) -> String? {
    let wanted = Array(name.lowercased().unicodeScalars.prefix(maximumLength))
    guard !wanted.isEmpty else { return nil }
    var limit = max(1, wanted.count / 3)
    var best: String?
    for candidate in candidates where candidate != name {
      // Bytes bound characters from above, so this refuses most candidates without decoding them.
      guard candidate.utf8.count >= wanted.count - limit else { continue }
      let other = Array(candidate.lowercased().unicodeScalars.prefix(maximumLength))
      guard let distance = distance(wanted, other, limit: limit), distance < max(wanted.count, 2)
      else { continue }
      best = candidate
      if distance == 0 { break }
      limit = distance - 1
    }
    return best
  }

  /// Longer names are compared by their beginnings.
  private static let maximumLength = 100

  /// Damerau-Levenshtein distance (insertion, deletion, replacement, swap of neighbours), or nil
  /// past `limit`.
  private static func distance(
    _ left: [Unicode.Scalar], _ right: [Unicode.Scalar], limit: Int
  ) -> Int? {
    guard limit >= 0, abs(left.count - right.count) <= limit else { return nil }
    var beforePrevious: [Int] = []
    var previous = Array(0...right.count)
    for row in 0..<left.count {
      var current = [row + 1]
      current.reserveCapacity(right.count + 1)
      var smallest = row + 1
      for column in 0..<right.count {
        var cost = min(
          previous[column + 1] + 1, current[column] + 1,
          previous[column] + (left[row] == right[column] ? 0 : 1))
        if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
          cost = min(cost, beforePrevious[column - 1] + 1)
        }
        current.append(cost)
        smallest = min(smallest, cost)
      }
      guard smallest <= limit else { return nil }
      beforePrevious = previous
      previous = current
    }
    return previous[right.count] <= limit ? previous[right.count] : nil
  }
}
