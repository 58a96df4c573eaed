package import BuildEngine
import JSON
import Kernels
import LanguageModel
package import PipelineFile

/// `export.hf`: the files of a checkpoint that transformers loads, without what only training needs.
package struct ExportStep: Step {
  package init() {}

  package static let schema = StepSchema(
    name: "export.hf",
    summary: "Writes a checkpoint's weights, configuration and tokenizer for transformers.",
    inputs: [InputSchema("model", "a checkpoint", kinds: [.checkpoint])],
    produces: .checkpoint,
    metrics: [NamedSummary("parameters", "weights of the model")],
    usesAllCores: true)

  package func run(_ context: StepContext) throws {
    _ = try BLAS.load()
    let pool = try ThreadPool(threads: context.threads)
    let loaded = try ModelFolder.load(try context.input("model").path, pool: pool)
    let additions = loaded.model.configuration.additions
    guard additions.isEmpty else {
      throw StepFailure(
        "the model has \(additions.names.joined(separator: ", ")), which transformers' NanoChat "
          + "model lacks",
        help: "train it without them, or use its folder with nanobuild alone")
    }
    try ModelFolder.write(loaded.model, tokenizer: loaded.tokenizer, to: context.output)
    context.reporter.metric("parameters", .int(loaded.model.configuration.parameterCount))
  }
}
