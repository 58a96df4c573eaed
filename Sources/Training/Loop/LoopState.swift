import JSON

/// What the loop remembers from step to step; saved with every checkpoint.
struct LoopState: Hashable {
  /// Steps done.
  var step = 0
  var tokens = 0
  var trainedTokens = 0
  var firstLoss: Double?
  var lastLoss: Double?
  /// Exponential average of the loss, factor 0.9, before its correction for the start.
  var average = 0.0
  var averagedSteps = 0
  var skippedSteps = 0
  var consecutiveSkips = 0
  var bestLoss: Double?
  var bestStep: Int?

  static let averageFactor = 0.9

  mutating func record(loss: Double) {
    if firstLoss == nil { firstLoss = loss }
    lastLoss = loss
    average = Self.averageFactor * average + (1 - Self.averageFactor) * loss
    averagedSteps += 1
  }

  /// The average with the start's bias taken out; nil before the first step.
  var smoothedLoss: Double? {
    guard averagedSteps > 0 else { return nil }
    var weight = 1.0
    for _ in 0..<min(averagedSteps, 400) { weight *= Self.averageFactor }
    return average / (1 - weight)
  }
}

extension LoopState {
  var json: JSONValue {
    func number(_ value: Double?) -> JSONValue { value.map(JSONValue.double) ?? .null }
    return [
      "step": .int(step), "tokens": .int(tokens), "trained_tokens": .int(trainedTokens),
      "first_loss": number(firstLoss), "last_loss": number(lastLoss), "average": .double(average),
      "averaged_steps": .int(averagedSteps), "skipped_steps": .int(skippedSteps),
      "consecutive_skips": .int(consecutiveSkips), "best_loss": number(bestLoss),
      "best_step": bestStep.map(JSONValue.int) ?? .null,
    ]
  }

  /// Nil when a member is missing or impossible.
  init?(json: JSONValue) {
    func count(_ key: String) -> Int? {
      json[key]?.intValue.flatMap { $0 >= 0 && $0 < 1 << 56 ? $0 : nil }
    }
    guard let step = count("step"), let tokens = count("tokens"),
      let trainedTokens = count("trained_tokens"), let average = json["average"]?.doubleValue,
      let averagedSteps = count("averaged_steps"), let skippedSteps = count("skipped_steps"),
      let consecutiveSkips = count("consecutive_skips")
    else { return nil }
    self.step = step
    self.tokens = tokens
    self.trainedTokens = trainedTokens
    self.average = average
    self.averagedSteps = averagedSteps
    self.skippedSteps = skippedSteps
    self.consecutiveSkips = consecutiveSkips
    firstLoss = json["first_loss"]?.doubleValue
    lastLoss = json["last_loss"]?.doubleValue
    bestLoss = json["best_loss"]?.doubleValue
    bestStep = count("best_step")
  }
}
