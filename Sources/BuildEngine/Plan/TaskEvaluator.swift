import JSON

/// What is found out about one task once its inputs are known.
struct Evaluation: Sendable {
  enum Standing: Sendable {
    case fresh(ResultRecord)
    case restore(ResultRecord)
    case stale([StaleReason])
  }

  var key: Digest
  var recipe: String
  var standing: Standing
}

/// Decides about single tasks; planning and running ask the same questions here.
///
/// Holds what one plan or run has learnt: the digest of each task's result, and the project's files.
final class TaskEvaluator {
  let graph: BuildGraph
  let configuration: EngineConfiguration
  let index: StateIndex
  let store: ResultStore
  let sources: SourceFiles
  let forced: Set<Int>
  /// The digest of each task's result, once it is settled.
  var digests: [Digest?]
  /// The lines that the recipes of all tasks of an asset begin with, by asset.
  private var beginnings: [Int: FingerprintRecipe] = [:]
  /// What the plan of a run found out about tasks that must run, until they are decided about, and the
  /// index's version before; nil where only a plan is wanted.
  private var planned: [Int: Evaluation]?
  private var plannedVersion: StateIndex.Version?
  private var plannedReadings = 0
  /// Stamps of what was found fresh; nil when nobody wants to know.
  var collector: GuardCollector?

  init(
    graph: BuildGraph, configuration: EngineConfiguration, index: StateIndex, store: ResultStore,
    forced: Set<Int>
  ) {
    self.graph = graph
    self.configuration = configuration
    self.index = index
    self.store = store
    self.forced = forced
    sources = SourceFiles(
      projectRoot: configuration.projectRoot, index: index, width: configuration.cores)
    digests = Array(repeating: nil, count: graph.taskCount)
  }

  /// From now on, keeps the stamps of what is found fresh.
  func collectGuards() {
    collector = GuardCollector(
      layout: store.layout, graph: graph, profile: configuration.profile)
  }

  /// Reads every file the assets name, on all cores.
  func prepareSources(of assets: [Int]) throws(BuildError) {
    var paths: [String] = []
    for asset in assets {
      for input in graph.assets[asset].inputs {
        for case .path(let path) in input.sources {
          paths += graph.assets[asset].allPaths(path)
        }
      }
      for check in graph.assets[asset].checks { paths += check.files }
    }
    try sources.prepare(paths)
  }

  // MARK: The recipe

  /// The recipe of a task with what is known by now, and the assets that are still to be made.
  func recipe(of task: Int, asset number: Int) throws(BuildError) -> (FingerprintRecipe, [Int]) {
    let asset = graph.assets[number]
    var unknown: [Int] = []
    let partition = graph.partition(of: task, asset: number)
    var recipe = beginning(of: number, partition: partition)
    if let partitions = asset.partitions {
      recipe.partition(partitions.key, partitions.values[task - graph.firstTask[number]])
    }
    for input in asset.inputs.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
      recipe.input(input.name)
      for source in input.sources {
        switch source {
        case .asset(let name):
          guard let other = graph.index(of: name) else { continue }
          if !add(resultsOf: other, for: task, of: number, to: &recipe) { unknown.append(other) }
        case .path(let path):
          try add(
            files: asset.path(path, partition: partition), input: input.name, asset: asset.name,
            to: &recipe)
        }
      }
    }
    return (recipe, unknown)
  }

  /// Step, parameters and environment.
  private func beginning(of number: Int, partition: String?) -> FingerprintRecipe {
    if let known = beginnings[number] { return known }
    let asset = graph.assets[number]
    var recipe = FingerprintRecipe()
    recipe.step(asset.step, revision: asset.stepRevision)
    recipe.parameters(asset.keyParameters(partition: partition))
    for name in asset.environment.sorted() {
      recipe.environment(name, configuration.environment[name])
    }
    if asset.partitions != nil, !asset.hasPartitionParameters { beginnings[number] = recipe }
    return recipe
  }

  private func add(
    resultsOf other: Int, for task: Int, of asset: Int, to recipe: inout FingerprintRecipe
  ) -> Bool {
    let tasks = graph.inputTasks(of: task, asset: asset, input: other)
    guard tasks.allSatisfy({ digests[$0] != nil }) else {
      recipe.unknown(graph.assets[other].name)
      return false
    }
    for inputTask in tasks {
      guard let digest = digests[inputTask] else { continue }
      if let value = graph.partition(of: inputTask, asset: other) {
        recipe.partitionResult(value, digest)
      } else {
        recipe.result(digest)
      }
    }
    return true
  }

  private func add(
    files path: String, input: String, asset: String, to recipe: inout FingerprintRecipe
  ) throws(BuildError) {
    let resolved = try sources.resolve(path)
    if resolved.isFolder || resolved.isPattern {
      recipe.fileSet(isFolder: resolved.isFolder)
    }
    if resolved.entries.isEmpty, !resolved.isFolder {
      throw resolved.isPattern
        ? .emptyGlob(asset: asset, input: input, pattern: path)
        : .missingInput(asset: asset, input: input, path: path)
    }
    for entry in resolved.entries {
      recipe.file(entry.keyName, entry.digest, isExecutable: entry.isExecutable)
    }
  }

  /// The project's files that the task's key was just made from.
  func seenSources(
    of number: Int, partition: String?
  ) throws(BuildError) -> [Job.SeenSource] {
    let asset = graph.assets[number]
    var seen: [Job.SeenSource] = []
    for input in asset.inputs {
      for path in input.paths.map({ asset.path($0, partition: partition) }) {
        seen.append(Job.SeenSource(path: path, found: try sources.resolve(path)))
      }
    }
    return seen
  }

  // MARK: The standing

  /// From now on the plan's findings are kept for the run that follows.
  func keepFindings() throws(BuildError) {
    plannedVersion = try index.version
    plannedReadings = sources.secondReadings
    planned = [:]
  }

  func keep(_ evaluation: Evaluation, of task: Int) { planned?[task] = evaluation }

  /// What the plan found out, once, and as long as no key was made and no source read again since.
  func takePlanned(_ task: Int, indexVersion: StateIndex.Version) -> Evaluation? {
    guard let known = planned?.removeValue(forKey: task), plannedVersion == indexVersion,
      plannedReadings == sources.secondReadings
    else { return nil }
    return known
  }

  /// Whether a task with known inputs is fresh, can be restored, or must run and why.
  func evaluate(_ task: Int, asset number: Int) throws(BuildError) -> Evaluation {
    let (recipe, _) = try recipe(of: task, asset: number)
    return try evaluate(task, asset: number, recipe)
  }

  /// As above, of a task whose recipe is known.
  func evaluate(
    _ task: Int, asset number: Int, _ recipe: FingerprintRecipe
  ) throws(BuildError) -> Evaluation {
    let key = recipe.key
    let standing = try standing(of: task, asset: number, key: key, recipe: recipe.text)
    return Evaluation(key: key, recipe: recipe.text, standing: standing)
  }

  private func standing(
    of task: Int, asset number: Int, key: Digest, recipe: String
  ) throws(BuildError) -> Evaluation.Standing {
    if forced.contains(number) { return .stale([.forced]) }
    guard let digest = try index.digest(forKey: key) else {
      return .stale(try changes(of: task, asset: number, recipe: recipe, key: key))
    }
    guard let record = try index.result(digest) else { return .stale([.resultMissing]) }
    var current = record
    switch store.condition(record, bootIdentifier: index.bootIdentifier) {
    case .intact: break
    case .restamped(let manifest):
      current.manifest = manifest
      if record.unflushedBoot != index.bootIdentifier { current.unflushedBoot = 0 }
      try index.rememberResult(current)
    case .missing: return .stale([.resultMissing])
    case .damaged(let path): return .stale([.resultDamaged(path: path)])
    }
    guard isLinked(task, asset: number, digest) else { return .restore(current) }
    collector?.add(current)
    return .fresh(current)
  }

  /// What changed since the result that is in force was made.
  func changes(
    of task: Int, asset number: Int, recipe: String, key: Digest?
  ) throws(BuildError) -> [StaleReason] {
    let asset = graph.assets[number]
    let partition = graph.partition(of: task, asset: number)
    guard
      let current = try index.current(
        profile: configuration.profile, asset: asset.name, partition: partition)
    else { return [.neverRun] }
    guard let old = try index.recipe(ofKey: current.key) else { return [.recordLost] }
    if current.key == key { return [.resultMissing] }
    return RecipeDifference.reasons(from: old, to: recipe, origins: asset.origins) {
      shownPath($0, of: asset, partition: partition)
    }
  }

  /// A file of an input as the pipeline file would name it. Of one that is gone only its place can
  /// be told, and only when the input has a single one.
  private func shownPath(
    _ file: RecipeDifference.File, of asset: AssetNode, partition: String?
  ) -> String {
    let paths = asset.inputs.first { $0.name == file.input }?.paths ?? []
    let found = paths.compactMap { try? sources.resolve(asset.path($0, partition: partition)) }
    let entries = found.flatMap(\.entries).filter { $0.keyName == file.name }
    if entries.indices.contains(file.occurrence) { return entries[file.occurrence].name }
    guard found.count == 1, let place = found[0].place else { return file.name }
    return place + file.name
  }

  /// Whether the current link of a task leads to `digest`.
  func isLinked(_ task: Int, asset number: Int, _ digest: Digest) -> Bool {
    let partition = graph.partition(of: task, asset: number)
    let path = store.layout.current(
      profile: configuration.profile, asset: graph.assets[number].name, partition: partition)
    return Disk.linkTarget(path) == CacheLayout.linkTarget(digest, isPartition: partition != nil)
  }

  /// The digest of an asset's whole result: of its one task, or of all partitions by value.
  func resultDigest(of asset: Int) -> Digest? {
    let tasks = graph.tasks(of: asset)
    guard graph.assets[asset].partitions != nil else { return digests[tasks.lowerBound] }
    var text = "nanobuild-partitions 1\n"
    for task in tasks {
      guard let digest = digests[task], let value = graph.partition(of: task, asset: asset) else {
        return nil
      }
      text += "part "
      JSONWriter.writeString(value, into: &text)
      text += " \(digest)\n"
    }
    return Digest(of: text)
  }

  /// The key of a check's verdict; nil while a result it looks at is unknown.
  func checkKey(_ check: CheckNode, of asset: Int) throws(BuildError) -> Digest? {
    guard let digest = resultDigest(of: asset) else { return nil }
    var recipe = FingerprintRecipe()
    recipe.step("check " + check.name, revision: check.revision)
    recipe.parameters(check.parameters)
    for name in check.environment.sorted() {
      recipe.environment(name, configuration.environment[name])
    }
    recipe.input("")
    recipe.result(digest)
    for name in check.otherAssets.sorted() {
      guard let other = graph.index(of: name), let digest = resultDigest(of: other) else {
        return nil
      }
      recipe.input(name)
      recipe.result(digest)
    }
    for path in check.files.sorted() {
      recipe.input(path)
      try add(files: path, input: check.name, asset: graph.assets[asset].name, to: &recipe)
    }
    return recipe.key
  }
}
