/// A leaf of the schema: what is stored as one column.
package struct ParquetColumn: Sendable {
  /// Position among the leaves, which is the position of its chunk in every row group.
  package var index: Int
  /// Names from the root on; of a second field of one name its key, so that no two paths are equal.
  package fileprivate(set) var path: [String]
  package var type: ParquetType
  /// Bytes a value; 0 for BYTE_ARRAY.
  var width: Int
  var annotation: ParquetMetadata.Annotation
  package var maximumDefinition: Int
  package var maximumRepetition: Int

  package var name: String { path.joined(separator: ".") }
}

/// The columns as the tree they are declared in.
struct ParquetNode: Sendable {
  enum Content: Sendable {
    case leaf(Int)
    case structure([ParquetNode])
    /// Exactly one child, which is the element.
    case list([ParquetNode])
    /// A list whose elements are key-value structures.
    case map([ParquetNode])
    /// A structure of which one member alone is read, in place of the structure.
    indirect case projection(ParquetNode)
  }

  var name: String
  /// Its name in a row or structure, where another field of the same name may go before it.
  var key: String
  var content: Content
  /// From this definition level on the node is present; for a list: it has an element.
  var definition: Int
  /// From this definition level on the list itself is there, if only empty.
  var presence: Int
  /// For lists: the repetition level of a further element.
  var repetition: Int
  /// For lists: names of the groups between the list and what is in its element, as in paths of columns.
  var groups: [String] = []
  /// Leaves below this node.
  var leaves: Range<Int>

  init(
    name: String, content: Content, definition: Int, presence: Int, repetition: Int,
    leaves: Range<Int>
  ) {
    self.name = name
    key = name
    self.content = content
    self.definition = definition
    self.presence = presence
    self.repetition = repetition
    self.leaves = leaves
  }

  /// Gives the fields of a row or structure different keys: the second `text` becomes `text_2`.
  static func makeKeysUnique(_ nodes: inout [ParquetNode]) {
    var taken = Set(nodes.map(\.name))
    guard taken.count < nodes.count else { return }
    var numbers: [String: Int] = [:]
    for place in nodes.indices {
      let name = nodes[place].name
      guard var number = numbers[name] else {
        numbers[name] = 1
        continue
      }
      repeat { number += 1 } while !taken.insert("\(name)_\(number)").inserted
      numbers[name] = number
      nodes[place].key = "\(name)_\(number)"
    }
  }
}

/// Builds the tree and the leaves from the flat list of the footer.
struct ParquetSchema: Sendable {
  private(set) var columns: [ParquetColumn] = []
  private(set) var fields: [ParquetNode] = []

  init(elements: [ParquetMetadata.SchemaElement]) throws(ParquetFault) {
    guard let root = elements.first, root.type == nil else { throw .missing(.schema) }
    var builder = Builder(elements: elements)
    for _ in 0..<(try builder.childCount(of: root)) {
      fields.append(try builder.node(path: [], definition: 0, repetition: 0, depth: 1))
    }
    builder.makeKeysUnique(&fields, depth: 0)
    guard builder.position == elements.count else {
      throw .invalid(.schema, value: builder.position)
    }
    columns = builder.columns
  }

  private struct Builder {
    let elements: [ParquetMetadata.SchemaElement]
    var position = 1
    var columns: [ParquetColumn] = []
    /// Of the names of `columns`, joined.
    private var pathBytes = 0

    init(elements: [ParquetMetadata.SchemaElement]) { self.elements = elements }

    func childCount(of element: ParquetMetadata.SchemaElement) throws(ParquetFault) -> Int {
      guard element.childCount >= 0, element.childCount <= elements.count - position else {
        throw .invalid(.schema, value: element.childCount)
      }
      return element.childCount
    }

    mutating func next() throws(ParquetFault) -> ParquetMetadata.SchemaElement {
      guard position < elements.count else { throw .truncated(.schema) }
      defer { position += 1 }
      let bytes = elements[position].name.utf8.count
      guard bytes <= ParquetLimits.nameBytes else {
        throw .tooLarge(.columnName, size: bytes, limit: ParquetLimits.nameBytes)
      }
      return elements[position]
    }

    /// The node at `position`, and all below it.
    mutating func node(
      path: [String], definition: Int, repetition: Int, depth: Int
    ) throws(ParquetFault) -> ParquetNode {
      let element = try next()
      if element.repetition != .repeated {
        return try single(
          element, path: path, definition: definition, repetition: repetition, depth: depth)
      }
      // A repeated field without a list around it is a list that can't be null.
      let first = columns.count
      let inner = try single(
        element, path: path, definition: definition + 1, repetition: repetition + 1, depth: depth,
        isRepeated: true)
      return ParquetNode(
        name: element.name, content: .list([inner]), definition: definition + 1,
        presence: definition, repetition: repetition + 1, leaves: first..<columns.count)
    }

    /// The node of `element`, whose own repetition is counted in the levels already if repeated.
    private mutating func single(
      _ element: ParquetMetadata.SchemaElement, path: [String], definition: Int, repetition: Int,
      depth: Int, isRepeated: Bool = false
    ) throws(ParquetFault) -> ParquetNode {
      guard depth <= ParquetLimits.nestingDepth else {
        throw .tooLarge(.nesting, size: depth, limit: ParquetLimits.nestingDepth)
      }
      let path = path + [element.name]
      let present = definition + (element.repetition == .optional ? 1 : 0)
      let first = columns.count
      if let type = element.type {
        try addColumn(element, type, path, present, repetition)
        return ParquetNode(
          name: element.name, content: .leaf(first), definition: present, presence: present,
          repetition: repetition, leaves: first..<first + 1)
      }
      let count = try childCount(of: element)
      guard count > 0 else { throw .invalid(.schema, value: 0) }
      let annotated = element.annotation == .list || element.annotation == .map
      if annotated, !isRepeated, count == 1, position < elements.count,
        elements[position].repetition == .repeated
      {
        let middle = try next()
        let inner = try listElement(
          middle, of: element, path: path, definition: present + 1, repetition: repetition + 1,
          depth: depth + 1)
        let content: ParquetNode.Content =
          element.annotation == .map ? .map([inner.node]) : .list([inner.node])
        var list = ParquetNode(
          name: element.name, content: content, definition: present + 1, presence: present,
          repetition: repetition + 1, leaves: first..<columns.count)
        list.groups = inner.isOldForm ? [middle.name] : [middle.name, inner.node.name]
        return list
      }
      var children: [ParquetNode] = []
      for _ in 0..<count {
        children.append(
          try node(path: path, definition: present, repetition: repetition, depth: depth + 1))
      }
      makeKeysUnique(&children, depth: path.count)
      return ParquetNode(
        name: element.name, content: .structure(children), definition: present, presence: present,
        repetition: repetition, leaves: first..<columns.count)
    }

    /// The element of a list: the one child of the repeated group, or, in files of old writers,
    /// the repeated field itself (rules of parquet-format's LogicalTypes.md), as in maps.
    private mutating func listElement(
      _ middle: ParquetMetadata.SchemaElement, of list: ParquetMetadata.SchemaElement,
      path: [String], definition: Int, repetition: Int, depth: Int
    ) throws(ParquetFault) -> (node: ParquetNode, isOldForm: Bool) {
      let isOldForm = middle.name == "array" || middle.name == list.name + "_tuple"
      if middle.type == nil, middle.childCount == 1, list.annotation == .list, !isOldForm {
        let element = try node(
          path: path + [middle.name], definition: definition, repetition: repetition,
          depth: depth + 1)
        return (element, false)
      }
      let element = try single(
        middle, path: path, definition: definition, repetition: repetition, depth: depth,
        isRepeated: true)
      return (element, true)
    }

    /// Of the fields of a row or structure, whose names stand at `depth` in the paths of their columns.
    mutating func makeKeysUnique(_ nodes: inout [ParquetNode], depth: Int) {
      ParquetNode.makeKeysUnique(&nodes)
      for node in nodes where node.key != node.name {
        for leaf in node.leaves { columns[leaf].path[depth] = node.key }
      }
    }

    private mutating func addColumn(
      _ element: ParquetMetadata.SchemaElement, _ type: ParquetType, _ path: [String],
      _ definition: Int, _ repetition: Int
    ) throws(ParquetFault) {
      guard element.childCount == 0 else { throw .invalid(.schema, value: element.childCount) }
      var width = type.width
      if type == .fixedLengthByteArray {
        guard (1...(1 << 20)).contains(element.typeLength) else {
          throw .invalid(.typeLength, value: element.typeLength)
        }
        width = element.typeLength
      }
      pathBytes += path.reduce(path.count) { $0 + $1.utf8.count }
      guard pathBytes <= ParquetLimits.pathBytes else {
        throw .tooLarge(.columnNames, size: pathBytes, limit: ParquetLimits.pathBytes)
      }
      columns.append(
        ParquetColumn(
          index: columns.count, path: path, type: type, width: width,
          annotation: element.annotation, maximumDefinition: definition,
          maximumRepetition: repetition))
    }
  }
}
