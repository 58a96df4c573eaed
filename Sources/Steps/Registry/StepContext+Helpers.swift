import BuildEngine

extension StepContext {
  /// Paths of an input's values; empty when it is not given.
  func paths(_ name: String) -> [String] {
    (inputs[name] ?? []).map(\.path)
  }

  /// Where the files of one partition, or of the whole result, go.
  var singleOutput: String { partitions.first?.output ?? output }
}
