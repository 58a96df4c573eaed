package import JSON

/// What results were made from, for reports and comparisons.
extension Engine {
  /// The parameters that counted when a past task gave its result; empty when they are forgotten.
  package func parameters(of record: TaskRecord) throws(BuildError) -> [String: JSONValue] {
    let key = try index.database.first(
      "SELECT key FROM tasks WHERE run = ? AND asset = ? AND partition = ?", .text(record.run),
      .text(record.task.asset), .text(record.task.partition ?? "")
    ) { $0.digest(0) }
    guard let key, let key, let recipe = try index.recipe(ofKey: key) else { return [:] }
    return FingerprintRecipe.parameters(in: recipe)
  }
}

extension FingerprintRecipe {
  /// Reads back what `parameters(_:)` wrote.
  static func parameters(in recipe: String) -> [String: JSONValue] {
    var found: [String: JSONValue] = [:]
    for line in recipe.split(separator: "\n") {
      guard line.hasPrefix("parameter \"") else { continue }
      let rest = line.dropFirst("parameter ".count)
      // The name is a JSON string: it ends at the first quote that no backslash stands before.
      var end = rest.index(after: rest.startIndex)
      while end < rest.endIndex, rest[end] != "\"" {
        if rest[end] == "\\" { end = rest.index(after: end) }
        if end < rest.endIndex { end = rest.index(after: end) }
      }
      guard end < rest.endIndex else { continue }
      let next = rest.index(after: end)
      guard let name = (try? JSONParser.parse(String(rest[..<next])))?.stringValue,
        let value = try? JSONParser.parse(String(rest[next...].drop { $0 == " " }))
      else { continue }
      found[name] = value
    }
    return found
  }
}
