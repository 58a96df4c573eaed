import ByteCoding
import Diagnostics
import JSON

/// Reads what `CompactWriter` wrote. Bytes that hold anything else give nil, whatever they are: every
/// count is held against the bytes that are left.
struct CompactReader {
  private struct Damaged: Error {}

  private var bytes: ByteReader
  private let catalog: CatalogIndex
  private var texts: [String] = []
  /// What places call the pipeline file and the profile's.
  private var fileNames: [String]
  private var depth = 0
  private static let deepestValue = 256

  /// The names of files are those of this start: `profileFileName` gives the one of the file that the
  /// form names.
  static func decode(
    _ bytes: [UInt8], catalog: CatalogIndex, pipelineFileName: String,
    profileFileName: (_ path: String) -> String
  ) -> CompactPipeline? {
    var reader = CompactReader(
      bytes: ByteReader(bytes), catalog: catalog, fileNames: [pipelineFileName])
    // The one error there is says no more than nil.
    return try? reader.compact(profileFileName)
  }

  private init(bytes: ByteReader, catalog: CatalogIndex, fileNames: [String]) {
    self.bytes = bytes
    self.catalog = catalog
    self.fileNames = fileNames
  }

  private mutating func compact(
    _ profileFileName: (String) -> String
  ) throws(Damaged) -> CompactPipeline {
    let count = try some(bytes.count())
    texts.reserveCapacity(count)
    for _ in 0..<count { texts.append(try some(bytes.text())) }
    let profiles = try list { (reader) throws(Damaged) in try reader.text() }
    let defaultProfile = try optional { (reader) throws(Damaged) in try reader.text() }
    let profileFile = try optional { (reader) throws(Damaged) in
      CompactPipeline.ProfileFile(path: try reader.text(), digest: try reader.text())
    }
    if let profileFile { fileNames.append(profileFileName(profileFile.path)) }
    let files = try list { (reader) throws(Damaged) in try reader.text() }
    let pipeline = try pipeline()
    guard bytes.isAtEnd else { throw Damaged() }
    return CompactPipeline(
      pipeline: pipeline, profiles: profiles, defaultProfile: defaultProfile,
      profileFile: profileFile, files: files)
  }

  // MARK: Parts of a pipeline

  private mutating func pipeline() throws(Damaged) -> Pipeline {
    let name = try text()
    let profile = try text()
    let only = try optional { (reader) throws(Damaged) in
      try reader.list { (reader) throws(Damaged) in try reader.text() }
    }
    let assets = try list { (reader) throws(Damaged) in try reader.asset() }
    var order: [Int] = []
    order.reserveCapacity(assets.count)
    for _ in assets {
      let index = try some(bytes.integer())
      guard index < assets.count else { throw Damaged() }
      order.append(Int(index))
    }
    return Pipeline(name: name, profile: profile, assets: assets, order: order, only: only)
  }

  private mutating func asset() throws(Damaged) -> Pipeline.Asset {
    let name = try text()
    let location = try place()
    let description = try optional { (reader) throws(Damaged) in try reader.text() }
    let group = try optional { (reader) throws(Damaged) in try reader.text() }
    let step = try some(catalog.steps[try text()])
    return Pipeline.Asset(
      name: name, location: location, description: description, group: group, step: step.schema,
      parameters: try parameters(step.parameters),
      origins: try list { (reader) throws(Damaged) in try reader.origin() },
      inputs: try list { (reader) throws(Damaged) in try reader.input() },
      partitions: try optional { (reader) throws(Damaged) in try reader.partitions() },
      checks: try list { (reader) throws(Damaged) in try reader.check() },
      resources: try resources(), retries: try integer(),
      timeout: try optional { (reader) throws(Damaged) in try reader.number() })
  }

  private mutating func parameters(
    _ known: CatalogIndex.Parameters
  ) throws(Damaged) -> [String: JSONValue] {
    var values = known.defaults
    for _ in 0..<(try some(bytes.count())) {
      let name = try text()
      values[name] = try value()
    }
    for _ in 0..<(try some(bytes.count())) { values[try text()] = nil }
    return values
  }

  private mutating func origin() throws(Damaged) -> Pipeline.ParameterOrigin {
    let parameter = try text()
    let origin: Pipeline.ValueOrigin
    switch try some(bytes.integer()) {
    case 0: origin = .stepDefault
    case 1: origin = .file(try place())
    case 2: origin = .commandLine(try text())
    default: throw Damaged()
    }
    return Pipeline.ParameterOrigin(parameter: parameter, origin: origin)
  }

  private mutating func input() throws(Damaged) -> Pipeline.Input {
    Pipeline.Input(
      name: try text(),
      references: try list { (reader) throws(Damaged) in try reader.reference() },
      isList: try flag(), location: try place())
  }

  private mutating func reference() throws(Damaged) -> Pipeline.InputReference {
    let kind = try some(bytes.integer())
    guard kind < 4 else { throw Damaged() }
    let name = try text()
    return Pipeline.InputReference(
      target: kind < 2 ? .asset(name) : .path(name), location: try place(),
      isPartitionByPartition: kind % 2 == 1)
  }

  private mutating func partitions() throws(Damaged) -> Pipeline.Partitions {
    Pipeline.Partitions(
      key: try text(), values: try list { (reader) throws(Damaged) in try reader.text() },
      follows: try optional { (reader) throws(Damaged) in try reader.text() },
      location: try place())
  }

  private mutating func check() throws(Damaged) -> Pipeline.Check {
    let entry = try some(catalog.checks[try text()])
    return Pipeline.Check(
      schema: entry.schema, parameters: try parameters(entry.parameters),
      origins: try list { (reader) throws(Damaged) in try reader.origin() },
      severity: try flag() ? .warn : .error, location: try place())
  }

  private mutating func resources() throws(Damaged) -> Pipeline.Resources {
    let cpu: Pipeline.Resources.Cores?
    switch try some(bytes.integer()) {
    case 0: cpu = nil
    case 1: cpu = .all
    case 2: cpu = .count(try integer())
    default: throw Damaged()
    }
    return Pipeline.Resources(
      cpu: cpu, memory: try optional { (reader) throws(Damaged) in try reader.integer() },
      network: try optional { (reader) throws(Damaged) in try reader.flag() })
  }

  // MARK: Values

  private func some<Value>(_ value: Value?) throws(Damaged) -> Value {
    guard let value else { throw Damaged() }
    return value
  }

  private mutating func text() throws(Damaged) -> String {
    let number = try some(bytes.integer())
    guard number < texts.count else { throw Damaged() }
    return texts[Int(number)]
  }

  private mutating func integer() throws(Damaged) -> Int { try some(bytes.signedInteger()) }

  private mutating func number() throws(Damaged) -> Double {
    Double(bitPattern: try some(bytes.fixed()))
  }

  private mutating func flag() throws(Damaged) -> Bool {
    let value = try some(bytes.integer())
    guard value < 2 else { throw Damaged() }
    return value == 1
  }

  private mutating func place() throws(Damaged) -> SourceLocation {
    let file = try some(bytes.integer())
    let name: String
    if file == CompactPlace.other {
      name = try text()
    } else {
      guard file < fileNames.count else { throw Damaged() }
      name = fileNames[Int(file)]
    }
    return SourceLocation(file: name, line: try integer(), column: try integer())
  }

  private mutating func value() throws(Damaged) -> JSONValue {
    guard depth < Self.deepestValue else { throw Damaged() }
    depth += 1
    defer { depth -= 1 }
    switch CompactValue(rawValue: try some(bytes.integer())) {
    case .null: return .null
    case .no: return .bool(false)
    case .yes: return .bool(true)
    case .integer: return .int(try integer())
    case .number: return .double(try number())
    case .text: return .string(try text())
    case .list: return .array(try list { (reader) throws(Damaged) in try reader.value() })
    case .mapping:
      var members: [String: JSONValue] = [:]
      for _ in 0..<(try some(bytes.count())) {
        let name = try text()
        members[name] = try value()
      }
      return .object(members)
    case nil: throw Damaged()
    }
  }

  private mutating func list<Element>(
    _ read: (inout CompactReader) throws(Damaged) -> Element
  ) throws(Damaged) -> [Element] {
    let count = try some(bytes.count())
    var elements: [Element] = []
    elements.reserveCapacity(count)
    for _ in 0..<count { elements.append(try read(&self)) }
    return elements
  }

  private mutating func optional<Wrapped>(
    _ read: (inout CompactReader) throws(Damaged) -> Wrapped
  ) throws(Damaged) -> Wrapped? {
    try flag() ? try read(&self) : nil
  }
}
