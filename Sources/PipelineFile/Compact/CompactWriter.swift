import ByteCoding
import Diagnostics
import JSON

/// Writes a `CompactPipeline`: a table of all texts, then everything else in the order of the types'
/// declarations, with texts as numbers of the table.
struct CompactWriter {
  private var body = ByteWriter(capacity: 1 << 14)
  private var texts: [String] = []
  private var numbers: [ExactText: Int] = [:]
  private let catalog: CatalogIndex
  private let fileNames: [String]

  /// `fileNames` are the names that places give the pipeline file and the profile's.
  static func encode(
    _ compact: CompactPipeline, catalog: CatalogIndex, fileNames: [String]
  ) -> [UInt8] {
    var writer = CompactWriter(catalog: catalog, fileNames: fileNames)
    writer.write(compact)
    var table = ByteWriter(capacity: writer.body.bytes.count + writer.texts.count * 16)
    table.integer(writer.texts.count)
    for text in writer.texts { table.text(text) }
    table.append(writer.body)
    return table.bytes
  }

  private init(catalog: CatalogIndex, fileNames: [String]) {
    self.catalog = catalog
    self.fileNames = fileNames
  }

  private mutating func write(_ compact: CompactPipeline) {
    list(compact.profiles) { $0.text($1) }
    optional(compact.defaultProfile) { $0.text($1) }
    optional(compact.profileFile) {
      $0.text($1.path)
      $0.text($1.digest)
    }
    list(compact.files) { $0.text($1) }
    let pipeline = compact.pipeline
    text(pipeline.name)
    text(pipeline.profile)
    optional(pipeline.only) { $0.list($1) { $0.text($1) } }
    list(pipeline.assets) { $0.asset($1) }
    for index in pipeline.order { body.integer(index) }
  }

  // MARK: Parts of a pipeline

  private mutating func asset(_ asset: Pipeline.Asset) {
    text(asset.name)
    place(asset.location)
    optional(asset.description) { $0.text($1) }
    optional(asset.group) { $0.text($1) }
    text(asset.step.name)
    parameters(asset.parameters, catalog.steps[asset.step.name]?.parameters)
    list(asset.origins) { $0.origin($1) }
    list(asset.inputs) { $0.input($1) }
    optional(asset.partitions) { $0.partitions($1) }
    list(asset.checks) { $0.check($1) }
    resources(asset.resources)
    body.integer(asset.retries)
    optional(asset.timeout) { $0.body.fixed($1.bitPattern) }
  }

  /// Those that are not the defaults, then the defaults that are taken away.
  private mutating func parameters(
    _ values: [String: JSONValue], _ known: CatalogIndex.Parameters?
  ) {
    let defaults = known?.defaults ?? [:]
    let own = values.filter { name, value in
      guard let standard = defaults[name] else { return true }
      return !JSONWriter.text(standard).hasSameBytes(as: JSONWriter.text(value))
    }.sorted { $0.key < $1.key }
    list(own) {
      $0.text($1.key)
      $0.value($1.value)
    }
    list(defaults.keys.filter { values[$0] == nil }.sorted()) { $0.text($1) }
  }

  private mutating func origin(_ origin: Pipeline.ParameterOrigin) {
    text(origin.parameter)
    switch origin.origin {
    case .stepDefault: body.integer(0)
    case .file(let location):
      body.integer(1)
      place(location)
    case .commandLine(let written):
      body.integer(2)
      text(written)
    }
  }

  private mutating func input(_ input: Pipeline.Input) {
    text(input.name)
    list(input.references) { writer, reference in
      switch reference.target {
      case .asset(let name):
        writer.body.integer(reference.isPartitionByPartition ? 1 : 0)
        writer.text(name)
      case .path(let path):
        writer.body.integer(reference.isPartitionByPartition ? 3 : 2)
        writer.text(path)
      }
      writer.place(reference.location)
    }
    body.integer(input.isList ? 1 : 0)
    place(input.location)
  }

  private mutating func partitions(_ partitions: Pipeline.Partitions) {
    text(partitions.key)
    list(partitions.values) { $0.text($1) }
    optional(partitions.follows) { $0.text($1) }
    place(partitions.location)
  }

  private mutating func check(_ check: Pipeline.Check) {
    text(check.schema.name)
    parameters(check.parameters, catalog.checks[check.schema.name]?.parameters)
    list(check.origins) { $0.origin($1) }
    body.integer(check.severity == .error ? 0 : 1)
    place(check.location)
  }

  private mutating func resources(_ resources: Pipeline.Resources) {
    switch resources.cpu {
    case nil: body.integer(0)
    case .all: body.integer(1)
    case .count(let count):
      body.integer(2)
      body.integer(count)
    }
    optional(resources.memory) { $0.body.integer($1) }
    optional(resources.network) { $0.body.integer($1 ? 1 : 0) }
  }

  // MARK: Values

  private mutating func text(_ text: String) {
    let exact = ExactText(text)
    if let number = numbers[exact] { return body.integer(number) }
    numbers[exact] = texts.count
    body.integer(texts.count)
    texts.append(text)
  }

  private mutating func place(_ location: SourceLocation) {
    if let number = fileNames.firstIndex(of: location.file) {
      body.integer(number)
    } else {
      body.integer(CompactPlace.other)
      text(location.file)
    }
    body.integer(location.line)
    body.integer(location.column)
  }

  private mutating func value(_ value: JSONValue) {
    func tag(_ kind: CompactValue) { body.integer(kind.rawValue) }
    switch value {
    case .null: tag(.null)
    case .bool(let flag): tag(flag ? .yes : .no)
    case .int(let integer):
      tag(.integer)
      body.integer(integer)
    case .double(let number):
      tag(.number)
      body.fixed(number.bitPattern)
    case .unsigned(let integer):
      // A number in a pipeline file is `.int` or `.double`; this is how it would be read there.
      tag(.number)
      body.fixed(Double(integer).bitPattern)
    case .string(let text):
      tag(.text)
      self.text(text)
    case .array(let values):
      tag(.list)
      list(values) { $0.value($1) }
    case .object(let members):
      tag(.mapping)
      list(members.sorted { $0.key < $1.key }) {
        $0.text($1.key)
        $0.value($1.value)
      }
    }
  }

  private mutating func list<Element>(
    _ elements: [Element], _ write: (inout CompactWriter, Element) -> Void
  ) {
    body.integer(elements.count)
    for element in elements { write(&self, element) }
  }

  private mutating func optional<Wrapped>(
    _ value: Wrapped?, _ write: (inout CompactWriter, Wrapped) -> Void
  ) {
    body.integer(value == nil ? 0 : 1)
    if let value { write(&self, value) }
  }
}
