import ArgumentParser
import Corpus
import Diagnostics
import JSON
import Kernels
import LanguageModel
import Tokenization

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract:
      "Measure this machine: matrix products, the trainer, decoding, the tokenizer, the engine.",
    discussion: "Example: nanobuild bench train --depth 4 --json",
    subcommands: [Machine.self, Train.self, Inference.self, Tokens.self, Engine.self],
    defaultSubcommand: Machine.self)

  struct Machine: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "machine", abstract: "The matrix-product speed that estimates rest on.",
      discussion: "Example: nanobuild bench machine")

    @OptionGroup var output: OutputOptions
    @Option(help: "Threads (default: all cores).") var threads: Int?
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
      let terminal = Terminal.make(output)
      defer { terminal.flush() }
      let info = try BLAS.load()
      let pool = try ThreadPool(threads: threads ?? ThreadPool.processorCount)
      let peak = try BLAS.measuredPeak(pool: pool)
      if json {
        terminal.print(
          JSONWriter.text(
            [
              "version": 1, "gigaflops": .double(peak), "threads": .int(pool.threads),
              "blas_core": .string(info.core), "kernels": .string(info.variant),
            ]))
      } else {
        terminal.print(
          "\(Format.number(peak)) GFLOP/s in single precision on \(pool.threads) threads "
            + "(OpenBLAS \(info.core), own kernels \(info.variant))")
      }
    }
  }

  struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "train", abstract: "Whole training steps of 8,192 tokens with the optimisers.",
      discussion: "Example: nanobuild bench train --depth 4 --precision fp32 --json")

    @OptionGroup var output: OutputOptions
    @Option(help: "The depth dial.") var depth = 4
    @Option(help: "fp32 or bf16.") var precision: Precision = .fp32
    @Option(help: "Tokens of a row.") var sequence = 512
    @Option(help: "Tokens of the vocabulary.") var vocabulary = 10_240
    @Option(help: "Steps to measure, after one to warm up.") var steps = 3
    @Option(help: "Threads (default: all cores).") var threads: Int?
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
      guard (1...100).contains(depth), (8...65_536).contains(sequence),
        (256...1_000_000).contains(vocabulary), (1...10_000).contains(steps)
      else {
        throw ValidationError(
          "--depth 1…100, --sequence 8…65536, --vocabulary 256…1000000, --steps 1…10000")
      }
    }

    func run() throws {
      let terminal = Terminal.make(output)
      defer { terminal.flush() }
      let report: TrainBenchmark.Report
      do throws(LanguageModelError) {
        report = try TrainBenchmark.run(
          TrainBenchmark.Request(
            depth: depth, precision: precision, sequence: sequence, vocabulary: vocabulary,
            threads: threads ?? ThreadPool.processorCount, steps: steps))
      } catch {
        terminal.fail("\(error)")
        throw ExitStatus.failed.exit
      }
      if json {
        terminal.print(JSONWriter.text(Self.json(report), pretty: true))
      } else {
        show(report, terminal)
      }
    }

    private func show(_ report: TrainBenchmark.Report, _ terminal: Terminal) {
      let share =
        " · \(Format.fixed(report.shareOfPeak * 100, 0)) % of the fp32 peak of "
        + Format.number(report.peaks.best)
      terminal.print(
        "\(Format.grouped(Int(report.tokensPerSecond))) tokens/s · "
          + "\(Format.number(report.gigaflops)) GFLOP/s\(share) · "
          + "\(Format.count(Double(report.parameters))) parameters · "
          + "\(Format.bytes(report.plannedBytes)) planned")
      var table = Table([.left, .right, .right])
      let total = report.profile.reduce(0) { $0 + $1.seconds }
      for (part, seconds) in report.profile {
        table.add(
          "  " + part, Format.duration(seconds),
          Format.fixed(seconds / max(total, 1e-9) * 100, 1) + " %")
      }
      table.lines(color: terminal.usesColor).forEach { terminal.print($0) }
    }

    private static func json(_ report: TrainBenchmark.Report) -> JSONValue {
      [
        "version": 1, "tokens_per_second": .double(report.tokensPerSecond),
        "share_of_peak": .double(report.shareOfPeak),
        "peak_gigaflops": .double(report.peaks.best),
        "peak_native_gigaflops": .double(report.peaks.native),
        "peak_openblas_gigaflops": report.peaks.openBLAS.map { .double($0) } ?? .null,
        "gigaflops": .double(report.gigaflops), "parameters": .int(report.parameters),
        "tokens_per_step": .int(report.tokensPerStep), "planned_bytes": .int(report.plannedBytes),
        "flops_per_token": .double(report.flopsPerToken),
        "step_seconds": .array(report.stepSeconds.map { .double($0) }),
        "blas_core": report.blas.map { .string($0.core) } ?? .null,
        "profile": .object(
          Dictionary(report.profile.map { ($0.part, JSONValue.double($0.seconds)) }) { first, _ in
            first
          }),
      ]
    }
  }

  struct Tokens: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "tokenizer", abstract: "Splitting, encoding and training on given text.",
      discussion: "Example: nanobuild bench tokenizer data/shard_00000.parquet")

    @Argument(help: "Parquet, JSONL or text files.") var files: [String] = []
    @OptionGroup var output: OutputOptions
    @Option(
      help: ArgumentHelp("A file of documents with a NUL byte between any two.", valueName: "file"))
    var documents: String?
    @Option(
      help: ArgumentHelp("Encode with this one, not with the one trained.", valueName: "path"))
    var tokenizer: String?
    @Option(help: "Tokens to train.") var vocabulary = 65_536
    @Option(help: "gpt4, nanochat or gpt2.") var pattern: SplitPattern = .gpt4
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
      if files.isEmpty == (documents == nil) {
        throw ValidationError("give files, or --documents with a file of documents")
      }
    }

    func run() throws {
      let terminal = Terminal.make(output)
      defer { terminal.flush() }
      let result: TokenizerBenchmark.Result
      do {
        result = try TokenizerBenchmark.run(
          try read(), tokenizer: try tokenizer.map { try Tokenizer.load($0) },
          vocabularySize: vocabulary, pattern: pattern)
      } catch {
        terminal.fail("\(error)")
        throw ExitStatus.invalidInput.exit
      }
      if json {
        let members = (result.json.objectValue ?? [:]).merging(["version": 1]) { $1 }
        terminal.print(JSONWriter.text(.object(members), pretty: true))
        return
      }
      terminal.print("split    \(Format.number(result.splitRate)) MB/s on 1 thread")
      for (threads, rate) in result.encodeRates.sorted(by: { $0.key < $1.key }) {
        terminal.print("encode   \(Format.number(rate)) MB/s on \(threads) threads, empty cache")
      }
      terminal.print(
        "train    \(Format.duration(result.trainSeconds)) on \(result.trainThreads) threads, "
          + "\(Format.grouped(result.vocabularySize)) tokens of \(Format.bytes(result.bytes))")
    }

    private func read() throws -> DocumentBuffer {
      var buffer = DocumentBuffer()
      if let documents {
        try buffer.append(contentsOfFile: documents)
        return buffer
      }
      let reader = try DocumentReader(paths: files)
      while let batch = try reader.nextBatch() {
        for index in 0..<batch.count { batch.withDocument(index) { buffer.append($0) } }
      }
      return buffer
    }
  }
}

extension Precision: ExpressibleByArgument {}
