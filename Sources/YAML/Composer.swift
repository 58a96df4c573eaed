import CYAML
import Diagnostics

/// Builds a document's tables from libyaml's events, refusing what exceeds the limits as it reads.
struct Composer: ~Copyable {
  /// A collection that is being read.
  private struct Frame {
    var record: Int
    /// Where its children begin on `pending`.
    var base: Int
    var anchor: String?
    /// `weight` when it began.
    var weightBefore: Int
  }

  private struct Anchor {
    var record: Int
    /// Nodes it stands for with aliases written out; nil while it is being read.
    var weight: Int?
  }

  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let isReady: Bool
  private let file: String
  private let hasLines: Bool
  private let limits: YAMLLimits
  var records: [YAMLDocument.Record] = []
  var children: [UInt32] = []
  var text: [UInt8] = []
  var errors: [YAMLError] = []
  private var tags: [Int: String] = [:]
  /// Finished nodes whose parents are not.
  private var pending: [UInt32] = []
  private var frames: [Frame] = []
  private var anchors: [String: Anchor] = [:]
  private var root: Int?
  /// Nodes so far with aliases written out.
  private var weight = 0
  private var aliased = 0
  var duplicates = DuplicateKeys()

  init(file: String, hasLines: Bool, limits: YAMLLimits) {
    // libyaml keeps pointers into its parser, so it may not move.
    parser = .allocate(capacity: 1)
    isReady = yaml_parser_initialize(parser) == 1
    self.file = file
    self.hasLines = hasLines
    self.limits = limits
  }

  deinit {
    if isReady { yaml_parser_delete(parser) }
    parser.deallocate()
  }

  /// `bytes` must have passed `TextCheck`.
  mutating func compose(_ bytes: UnsafeBufferPointer<UInt8>) -> YAMLParser.Outcome {
    guard isReady else {
      let error = YAMLError(.outOfMemory, at: SourceLocation(file: file, line: 1, column: 1))
      return YAMLParser.Outcome(document: nil, errors: [error])
    }
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    records.reserveCapacity(bytes.count / 8)
    text.reserveCapacity(bytes.count / 2)
    do throws(YAMLError) { try readEvents() } catch {
      errors.append(movedIntoText(error, bytes))
      return YAMLParser.Outcome(document: nil, errors: errors)
    }
    guard let root else {
      errors.append(YAMLError(.empty, at: SourceLocation(file: file, line: 1, column: 1)))
      return YAMLParser.Outcome(document: nil, errors: errors)
    }
    let document = YAMLDocument(
      file: file, hasLines: hasLines, records: records, children: children, text: text, tags: tags,
      root: root)
    return YAMLParser.Outcome(document: document, errors: errors)
  }

  // MARK: Events

  private mutating func readEvents() throws(YAMLError) {
    var event = yaml_event_t()
    while true {
      guard yaml_parser_parse(parser, &event) == 1 else { throw parserError() }
      defer { yaml_event_delete(&event) }
      switch event.type {
      case YAML_DOCUMENT_START_EVENT:
        guard root == nil else { throw error(.secondDocument, event.start_mark) }
      case YAML_SCALAR_EVENT: try scalar(event)
      case YAML_ALIAS_EVENT: try alias(event)
      case YAML_SEQUENCE_START_EVENT:
        let start = event.data.sequence_start
        try open(.sequence, event, anchor: start.anchor, tag: start.tag)
      case YAML_MAPPING_START_EVENT:
        let start = event.data.mapping_start
        try open(.mapping, event, anchor: start.anchor, tag: start.tag)
      case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: try close(event)
      case YAML_STREAM_END_EVENT: return
      default: break
      }
    }
  }

  private mutating func scalar(_ event: yaml_event_t) throws(YAMLError) {
    let scalar = event.data.scalar
    let first = text.count
    if let value = scalar.value {
      text.append(contentsOf: UnsafeBufferPointer(start: value, count: Int(scalar.length)))
    }
    var isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE
    let record = records.count
    if let tag = scalar.tag {
      try addTag(tag, to: record, event)
      isPlain = isPlain && tags[record] != "tag:yaml.org,2002:str" && tags[record] != "!"
    }
    try add(
      YAMLDocument.Record(
        first: UInt32(clamping: first), count: UInt32(clamping: text.count - first),
        line: number(event.start_mark.line), column: number(event.start_mark.column),
        endLine: number(event.end_mark.line), endColumn: number(event.end_mark.column),
        kind: .scalar, isPlain: isPlain), event)
    if let anchor = name(scalar.anchor) { anchors[anchor] = Anchor(record: record, weight: 1) }
    place(record)
  }

  private mutating func open(
    _ kind: YAMLNode.Kind, _ event: yaml_event_t, anchor: UnsafeMutablePointer<yaml_char_t>?,
    tag: UnsafeMutablePointer<yaml_char_t>?
  ) throws(YAMLError) {
    guard frames.count < limits.depth else {
      throw error(.tooDeep(limit: limits.depth), event.start_mark)
    }
    let record = records.count
    let anchor = name(anchor)
    frames.append(
      Frame(record: record, base: pending.count, anchor: anchor, weightBefore: weight))
    if let tag { try addTag(tag, to: record, event) }
    try add(
      YAMLDocument.Record(
        first: 0, count: 0, line: number(event.start_mark.line),
        column: number(event.start_mark.column), endLine: 0, endColumn: 0, kind: kind,
        isPlain: false), event)
    if let anchor { anchors[anchor] = Anchor(record: record, weight: nil) }
  }

  private mutating func close(_ event: yaml_event_t) throws(YAMLError) {
    guard let frame = frames.popLast() else { return }
    records[frame.record].endLine = number(event.end_mark.line)
    records[frame.record].endColumn = number(event.end_mark.column)
    let first = children.count
    children.append(contentsOf: pending[frame.base...])
    pending.removeLast(pending.count - frame.base)
    if records[frame.record].kind == .mapping { try finishMapping(frame.record, first: first) }
    records[frame.record].first = UInt32(clamping: first)
    records[frame.record].count = UInt32(clamping: children.count - first)
    if let anchor = frame.anchor, anchors[anchor]?.record == frame.record {
      anchors[anchor]?.weight = weight - frame.weightBefore
    }
    place(frame.record)
  }

  private mutating func alias(_ event: yaml_event_t) throws(YAMLError) {
    let name = name(event.data.alias.anchor) ?? ""
    guard let anchor = anchors[name] else { throw error(.unknownAnchor(name), event) }
    guard let added = anchor.weight else { throw error(.aliasInsideItself(name), event) }
    try addAliased(added, at: location(event.start_mark))
    place(anchor.record)
  }

  private mutating func add(
    _ record: YAMLDocument.Record, _ event: yaml_event_t
  ) throws(YAMLError) {
    guard records.count < limits.nodes else {
      throw error(.tooManyNodes(limit: limits.nodes), event.start_mark)
    }
    weight += 1
    records.append(record)
  }

  /// Counts nodes that a text without aliases would have had to write out.
  mutating func addAliased(
    _ count: Int, at location: SourceLocation
  ) throws(YAMLError) {
    // Both summands are at most the limits, so the sums can't overflow.
    weight += count
    aliased += count
    guard aliased <= limits.aliasedNodes else {
      throw YAMLError(.aliasExpansion(limit: limits.aliasedNodes), at: location)
    }
  }

  private mutating func place(_ record: Int) {
    if frames.isEmpty { root = record } else { pending.append(UInt32(clamping: record)) }
  }

  private mutating func addTag(
    _ tag: UnsafeMutablePointer<yaml_char_t>, to record: Int, _ event: yaml_event_t
  ) throws(YAMLError) {
    let text = String(cString: tag)
    let known = ["str", "int", "float", "bool", "null", "seq", "map"]
    guard text == "!" || known.contains(where: { text == "tag:yaml.org,2002:" + $0 }) else {
      throw error(.unknownTag(text), event.start_mark)
    }
    tags[record] = text
  }

  // MARK: Places and errors

  private func number(_ value: Int) -> UInt32 { UInt32(clamping: value + 1) }

  private func location(_ mark: yaml_mark_t) -> SourceLocation {
    guard hasLines else { return SourceLocation(file: file, line: 0, column: 0) }
    return SourceLocation(file: file, line: Int(mark.line) + 1, column: Int(mark.column) + 1)
  }

  func location(of record: YAMLDocument.Record) -> SourceLocation {
    guard hasLines else { return SourceLocation(file: file, line: 0, column: 0) }
    return SourceLocation(file: file, line: Int(record.line), column: Int(record.column))
  }

  func width(of record: YAMLDocument.Record) -> Int {
    record.endLine == record.line ? max(1, Int(record.endColumn) - Int(record.column)) : 1
  }

  func string(_ record: YAMLDocument.Record) -> String {
    text.withUnsafeBufferPointer {
      let start = Int(record.first)
      return String(decoding: $0[start..<start + Int(record.count)], as: UTF8.self)
    }
  }

  private func name(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    pointer.map { String(cString: $0) }
  }

  private func error(_ reason: YAMLError.Reason, _ mark: yaml_mark_t) -> YAMLError {
    YAMLError(reason, at: location(mark))
  }

  private func error(_ reason: YAMLError.Reason, _ event: yaml_event_t) -> YAMLError {
    let isOneLine = event.start_mark.line == event.end_mark.line
    let width = isOneLine ? Int(event.end_mark.column) - Int(event.start_mark.column) : 1
    return YAMLError(reason, at: location(event.start_mark), width: max(1, width))
  }

  /// What libyaml finds missing past the end belongs behind the last character of the text.
  private func movedIntoText(
    _ error: YAMLError, _ bytes: UnsafeBufferPointer<UInt8>
  ) -> YAMLError {
    guard hasLines else { return error }
    let isBlank: (UInt8) -> Bool = { $0 == 0x0a || $0 == 0x0d || $0 == 0x20 }
    let end = bytes.lastIndex { !isBlank($0) }.map { $0 + 1 } ?? 0
    let last = TextCheck.place(of: end, in: bytes)
    guard error.location.line > last.line else { return error }
    var moved = error
    moved.location = SourceLocation(file: file, line: last.line, column: last.column)
    return moved
  }

  private func parserError() -> YAMLError {
    let fault = parser.pointee
    guard fault.error != YAML_MEMORY_ERROR else {
      return error(.outOfMemory, fault.problem_mark)
    }
    let problem = fault.problem.map { String(cString: $0) } ?? "this is not YAML"
    if problem == "found character that cannot start any token", let next = fault.buffer.pointer,
      next < fault.buffer.last, next.pointee == UInt8(ascii: "\t")
    {
      return error(.tab, fault.problem_mark)
    }
    let context = fault.context.map { String(cString: $0) }
    // The end of the file tells nothing about a quote that was never closed.
    let isOpenQuote = context == "while scanning a quoted scalar" && problem.hasSuffix("of stream")
    return error(
      .syntax(
        problem: problem, context: context,
        contextLocation: context == nil ? nil : location(fault.context_mark)),
      isOpenQuote ? fault.context_mark : fault.problem_mark)
  }
}
