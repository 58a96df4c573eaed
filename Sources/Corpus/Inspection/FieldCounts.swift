import JSON

/// How often the members of objects occur, and with values of which kinds.
struct FieldCounts {
  /// Data may have its keys for names: there is no end to those.
  private static let mostNames = 1000

  /// By name, then by kind.
  private(set) var counts: [String: [String: Int]] = [:]
  /// Whether every name that occurred is counted.
  private(set) var isComplete = true

  /// A name that is counted once is counted throughout; new ones are while there is room, the first
  /// in the order of their bytes first.
  mutating func add(_ members: [String: JSONValue]) {
    var new: [String: JSONValue] = [:]
    for (name, member) in members {
      if let index = counts.index(forKey: name) {
        counts.values[index][member.kindDescription, default: 0] += 1
      } else {
        new[name] = member
      }
    }
    if new.isEmpty { return }
    let room = Self.mostNames - counts.count
    if new.count > room { isComplete = false }
    if room == 0 { return }
    for (name, member) in JSONWriter.sorted(new).prefix(room) {
      counts[name] = [member.kindDescription: 1]
    }
  }
}
