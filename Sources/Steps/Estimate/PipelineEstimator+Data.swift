import JSON
import LanguageModel
import PipelineFile
import Training

/// Sizes that assets will have, and what fetching takes.
extension PipelineEstimator {
  /// Notes what later assets need to know of this one.
  mutating func learn(_ asset: Pipeline.Asset, _ known: Known?) {
    if let size = asset.parameters["vocab_size"]?.intValue { vocabularies[asset.name] = size }
    let isFresh = known.map { $0.stale == 0 } ?? false
    if let count = known?.metrics["tokens"]?.doubleValue, isFresh { tokens[asset.name] = count }
    if isFresh, let known, known.currentBytes > 0 {
      sizes[asset.name] = Double(known.currentBytes)
    }
    switch asset.step.name {
    case "data.fetch":
      if sizes[asset.name] == nil { sizes[asset.name] = fetchedBytes(asset, partitions: nil) }
    case "tokenizer.train":
      // tokenizer.json and .tiktoken together, measured on vocabularies of 4,096 and 65,536.
      let size = Double(vocabularies[asset.name] ?? 4096) * 90
      sizes[asset.name] = sizes[asset.name] ?? size
    case "tokenizer.import":
      // As many as the file has: known once it was read.
      if let size = known?.metrics["vocab_size"]?.intValue { vocabularies[asset.name] = size }
      sizes[asset.name] = sizes[asset.name] ?? source(asset, "file")
    case "tokenizer.encode":
      let width = (vocabulary(of: asset) ?? 32_768) > 65_536 ? 4.0 : 2.0
      if let bytes = sizes[asset.name] {
        tokens[asset.name] = bytes / width
      } else {
        let count = text(asset, "text") / Self.bytesPerToken
        if count > 0 {
          tokens[asset.name] = count
          sizes[asset.name] = count * width
        }
      }
    case "data.conversations":
      if sizes[asset.name] == nil {
        sizes[asset.name] = conversationBytes(asset)
      }
      if tokens[asset.name] == nil {
        tokens[asset.name] = sizes[asset.name].map { $0 / Self.bytesPerToken }
      }
    case "train.base", "train.mid", "train.sft":
      shapes[asset.name] = shape(of: asset) ?? shapes[asset.name]
      if sizes[asset.name] == nil, let shape = shapes[asset.name] {
        // Weights; two moments for embedding and head, one momentum for each matrix.
        let floats =
          shape.parameterCount + 4 * shape.vocabularySize * shape.width
          + shape.matrixParameterCount
        sizes[asset.name] = Double(floats) * 4
      }
    default: break
    }
  }

  /// The vocabulary of an asset's tokenizer, through the model it starts from if need be.
  func vocabulary(of asset: Pipeline.Asset) -> Int? {
    for reference in asset.references(of: "tokenizer") {
      if case .asset(let name) = reference.target, let size = vocabularies[name] { return size }
    }
    return nil
  }

  private func shape(of asset: Pipeline.Asset) -> GPTConfiguration? {
    if asset.step.name == "train.base" {
      let reader = ParameterReader(asset.parameters, owner: asset.name)
      guard let options = try? TrainingOptions(parameters: reader, stage: .base) else { return nil }
      return try? TrainingPlan.configuration(
        options, vocabularySize: vocabulary(of: asset) ?? 32_768)
    }
    for reference in asset.references(of: "model") {
      guard case .asset(let name) = reference.target, var shape = shapes[name] else { continue }
      if let length = asset.parameters["sequence_length"]?.intValue {
        shape.sequenceLength = length
      }
      return shape
    }
    return nil
  }

  /// Bytes that sources name, as often as the mixture takes them; nil when a size is unknown.
  private func conversationBytes(_ asset: Pipeline.Asset) -> Double? {
    let size = asset.parameters["size"]?.doubleValue
    var bytes = 0.0
    var count = 0.0
    var weights = 0.0
    var weightedBytes = 0.0
    for source in asset.parameters["sources"]?.arrayValue ?? [] {
      let isGenerated = source["input"] == nil
      let each = isGenerated ? Self.bytesPerExercise : Self.bytesPerChat
      if let size, size > 0, let weight = source["weight"]?.doubleValue {
        weights += weight
        weightedBytes += weight * each
        continue
      }
      guard isGenerated || source["split"]?.stringValue != "test" else { continue }
      let epochs = source["epochs"]?.doubleValue ?? 1
      let limit = source["limit"]?.doubleValue.map { $0 * each } ?? .infinity
      let available =
        isGenerated
        ? (source["count"]?.doubleValue ?? 0) * each
        : text(asset, source["input"]?.stringValue ?? "")
      // An input that is not there yet has no size; a limit tells one.
      let taken = min(limit, isGenerated || available > 0 ? available : .infinity) * epochs
      guard taken.isFinite else { return nil }
      bytes += taken
      count += taken / each
    }
    // Sources with weights share the rest, going round as often as that asks.
    if let size, weights > 0 { bytes += max(0, size - count) * weightedBytes / weights }
    return bytes > 0 ? bytes : nil
  }

  /// Bytes of one conversation of a chat data set, and of a generated one.
  private static let bytesPerChat = 1500.0
  private static let bytesPerExercise = 250.0

  /// For each conversation of a mixture, while its order is made.
  func conversationMemory(_ asset: Pipeline.Asset) -> Double {
    let count =
      asset.parameters["size"]?.doubleValue
      ?? (sizes[asset.name] ?? 0) / Self.bytesPerExercise
    return count * 60
  }

  // MARK: Fetching

  mutating func fetch(_ asset: Pipeline.Asset, _ known: Known, _ estimate: inout WorkEstimate) {
    let bytes = fetchedBytes(asset, partitions: known.stalePartitions)
    estimate.disk = bytes.map(Self.int)
    guard isRemote(asset) else {
      guard let bytes else { return }
      estimate.basis = .assumed
      estimate.seconds = bytes / Rate.copying
      estimate.secondsOnEightCores = estimate.seconds
      estimate.memory = 20_000_000
      return
    }
    guard let bytes else {
      estimate.warnings.append(
        "the size of the download is unknown; `approximate_size` would tell")
      return
    }
    estimate.download = Self.int(bytes)
    estimate.basis = .assumed
    estimate.seconds = bytes / Rate.download
    estimate.secondsOnEightCores = estimate.seconds
    estimate.memory = 60_000_000
    if let limit = asset.parameters["max_total_size"]?.intValue, Self.int(bytes) > limit {
      estimate.warnings.append("the download is larger than `max_total_size`")
    }
  }

  private func isRemote(_ asset: Pipeline.Asset) -> Bool {
    FetchStep.localSourceTemplates(parameters: asset.parameters).isEmpty
  }

  /// Bytes of the partitions (nil: all), from the files themselves or from what the file says.
  private func fetchedBytes(_ asset: Pipeline.Asset, partitions: [String]?) -> Double? {
    let values = partitions ?? asset.partitions?.values ?? []
    let names: [String?] = asset.partitions == nil ? [nil] : values.map { $0 }
    if let template = FetchStep.localSourceTemplates(parameters: asset.parameters).first {
      var sum = 0.0
      for name in names {
        let key = asset.partitions?.key ?? ""
        let path = name.map { template.replacing("{\(key)}", with: $0) } ?? template
        guard let size = Self.fileSize(path, root: root) else { return nil }
        sum += Double(size)
      }
      return sum
    }
    var sum = 0.0
    for name in names {
      guard
        let size = hint(asset, "size", name) ?? hint(asset, "approximate_size", name)
      else { return nil }
      sum += size
    }
    return sum
  }

  private func hint(_ asset: Pipeline.Asset, _ parameter: String, _ partition: String?) -> Double? {
    guard let value = asset.parameters[parameter] else { return nil }
    if let members = value.objectValue { return partition.flatMap { members[$0]?.doubleValue } }
    return value.doubleValue
  }
}
