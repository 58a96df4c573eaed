import JSON

/// One worker's work: a task, the partitions an asset makes together, or a check.
final class Job {
  /// A task of a step job.
  struct Item {
    var task: Int
    var partition: String?
    var key: Digest
    var recipe: String
    var stage: StageLayout
    /// The project's files as they were when the key was made from them.
    var sources: [SeenSource]
    /// The index's version before this was found stale: while it is the same, nobody has made it.
    var indexVersion: StateIndex.Version
    /// No result of it was ever in force.
    var wasNeverMade = false
    /// Numbers of the result the step reported.
    var metrics: [String: JSONValue] = [:]
    /// What the step hashed as it wrote it.
    var written: WrittenOutput = []
    /// Already handed to the publisher.
    var isDone = false
    var failure: String?
  }

  /// A path of an input with what was there.
  struct SeenSource {
    var path: String
    var found: SourceFiles.Resolved
  }

  let number: Int
  let asset: Int
  /// The check of the asset, for a check job.
  let check: Int?
  var items: [Item]
  var reasons: [StaleReason]
  var cores = 1
  var memory = 0
  var isNetworkBound = false

  // The current attempt
  var attempt = 1
  var notBefore = 0.0
  var lock: KeyLock?
  var isWaiting = false
  var isRetrying = false
  var waitingSince = 0.0
  var worker: (any RunningWorker)?
  var startedAt = 0.0
  var firstStart = 0.0
  var deadline: Double?
  var killAt: Double?
  var logPath = ""
  var failure: (message: String, help: String?)?
  var verdict: CheckVerdict?
  /// Of a check: the key of its verdict, and the files it looks at as they were then.
  var verdictKey: Digest?
  var checkSources: [SeenSource] = []
  /// Items that are done.
  var doneCount = 0
  /// Items handed to the publisher and not back yet.
  var publishing = 0
  var measurements: [(name: String, value: JSONValue)] = []

  init(number: Int, asset: Int, check: Int?, items: [Item], reasons: [StaleReason]) {
    self.number = number
    self.asset = asset
    self.check = check
    self.items = items
    self.reasons = reasons
  }

  private var places: [String: Int] = [:]

  /// The item of a partition; a download may have thousands.
  func place(of partition: String) -> Int? {
    if let place = places[partition], items.indices.contains(place),
      items[place].partition == partition
    {
      return place
    }
    places = Dictionary(
      items.enumerated().compactMap { place, item in item.partition.map { ($0, place) } }
    ) { first, _ in first }
    return places[partition]
  }
}
