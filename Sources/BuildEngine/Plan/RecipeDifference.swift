import JSON

/// Compares two recipes line by line and says in terms of the pipeline what differs.
struct RecipeDifference {
  /// The facts of one recipe by what they are about.
  private struct Facts {
    struct Source: Hashable {
      var kind: String
      var name: String
      var value: String
    }

    var format = ""
    var step = ""
    var revision = 0
    var parameters: [String: String] = [:]
    var environment: [String: String] = [:]
    var partition: (key: String, value: String)?
    var inputs: [String: [Source]] = [:]

    init(_ recipe: String) {
      var input = ""
      for line in recipe.split(separator: "\n") {
        guard let space = line.firstIndex(of: " ") else {
          // `folder` or `files`: another kind of source for the same input.
          inputs[input]?.append(Source(kind: String(line), name: "", value: ""))
          continue
        }
        let kind = String(line[..<space])
        let rest = line[line.index(after: space)...]
        switch kind {
        case "nanobuild-key": format = String(rest)
        case "result": inputs[input]?.append(Source(kind: kind, name: "", value: String(rest)))
        default:
          guard let (name, value) = Self.quoted(rest) else { continue }
          switch kind {
          case "step":
            step = name
            revision = Int(value) ?? 0
          case "parameter": parameters[name] = value
          case "environment": environment[name] = value
          case "partition": partition = (name, value)
          case "input":
            input = name
            inputs[name] = []
          default: inputs[input]?.append(Source(kind: kind, name: name, value: value))
          }
        }
      }
    }

    /// The JSON string at the start of `text`, and what follows after a space.
    private static func quoted(_ text: Substring) -> (name: String, rest: String)? {
      var isEscaped = false
      var end = text.startIndex
      guard text.first == "\"" else { return nil }
      for index in text.utf8.indices.dropFirst() {
        let byte = text.utf8[index]
        if isEscaped {
          isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
          isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
          end = text.utf8.index(after: index)
          break
        }
      }
      let literal = text[..<end]
      let name: String
      if literal.utf8.contains(UInt8(ascii: "\\")) {
        guard let value = (try? JSONParser.parse(String(literal)))?.stringValue else { return nil }
        name = value
      } else {
        name = String(literal.dropFirst().dropLast())
      }
      return (name, String(text[end...].drop { $0 == " " }))
    }
  }

  /// A file of an input as the key names it; of several with that name one by its place.
  struct File {
    var input: String
    var name: String
    var occurrence: Int
  }

  /// What changed from `old` to `new`; facts about assets not made yet are left out. `path` gives a
  /// file the name that people know it by.
  static func reasons(
    from old: String, to new: String, origins: [String: String], path: (File) -> String
  ) -> [StaleReason] {
    let before = Facts(old)
    let after = Facts(new)
    if before.format != after.format { return [.keyFormatChanged] }
    var reasons: [StaleReason] = []
    if before.step != after.step {
      reasons.append(.stepChanged(old: before.step, new: after.step))
    } else if before.revision != after.revision {
      reasons.append(
        .revisionChanged(step: after.step, old: before.revision, new: after.revision))
    }
    for name in keys(before.parameters, after.parameters)
    where before.parameters[name] != after.parameters[name] {
      reasons.append(
        .parameterChanged(
          name: name, old: before.parameters[name], new: after.parameters[name],
          origin: origins[name]))
    }
    for name in keys(before.environment, after.environment)
    where before.environment[name] != after.environment[name] {
      reasons.append(
        .environmentChanged(
          name: name, old: before.environment[name], new: after.environment[name]))
    }
    if before.partition?.key != after.partition?.key {
      reasons.append(
        .partitionRenamed(old: before.partition?.key ?? "", new: after.partition?.key ?? ""))
    }
    for name in keys(before.inputs, after.inputs) {
      guard let was = before.inputs[name] else {
        reasons.append(.inputAdded(name))
        continue
      }
      guard let sources = after.inputs[name] else {
        reasons.append(.inputRemoved(name))
        continue
      }
      if was != sources { reasons += inputReasons(name, was, sources, path) }
    }
    return reasons
  }

  private static func keys<Value>(_ a: [String: Value], _ b: [String: Value]) -> [String] {
    Set(a.keys).union(b.keys).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private static func inputReasons(
    _ input: String, _ was: [Facts.Source], _ sources: [Facts.Source], _ path: (File) -> String
  ) -> [StaleReason] {
    if sources.contains(where: { $0.kind == "unknown" }) { return [] }
    var reasons: [StaleReason] = []
    let oldResults = was.filter { $0.kind == "result" }
    let newResults = sources.filter { $0.kind == "result" }
    if oldResults != newResults {
      reasons.append(
        .resultChanged(
          input: input, from: oldResults.count == 1 ? Digest(oldResults[0].value) : nil,
          to: newResults.count == 1 ? Digest(newResults[0].value) : nil))
    }
    let oldParts = named(was, "part")
    let newParts = named(sources, "part")
    for name in keys(oldParts, newParts) {
      switch (oldParts[name]?.first, newParts[name]?.first) {
      case (nil, _): reasons.append(.partitionAdded(input: input, value: name))
      case (_, nil): reasons.append(.partitionRemoved(input: input, value: name))
      case (let old?, let new?) where old != new:
        reasons.append(
          .partitionChanged(input: input, value: name, from: Digest(old), to: Digest(new)))
      default: continue
      }
    }
    let old = named(was, "file")
    let new = named(sources, "file")
    for name in keys(old, new) where old[name] != new[name] {
      let before = old[name] ?? []
      let after = new[name] ?? []
      for place in 0..<max(before.count, after.count) {
        let shown = path(File(input: input, name: name, occurrence: place))
        if !before.indices.contains(place) {
          reasons.append(.fileAdded(input: input, path: shown))
        } else if !after.indices.contains(place) {
          reasons.append(.fileRemoved(input: input, path: shown))
        } else if before[place] != after[place] {
          reasons.append(
            .fileChanged(input: input, path: shown, change(before[place], after[place])))
        }
      }
    }
    return reasons.isEmpty ? [.inputRearranged(input)] : reasons
  }

  /// From the digests of a file with their mark of an executable one.
  private static func change(_ old: String, _ new: String) -> FileChange {
    let (before, after) = (old.split(separator: " "), new.split(separator: " "))
    if before.first == after.first { return .executable(after.count > 1) }
    return .content(
      from: before.first.flatMap { Digest($0) }, to: after.first.flatMap { Digest($0) })
  }

  /// The values of each name, in the order of the recipe.
  private static func named(_ sources: [Facts.Source], _ kind: String) -> [String: [String]] {
    var found: [String: [String]] = [:]
    for source in sources where source.kind == kind {
      found[source.name, default: []].append(source.value)
    }
    return found
  }
}
