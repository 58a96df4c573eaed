import Corpus
package import Kernels
import LanguageModel
import Tokenization

/// One of the three stages that end in a checkpoint folder. They share one loop and differ in data
/// and options.
package enum TrainingStage {
  package enum Kind: String, Sendable, Hashable, CaseIterable {
    /// From nothing, on plain text.
    case base
    /// On rendered conversations, all tokens.
    case mid
    /// On the replies in conversations.
    case sft
  }

  /// Paths of what a stage reads; files, or folders that hold them.
  package struct Inputs: Sendable, Hashable {
    /// Token shards of plain text: `base`, and `mid` when text is mixed in.
    package var text: [String] = []
    package var validationText: [String] = []
    /// JSONL files of conversations, or token shards with a loss mask: `mid` and `sft`.
    package var conversations: [String] = []
    package var validationConversations: [String] = []
    /// Folder or file of the tokenizer: `base`.
    package var tokenizer: String?
    /// Checkpoint folder to start from: `mid` and `sft`.
    package var model: String?

    package init() {}
  }

  /// Where and with what a stage runs; none of it changes the result.
  package struct Environment: Sendable {
    /// Folder of the result; it may hold what an interrupted attempt left.
    package var output: String
    package var threads: Int
    /// Bytes; nil for what the machine has.
    package var memoryLimit: Int?
    package var blasKernel: BLASKernelChoice
    /// Recorded in `training.json`.
    package var toolVersion: String

    package init(
      output: String, threads: Int, memoryLimit: Int? = nil,
      blasKernel: BLASKernelChoice = .automatic, toolVersion: String = ""
    ) {
      self.output = output
      self.threads = threads
      self.memoryLimit = memoryLimit
      self.blasKernel = blasKernel
      self.toolVersion = toolVersion
    }
  }

  /// Trains a model and leaves its folder in `environment.output`; continues from the newest
  /// checkpoint there when an earlier attempt was stopped. The result's bytes depend on kind,
  /// options and inputs only.
  ///
  /// Throws `TrainingError`, or `TrainingInterrupted` once the reporter asks to stop and a
  /// checkpoint is saved.
  @discardableResult
  package static func run(
    kind: Kind, options: TrainingOptions, inputs: Inputs, environment: Environment,
    reporter: any TrainingReporter
  ) throws -> TrainingSummary {
    try options.validate()
    let data = try TrainingData.open(kind, options, inputs, workFolder: environment.output)
    let plan = try TrainingPlan.make(kind, options, data)
    try plan.checkValidation(data)
    for line in plan.description { reporter.log(line) }
    let pool: ThreadPool
    do throws(KernelError) { pool = try ThreadPool(threads: environment.threads) } catch {
      throw TrainingError.kernel(error)
    }
    let peak = try measurePeak(plan, pool, environment, reporter)
    try plan.checkMemory(threads: environment.threads, limit: environment.memoryLimit, reporter)
    let run = try TrainingRun(
      plan: plan, data: data, pool: pool, peak: peak, environment: environment,
      reporter: reporter)
    return try run.run()
  }

  /// GFLOP/s of a large matrix product, to compare the trainer's speed with; nil for runs so short
  /// that measuring takes longer than training, and where OpenBLAS is missing, which is needed for
  /// this alone.
  private static func measurePeak(
    _ plan: TrainingPlan, _ pool: ThreadPool, _ environment: Environment,
    _ reporter: any TrainingReporter
  ) throws(TrainingError) -> Double? {
    guard plan.operations > 1e12 else { return nil }
    do throws(KernelError) {
      let blas = try BLAS.load(kernel: environment.blasKernel)
      let peak = try BLAS.measuredPeak(pool: pool)
      reporter.log(
        "machine: \(Int(peak)) GFLOP/s with \(environment.threads) threads (OpenBLAS "
          + "\(blas.core), own kernels \(blas.variant)): training takes about "
          + RunClock.duration(plan.operations / (peak * 0.7e9)))
      return peak
    } catch .openBLASUnavailable(let reason) {
      reporter.log("speed is not compared with the machine's peak: \(reason)")
      return nil
    } catch {
      throw .kernel(error)
    }
  }
}
