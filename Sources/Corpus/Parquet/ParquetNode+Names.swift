/// What a name with dots stands for in the tree of columns.
extension ParquetNode {
  struct Match {
    /// The outermost field, reduced to what was found below it.
    var node: ParquetNode
    /// The keys on the way. Unlike names, no two of these paths are equal.
    var path: String
  }

  /// All that `path` may stand for among `nodes`, each of which may be spelt in several ways.
  ///
  /// A name may hold dots itself: what has the whole of `path` for its name comes before what lies below
  /// a node with a shorter one.
  static func matches(
    _ path: Substring, among nodes: [ParquetNode], spelt spellings: (ParquetNode) -> [String]
  ) -> [Match] {
    var found: [Match] = []
    for node in nodes where spellings(node).contains(where: { $0 == path }) {
      found.append(Match(node: node, path: node.key))
    }
    for node in nodes {
      for spelling in spellings(node) where path.hasPrefix(spelling + ".") {
        let rest = path.dropFirst(spelling.count + 1)
        for match in node.matches(below: rest, spelt: spellings) {
          found.append(Match(node: match.node, path: "\(node.key).\(match.path)"))
        }
      }
    }
    return found
  }

  /// Of this node with what `path` stands for below it.
  private func matches(
    below path: Substring, spelt spellings: (ParquetNode) -> [String]
  ) -> [Match] {
    switch content {
    case .leaf, .projection: return []
    case .structure(let children):
      return Self.matches(path, among: children, spelt: spellings).map {
        Match(node: reduced(to: .projection($0.node), $0.node.leaves), path: $0.path)
      }
    case .list(let children), .map(let children):
      guard let element = children.first else { return [] }
      for groups in writtenGroups.suffix(1) + writtenGroups.dropLast() {
        let inner: [Match]
        if groups.isEmpty {
          inner = element.matches(below: path, spelt: spellings)
        } else if path == groups {
          inner = [Match(node: element, path: groups)]
        } else if path.hasPrefix(groups + ".") {
          inner = element.matches(below: path.dropFirst(groups.count + 1), spelt: spellings)
        } else {
          continue
        }
        guard inner.isEmpty else {
          return inner.map {
            Match(node: reduced(to: .list([$0.node]), $0.node.leaves), path: $0.path)
          }
        }
      }
      return []
    }
  }

  /// The ways to write the groups that a list is stored with, all of them last: each may be left out.
  private var writtenGroups: [String] {
    groups.reduce([""]) { ways, group in
      ways + ways.map { $0.isEmpty ? group : "\($0).\(group)" }
    }
  }

  /// The one column that is read of it, unless it has lists or several members.
  var leaf: Int? {
    switch content {
    case .leaf(let leaf): leaf
    case .projection(let child): child.leaf
    case .structure, .list, .map: nil
    }
  }

  private func reduced(to content: Content, _ leaves: Range<Int>) -> ParquetNode {
    var result = self
    result.content = content
    result.leaves = leaves
    return result
  }
}

extension ParquetSchema {
  /// What `name` stands for: by keys, which leave no doubt, at most one thing; else by names, where there
  /// may be several.
  func matches(_ name: String) -> [ParquetNode.Match] {
    let exact = ParquetNode.matches(name[...], among: fields) { [$0.key] }
    guard exact.isEmpty else { return [exact[0]] }
    return ParquetNode.matches(name[...], among: fields) {
      $0.key == $0.name ? [$0.key] : [$0.key, $0.name]
    }
  }
}

extension ParquetFile {
  /// A field by its name or key, or what a path with dots names below one.
  func node(named column: String) throws(CorpusError) -> ParquetNode {
    let matches = schema.matches(column)
    guard let match = matches.first else {
      throw .missingColumn(path: path, column: column, available: columnNames)
    }
    guard matches.count == 1 else {
      throw .ambiguousColumn(
        path: path, column: column, candidates: NameList(matches.lazy.map(\.path)))
    }
    return match.node
  }
}
