import ArgumentParser
import Diagnostics
import JSON
import Kernels
import LanguageModel

extension BenchCommand {
  struct Inference: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "inference",
      abstract: "One stream: a prompt read at once, then tokens one by one.",
      discussion: """
        The best of several rounds. With bf16 the weights are read in bfloat16.
        Example: nanobuild bench inference --depth 4 --precision bf16 --json
        """)

    @OptionGroup var output: OutputOptions
    @Option(help: "The depth dial.") var depth = 4
    @Option(help: "fp32 or bf16.") var precision: Precision = .fp32
    @Option(help: "Tokens of the prompt.") var prompt = 64
    @Option(help: "Tokens to make.") var new = 64
    @Option(help: "Tokens of the vocabulary.") var vocabulary = 10_240
    @Option(help: "Rounds to measure.") var rounds = 5
    @Option(help: "Threads (default: all cores).") var threads: Int?
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
      guard (1...100).contains(depth), (1...65_536).contains(prompt), (1...65_536).contains(new),
        (256...1_000_000).contains(vocabulary), (1...10_000).contains(rounds)
      else {
        throw ValidationError(
          "--depth 1…100, --prompt and --new 1…65536, --vocabulary 256…1000000, --rounds 1…10000")
      }
    }

    func run() throws {
      let terminal = Terminal.make(output)
      defer { terminal.flush() }
      let report: InferenceBenchmark.Report
      do throws(LanguageModelError) {
        report = try InferenceBenchmark.run(
          configuration: .depth(
            depth, vocabularySize: vocabulary, sequenceLength: max(512, prompt + new)),
          precision: precision, threads: threads ?? ThreadPool.processorCount, prompt: prompt,
          generated: new, rounds: rounds)
      } catch {
        terminal.fail("\(error)")
        throw ExitStatus.failed.exit
      }
      let bandwidth = report.decodeTokensPerSecond * Double(report.weightBytes) / 1e9
      if json {
        terminal.print(
          JSONWriter.text(
            [
              "version": 1, "decode_tokens_per_second": .double(report.decodeTokensPerSecond),
              "prefill_tokens_per_second": .double(report.prefillTokensPerSecond),
              "weight_gigabytes_per_second": .double(bandwidth),
              "weight_bytes": .int(report.weightBytes), "parameters": .int(report.parameters),
            ], pretty: true))
        return
      }
      terminal.print(
        "decode   \(Format.grouped(Int(report.decodeTokensPerSecond))) tokens/s · "
          + "\(Format.number(bandwidth)) GB/s of weights")
      terminal.print(
        "prefill  \(Format.grouped(Int(report.prefillTokensPerSecond))) tokens/s · "
          + "\(Format.count(Double(report.parameters))) parameters")
    }
  }
}
