package import BuildEngine
package import PipelineFile

/// Every step and check there is. A new step is one line here. `shell` has no code here: the engine
/// starts the command itself.
package enum BuiltinSteps {
  private static let registry: [(StepSchema, any Step)] = [
    (FetchStep.schema, FetchStep()),
    (ConversationsStep.schema, ConversationsStep()),
    (TokenizerTrainStep.schema, TokenizerTrainStep()),
    (TokenizerImportStep.schema, TokenizerImportStep()),
    (TokenizerEncodeStep.schema, TokenizerEncodeStep()),
    (TrainStep.baseSchema, TrainStep.base),
    (TrainStep.midSchema, TrainStep.mid),
    (TrainStep.sftSchema, TrainStep.sft),
    (EvaluateLossStep.schema, EvaluateLossStep()),
    (EvaluateChatStep.schema, EvaluateChatStep()),
    (ReportStep.schema, ReportStep()),
    (ExportStep.schema, ExportStep()),
  ]

  private static let checkRegistry: [(CheckSchema, any Check)] =
    DataChecks.all + TokenizerCheckList.all + TrainingChecks.all + EvaluationChecks.all

  package static let catalog = StepCatalog(
    steps: registry.map(\.0) + [ShellSchema.step],
    checks: checkRegistry.map(\.0) + [ShellSchema.check])

  package static func step(named name: String) -> (any Step)? {
    registry.first { $0.0.name == name }?.1
  }

  package static func check(named name: String) -> (any Check)? {
    checkRegistry.first { $0.0.name == name }?.1
  }
}
