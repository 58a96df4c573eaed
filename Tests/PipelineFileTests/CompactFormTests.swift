import Diagnostics
import JSON
import PipelineFile
import Synchronization
import TestSupport
import Testing

/// Forms kept in memory, under texts instead of hashes.
private final class Forms: Sendable {
  private struct State {
    var forms: [String: [UInt8]] = [:]
    var saves = 0
  }

  private let state = Mutex(State())

  var store: CompactStore {
    CompactStore(
      digest: { String(decoding: $0, as: UTF8.self) },
      load: { name in self.state.withLock { $0.forms[name] } },
      save: { name, bytes in
        self.state.withLock {
          $0.forms[name] = bytes
          $0.saves += 1
        }
      })
  }

  var count: Int { state.withLock { $0.forms.count } }
  /// How often YAML was parsed.
  var saves: Int { state.withLock { $0.saves } }
  var first: (name: String, bytes: [UInt8])? {
    state.withLock { $0.forms.first.map { ($0.key, $0.value) } }
  }

  func put(_ bytes: [UInt8], _ name: String) { state.withLock { $0.forms[name] = bytes } }
}

struct CompactFormTests {
  private static let pipeline = """
    nanobuild: 1
    name: everything
    profile: quick
    profiles:
      quick: quick.yaml
      full: {assets: {list: {retries: 5}}}
    assets:
      raw:
        description: Größe
        group: data
        step: data.fetch
        partitions: {shard: 0..3}
        with:
          url: "https://example.org/{shard}"
          max_total_size: 4GiB
          sha256: {"0": ab}
          mirrors: [a, b]
        resources: {cpu: 2, memory: 1GiB, network: true}
        retries: 2
        timeout: 90s
        checks: [data.parquet_readable]
      tokenizer:
        step: tokenizer.train
        inputs: {text: [raw, notes, "more/*.txt"]}
        checks: [{tokenizer.compression: {min_bytes_per_token: 2}, severity: warn}]
      list:
        step: shell
        inputs: {a: raw, b: tokenizer}
        with: {command: "ls", environment: [LANG]}
      tokens: {step: tokenizer.encode, inputs: {text: raw, tokenizer: tokenizer}}
      model:
        step: train.base
        inputs: {tokens: tokens}
        with:
          dropout: 0.25
          optimizer: {matrix_rate: 0.5}
          mixture: [{source: a, weight: 2}]
          extra: {deep: [1, 2.5, null, {x: -3}], flag: true}
        checks: [{train.beats: {asset: list}}]
    """

  private static let files = [
    "quick.yaml": "only: [list]\nassets: {raw: {resources: {cpu: all}}}\n", "notes": "",
    "more/a.txt": "",
  ]

  private func loader(_ files: [String: String], _ forms: Forms) -> PipelineLoader {
    PipelineLoader(
      catalog: TestCatalog.catalog,
      files: FileReader(
        read: { path in
          guard let text = files[path] else { throw FileReader.Failure("there is no such file") }
          return Array(text.utf8)
        }, exists: { files[$0] != nil }), store: forms.store)
  }

  private func project(
    _ pipeline: String = CompactFormTests.pipeline, changing changes: [String: String?] = [:]
  ) -> [String: String] {
    var files = Self.files
    files["pipeline.yaml"] = pipeline
    for (name, text) in changes { files[name] = text }
    return files
  }

  /// Every fact of a pipeline, in a fixed order.
  private func facts(_ loaded: PipelineLoader.Loaded) -> [String] {
    let pipeline = loaded.pipeline
    func parameters(_ values: [String: JSONValue]) -> String { JSONWriter.text(.object(values)) }
    return [
      pipeline.name, pipeline.profile, "\(pipeline.order)", "\(pipeline.only ?? ["all"])",
      "\(loaded.profiles) \(loaded.defaultProfile ?? "none")", "\(loaded.files)",
    ]
      + pipeline.assets.flatMap { asset in
        [
          "\(asset.name) \(asset.location) \(asset.description ?? "-") \(asset.group ?? "-")",
          asset.step.name, parameters(asset.parameters), "\(asset.origins)", "\(asset.inputs)",
          "\(asset.partitions as Any) \(asset.resources) \(asset.retries) \(asset.timeout as Any)",
        ]
          + asset.checks.map {
            "\($0.schema.name) \(parameters($0.parameters)) \($0.origins) \($0.severity) "
              + "\($0.location)"
          }
      }
  }

  @Test(arguments: [
    (String?.none, [String]()), ("full", []), ("quick", ["list.command=pwd", "raw.parallel=3"]),
  ])
  func aFormIsThePipelineItWasMadeFrom(_ options: (String?, [String])) throws {
    let forms = Forms()
    let loader = loader(project(), forms)
    func load(_ name: String?) throws -> PipelineLoader.Loaded {
      try loader.load("pipeline.yaml", name: name, profile: options.0, overrides: options.1)
    }
    let parsed = try load(nil)
    #expect(forms.count == 1)
    let bytes = try #require(forms.first?.bytes)
    let recalled = try load(nil)
    #expect(facts(recalled) == facts(parsed))
    #expect(recalled.pipeline.assets.count == 5)
    // From another folder places have other names, and the form is the same.
    let elsewhere = try load("../pipeline.yaml")
    #expect(elsewhere.pipeline["list"]?.location.file == "../pipeline.yaml")
    #expect(forms.count == 1)
    #expect(forms.saves == 1)
    #expect(bytes.count < project().values.reduce(0) { $0 + $1.utf8.count })
  }

  @Test func otherBytesOptionsOrFilesAreNotAnswered() throws {
    let forms = Forms()
    _ = try loader(project(), forms).load("pipeline.yaml")
    _ = try loader(project(), forms).load("pipeline.yaml", profile: "full")
    _ = try loader(project(), forms).load("pipeline.yaml", overrides: ["list.command=x"])
    _ = try loader(project(Self.pipeline + "# more\n"), forms).load("pipeline.yaml")
    #expect(forms.count == 4)
    // The profile's file decides too.
    let other = project(changing: ["quick.yaml": "assets: {list: {with: {command: other}}}\n"])
    let loaded = try loader(other, forms).load("pipeline.yaml")
    #expect(loaded.pipeline["list"]?.parameters["command"] == "other")
    #expect(loaded.pipeline.only == nil)
  }

  @Test func aFileThatIsGoneIsMissedAgain() throws {
    let forms = Forms()
    _ = try loader(project(), forms).load("pipeline.yaml")
    #expect(throws: DiagnosticError.self) {
      _ = try loader(project(changing: ["notes": nil]), forms).load("pipeline.yaml")
    }
    #expect(throws: DiagnosticError.self) {
      _ = try loader(project(changing: ["quick.yaml": nil]), forms).load("pipeline.yaml")
    }
  }

  @Test func faultyFilesLeaveNoForm() {
    let forms = Forms()
    #expect(throws: DiagnosticError.self) {
      _ = try loader(project(Self.pipeline + "  x: {step: nosuch}\n"), forms)
        .load("pipeline.yaml")
    }
    #expect(forms.count == 0)
  }

  /// The seal on the file keeps such bytes away; the reader must survive them all the same.
  @Test func damagedFormsNeverTrap() throws {
    let forms = Forms()
    let loader = loader(project(), forms)
    _ = try loader.load("pipeline.yaml")
    let (name, bytes) = try #require(forms.first)
    /// Whether the file had to be parsed.
    func isRefused(_ bytes: [UInt8]) throws -> Bool {
      forms.put(bytes, name)
      let saves = forms.saves
      _ = try loader.load("pipeline.yaml")
      return forms.saves > saves
    }
    for length in bytes.indices { #expect(try isRefused(Array(bytes.prefix(length)))) }
    #expect(try isRefused(bytes + [0]))
    #expect(try !isRefused(bytes))
    var numbers = SeededNumbers(seed: 11)
    var refused = 0
    for _ in 0..<10_000 {
      var damaged = bytes
      for _ in 0...Int.random(in: 0...3, using: &numbers) {
        damaged[Int.random(in: damaged.indices, using: &numbers)] = UInt8.random(
          in: 0...255, using: &numbers)
      }
      if try isRefused(damaged) { refused += 1 }
    }
    #expect(refused > 0)
  }
}
