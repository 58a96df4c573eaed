extension GPT {
  /// Bytes a model takes: weights, gradients and workspace, without the optimiser's state.
  package static func plannedBytes(
    configuration: GPTConfiguration, maximumBatch: Int, trainingSequence: Int, threads: Int,
    inferenceOnly: Bool = false
  ) -> Int {
    let plan = Workspace.Plan(
      configuration: configuration, batch: maximumBatch, sequence: trainingSequence,
      threads: threads, inferenceOnly: inferenceOnly)
    let floats =
      configuration.arenaCount * (inferenceOnly ? 1 : 2) + plan.count
      + GPT.Additions.Plan(
        configuration: configuration, tokens: plan.tokens, inferenceOnly: inferenceOnly
      ).count
      + trainingSequence * configuration.headSize
    return floats * MemoryLayout<Float>.stride
  }
}
