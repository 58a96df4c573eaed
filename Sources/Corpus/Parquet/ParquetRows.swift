package import JSON

/// Rows of a parquet file as JSON objects, or the values of one column, in order.
///
/// Nested columns are put together from their levels (Melnik and others, "Dremel", 2010): a
/// definition level says how much of the path down to a value is there, a repetition level which
/// list goes on. Only the columns asked for are read.
package final class ParquetRows {
  private let file: ParquetFile
  private let fields: [ParquetNode]
  private let isSingle: Bool
  private let decoder = PageDecoder(pool: BufferPool())
  /// By leaf; nil for leaves that are not read.
  private var cursors: [LeafCursor?] = []
  private var nextRowGroup = 0
  private var rowsLeft = 0
  private var hasOpenGroup = false
  private var budget = RowBudget()

  /// All columns as one object a row.
  package init(_ file: ParquetFile) {
    self.file = file
    fields = file.schema.fields
    isSingle = false
  }

  /// The values of one column: a field, or a member of nested structures named with dots.
  package init(_ file: ParquetFile, column: String) throws(CorpusError) {
    fields = [try file.node(named: column)]
    self.file = file
    isSingle = true
  }

  /// The next row, or nil after the last.
  package func next() throws(CorpusError) -> JSONValue? {
    while rowsLeft == 0 {
      if hasOpenGroup { try finishRowGroup() }
      guard nextRowGroup < file.rowGroupCount else { return nil }
      cursors = Array(repeating: nil, count: file.columns.count)
      for leaf in fields.flatMap(\.leaves) {
        cursors[leaf] = try LeafCursor(
          file: file, column: file.columns[leaf], rowGroup: nextRowGroup, decoder: decoder)
      }
      rowsLeft = file.rowCount(ofRowGroup: nextRowGroup)
      hasOpenGroup = true
      nextRowGroup += 1
    }
    rowsLeft -= 1
    budget = RowBudget()
    var row: [String: JSONValue] = [:]
    for field in fields {
      for leaf in field.leaves {
        guard let levels = try cursors[leaf]?.levels() else {
          throw fault(leaf, .truncated(.columnChunk))
        }
        guard levels.repetition == 0 else { throw fault(leaf, .inconsistent(.repetitionLevels)) }
      }
      let value = try assemble(field)
      if isSingle { return value }
      row[field.key] = value
    }
    return .object(row)
  }

  private func finishRowGroup() throws(CorpusError) {
    hasOpenGroup = false
    for leaf in cursors.indices where try cursors[leaf]?.levels() != nil {
      throw fault(leaf, .inconsistent(.rowCount))
    }
  }

  private func assemble(_ node: ParquetNode) throws(CorpusError) -> JSONValue {
    switch node.content {
    case .leaf(let leaf):
      guard let levels = try cursors[leaf]?.levels() else {
        throw fault(leaf, .truncated(.columnChunk))
      }
      if levels.definition < node.definition {
        cursors[leaf]?.skip()
        try spend(leaf)
        return .null
      }
      return try cursors[leaf]?.take(budget: &budget) ?? .null
    case .structure(let children):
      guard try isPresent(node, from: node.presence) else {
        try skip(node)
        return .null
      }
      var members: [String: JSONValue] = [:]
      for child in children { members[child.key] = try assemble(child) }
      try spend(node.leaves.lowerBound, bytes: children.count * ParquetLimits.bytesPerMember)
      return .object(members)
    case .projection(let child):
      guard try isPresent(node, from: node.presence) else {
        try skip(node)
        return .null
      }
      return try assemble(child)
    case .list(let element), .map(let element):
      guard try isPresent(node, from: node.presence) else {
        try skip(node)
        return .null
      }
      guard try isPresent(node, from: node.definition) else {
        try skip(node)
        return .array([])
      }
      var elements: [JSONValue] = []
      repeat {
        try spend(node.leaves.lowerBound)
        for child in element { elements.append(try assemble(child)) }
      } while try goesOn(node)
      if case .map = node.content { return .array(elements.map(Self.pair)) }
      return .array(elements)
    }
  }

  /// Key and value of a map's entry as a list of two.
  private static func pair(_ entry: JSONValue) -> JSONValue {
    guard let members = entry.objectValue, members.count <= 2, let key = members["key"] else {
      return entry
    }
    return .array([key, members["value"] ?? .null])
  }

  /// Whether all columns below `node` are defined at least up to `level`; they must agree.
  private func isPresent(_ node: ParquetNode, from level: Int) throws(CorpusError) -> Bool {
    var answer: Bool?
    for leaf in node.leaves {
      guard let levels = try cursors[leaf]?.levels() else {
        throw fault(leaf, .truncated(.columnChunk))
      }
      let isPresent = levels.definition >= level
      guard answer == nil || answer == isPresent else {
        throw fault(leaf, .inconsistent(.definitionLevels))
      }
      answer = isPresent
    }
    return answer ?? false
  }

  /// Whether the list `node`, of which an element was just read, has another; all columns agree.
  private func goesOn(_ node: ParquetNode) throws(CorpusError) -> Bool {
    var answer: Bool?
    for leaf in node.leaves {
      let repetition = try cursors[leaf]?.levels()?.repetition ?? 0
      guard repetition <= node.repetition else {
        throw fault(leaf, .inconsistent(.repetitionLevels))
      }
      let goesOn = repetition == node.repetition
      guard answer == nil || answer == goesOn else {
        throw fault(leaf, .inconsistent(.repetitionLevels))
      }
      answer = goesOn
    }
    return answer ?? false
  }

  private func skip(_ node: ParquetNode) throws(CorpusError) {
    for leaf in node.leaves {
      cursors[leaf]?.skip()
      try spend(leaf)
    }
  }

  private func spend(_ leaf: Int, bytes: Int = 0) throws(CorpusError) {
    do throws(ParquetFault) { try budget.spend(bytes: bytes) } catch { throw fault(leaf, error) }
  }

  private func fault(_ leaf: Int, _ fault: ParquetFault) -> CorpusError {
    cursors[leaf]?.fault(fault)
      ?? .parquet(
        path: file.path, place: ParquetPlace(column: file.columns[leaf].name), fault: fault)
  }
}
