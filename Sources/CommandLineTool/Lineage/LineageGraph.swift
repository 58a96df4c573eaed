package import BuildEngine
package import JSON
import PipelineFile

/// The assets with what flows between them, placed in columns by their distance from the sources.
package struct LineageGraph {
  package struct Node {
    package var name: String
    package var step: String
    package var group: String
    package var description: String
    package var state: AssetStatus.State
    /// Why it is not fresh.
    package var reason: String?
    package var note: String
    package var inputs: [String]
    /// Files and folders it reads.
    package var files: [String]
    package var column = 0
    package var row = 0

    package init(
      name: String, step: String, group: String = "", description: String = "",
      state: AssetStatus.State, reason: String? = nil, note: String = "", inputs: [String] = [],
      files: [String] = []
    ) {
      self.name = name
      self.step = step
      self.group = group
      self.description = description
      self.state = state
      self.reason = reason
      self.note = note
      self.inputs = inputs
      self.files = files
    }
  }

  package let title: String
  package let profile: String
  package private(set) var nodes: [Node]

  /// `nodes` in an order in which inputs stand before users.
  package init(title: String, profile: String, nodes: [Node]) {
    self.title = title
    self.profile = profile
    self.nodes = nodes
    place()
  }

  init(_ pipeline: Pipeline, _ statuses: [AssetStatus]) {
    let known = Dictionary(statuses.map { ($0.name, $0) }) { first, _ in first }
    self.init(
      title: pipeline.name, profile: pipeline.profile,
      nodes: pipeline.order.compactMap { index in
        let asset = pipeline.assets[index]
        guard let status = known[asset.name] else { return nil }
        var files: [String] = []
        for input in asset.inputs {
          for reference in input.references {
            if case .path(let path) = reference.target { files.append(path) }
          }
        }
        return Node(
          name: asset.name, step: asset.step.name, group: asset.group ?? "",
          description: asset.description ?? "", state: status.state, reason: status.reason,
          note: StatusCommand.headline(status.metrics), inputs: asset.inputAssets, files: files)
      })
  }

  subscript(name: String) -> Node? { nodes.first { $0.name == name } }

  /// Longest path from the sources decides the column; in a column, nodes follow the middle of
  /// their inputs, which keeps most lines from crossing.
  private mutating func place() {
    var places: [String: Int] = [:]
    for (index, node) in nodes.enumerated() { places[node.name] = index }
    for index in nodes.indices {
      let inputs = nodes[index].inputs.compactMap { places[$0] }.filter { $0 < index }
      nodes[index].column = (inputs.map { nodes[$0].column }.max() ?? -1) + 1
    }
    let columns = nodes.map(\.column).max() ?? 0
    for column in 0...columns {
      let members = nodes.indices.filter { nodes[$0].column == column }
      let sorted = members.map { index -> (Double, Int) in
        let rows = nodes[index].inputs.compactMap { places[$0] }.map { Double(nodes[$0].row) }
        let middle = rows.isEmpty ? Double(index) : rows.reduce(0, +) / Double(rows.count)
        return (middle, index)
      }.sorted { $0 < $1 }
      for (row, place) in sorted.enumerated() { nodes[place.1].row = row }
    }
  }
}

// MARK: Formats for other programs

extension LineageGraph {
  /// One line an asset, in the order they are made.
  package func textLines(color: Bool) -> [String] {
    var table = Table([.left, .left, .left, .left])
    for node in nodes {
      let (word, style) = StatusCommand.text(node.state)
      let sources = node.inputs + node.files
      table.add([
        .init(node.name, .strong), .init(node.step, .accent), .init(word, style),
        .init(sources.isEmpty ? "" : "← " + sources.joined(separator: ", "), .faint),
      ])
    }
    return table.lines(color: color)
  }

  package var dot: String {
    var out = "digraph \(Self.quoted(title)) {\n  rankdir=LR;\n"
    out += "  node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\"];\n"
    for node in nodes {
      out += "  \(Self.quoted(node.name)) [label=\(Self.quoted(node.name + "\n" + node.step)), "
      out += "fillcolor=\"\(Self.colors(node.state).fill)\", "
      out +=
        "color=\"\(Self.colors(node.state).line)\", tooltip=\(Self.quoted(node.state.word))];\n"
    }
    for node in nodes {
      for input in node.inputs where self[input] != nil {
        out += "  \(Self.quoted(input)) -> \(Self.quoted(node.name));\n"
      }
    }
    return out + "}"
  }

  /// A string in Graphviz's quotes: only quotes and backslashes are special.
  private static func quoted(_ text: String) -> String {
    var out = "\""
    for character in text {
      switch character {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      default: out.append(character)
      }
    }
    return out + "\""
  }

  package var mermaid: String {
    var identifiers: [String: String] = [:]
    for (index, node) in nodes.enumerated() { identifiers[node.name] = "n\(index)" }
    var out = "flowchart LR\n"
    for node in nodes {
      let label =
        Self.mermaidText(node.name) + "<br/><small>" + Self.mermaidText(node.step) + "</small>"
      out += "  \(identifiers[node.name] ?? "")[\"\(label)\"]:::\(node.state.rawValue)\n"
    }
    for node in nodes {
      for input in node.inputs {
        guard let from = identifiers[input], let to = identifiers[node.name] else { continue }
        out += "  \(from) --> \(to)\n"
      }
    }
    for state in Set(nodes.map(\.state.rawValue)).sorted() {
      guard let state = AssetStatus.State(rawValue: state) else { continue }
      let (fill, line) = Self.colors(state)
      out += "  classDef \(state.rawValue) fill:\(fill),stroke:\(line),color:#111\n"
    }
    while out.last == "\n" { out.removeLast() }
    return out
  }

  /// Mermaid knows characters by number between `#` and `;`.
  private static func mermaidText(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "#", ";", "<", ">", "&", "`", "[", "]", "{", "}", "(", ")", "|":
        out += "#\(scalar.value);"
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }

  package var json: JSONValue {
    [
      "version": 1, "name": .string(title), "profile": .string(profile),
      "assets": .array(
        nodes.map { node in
          var members: [String: JSONValue] = [
            "name": .string(node.name), "step": .string(node.step),
            "state": .string(node.state.rawValue),
            "inputs": .array(node.inputs.map { .string($0) }),
            "files": .array(node.files.map { .string($0) }),
          ]
          if !node.group.isEmpty { members["group"] = .string(node.group) }
          if !node.description.isEmpty { members["description"] = .string(node.description) }
          members["reason"] = node.reason.map { .string($0) }
          return .object(members)
        }),
    ]
  }

  static func colors(_ state: AssetStatus.State) -> (fill: String, line: String) {
    switch state {
    case .fresh: ("#d1fae5", "#059669")
    case .restorable: ("#cffafe", "#0891b2")
    case .stale, .unchecked: ("#fef3c7", "#d97706")
    case .pending: ("#fef9c3", "#ca8a04")
    case .checkFailed, .blocked: ("#fee2e2", "#dc2626")
    }
  }
}
