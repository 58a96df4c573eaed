import Diagnostics
import Glibc
import PipelineFile
import TestSupport
import Testing

/// Sizes at which a loop inside a loop would show.
@Suite struct LargeFileTests {
  private func time(_ work: () throws -> Void) rethrows -> Double {
    let duration = try ContinuousClock().measure(work)
    return Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
  }

  private func chain(_ count: Int, step: String = "shell") -> String {
    var text = "nanobuild: 1\nassets:\n"
    for index in 0..<count {
      text += """
          asset_\(index):
            step: \(step)
            inputs: {source: \(index == 0 ? "./start" : "asset_\(index - 1)"), file: src/file_\(index).txt}
            with: {command: "sort $NB_INPUT_source > $NB_OUT/sorted.txt"}

        """
    }
    return text
  }

  @Test func fiveThousandLinesLoadInAMoment() throws {
    let files = TestFiles(chain(1250))
    let seconds = try time {
      let count = try files.pipeline().assets.count
      #expect(count == 1250)
    }
    #expect(seconds < 10)
  }

  @Test func aLongChainIsOrderedWithoutDeepRecursion() throws {
    let pipeline = try TestFiles(chain(20_000)).pipeline()
    #expect(pipeline.order == Array(0..<20_000))
  }

  @Test func aFileFullOfErrorsIsReportedInFull() throws {
    var text = "nanobuild: 1\nassets:\n"
    for index in 0..<5000 {
      text += "  a\(index): {step: shel, inputs: {x: b\(index)}, wiht: {}}\n"
    }
    let files = TestFiles(text)
    let seconds = time {
      let error = #expect(throws: DiagnosticError.self) { try files.pipeline() }
      #expect(error?.diagnostics.count == 15_000)
    }
    #expect(seconds < 60)
  }

  @Test func aCycleThroughEverythingIsShortened() {
    let text = chain(5000).replacingFirst("./start", with: "asset_4999")
    let report = TestFiles(text).report()
    #expect(report.contains("`asset_0` needs itself: `asset_0` → `asset_4999` → "))
    #expect(report.contains("more … → "))
    #expect(report.utf8.count < 20_000)
  }

  @Test func aMillionPartitionsLoadAndOneMoreDoesNot() throws {
    func text(_ range: String) -> String {
      """
      nanobuild: 1
      assets:
        a: {step: data.fetch, partitions: {n: \(range)}, with: {url: x}}
        b: {step: shell, partitions: a, inputs: {a: a}, with: {command: x}}
      """
    }
    #expect(
      try TestFiles(text("1..1000000")).pipeline()["b"]?.partitions?.values.count == 1_000_000)
    #expect(TestFiles(text("0..1000000")).report().contains("more than 1,000,000 partitions"))
    #expect(
      TestFiles(text("0..999999999999999999")).report().contains("more than 1,000,000 partitions"))
  }

  @Test func manyAssetsOfManyPartitionsAreRefusedTogether() {
    let assets = (0..<60).map {
      "  a\($0): {step: shell, partitions: {p: 0..999999}, with: {command: x}}\n"
    }
    let files = TestFiles("nanobuild: 1\nassets:\n" + assets.joined())
    let seconds = time {
      #expect(files.report().contains("more than 2,000,000 partitions in one file"))
    }
    #expect(seconds < 20)
  }

  @Test func aBombAndDeepBracketsAreErrors() {
    var bomb = "nanobuild: 1\nx0: &x0 [a, a, a, a, a, a, a, a, a]\n"
    for level in 1..<30 {
      bomb += "x\(level): &x\(level) [" + String(repeating: "*x\(level - 1), ", count: 9) + "]\n"
    }
    #expect(TestFiles(bomb).report().contains("error: aliases expand this file"))
    let brackets = "nanobuild: 1\nassets: " + String(repeating: "[", count: 100_000)
    #expect(TestFiles(brackets).report().contains("error: nested deeper than 100 levels"))
  }

  /// Any edit of a right file gives a pipeline or errors with places, never a crash.
  @Test func mutatedFilesNeverCrash() {
    let seed = Array(
      """
      nanobuild: 1
      profile: q
      profiles: {q: {assets: {b: {with: {depth: 2, optimizer: {name: adamw}}}}, only: [b]}}
      assets:
        a: {step: data.fetch, partitions: {s: 00..03}, with: {url: x, token: "${env:T}", sha256: {a: b}}}
        t: {step: tokenizer.train, inputs: {text: [a, x/*.txt]}, with: {vocab_size: 1_000}}
        e: {step: tokenizer.encode, partitions: a, inputs: {text: a, tokenizer: t}}
        b:
          step: train.base
          inputs: {tokens: e, tokenizer: t}
          with: {depth: 3, mixture: [{source: p, weight: 1}], checkpoint_every: 5m, extra: [~]}
          checks:
            - train.beats: {asset: l, metric: loss}
              severity: warn
            - shell: {command: x}
          resources: {cpu: 2, memory: 1GiB, network: false}
          retries: 1
          timeout: 30m
        l: {step: eval.loss, inputs: {checkpoint: other}}
        other: {step: train.base, inputs: {tokens: e}}
      """.utf8)
    let words = [
      "a", "b", "*x", "&x ", "null", "[]", "{}", "shell", "step: ", "with: ", "checks: [a]", "0..9",
      "..", "${env:A}", "-1", "1e9", "99999999999999999999", "\n    ", ": ", ", ", "\"", "<<: ",
      "partitions: b", "\u{7f}", "é", "\t",
    ]
    let plan = SeededNumbers.fuzzing(rounds: 3000, seed: 7)
    var random = plan.numbers
    for round in 0..<plan.rounds {
      var bytes = seed
      for _ in 0...random.below(4) {
        let place = random.below(bytes.count)
        switch random.below(4) {
        case 0: bytes.insert(contentsOf: words[random.below(words.count)].utf8, at: place)
        case 1: bytes.removeSubrange(place..<min(bytes.count, place + 1 + random.below(12)))
        case 2:
          let end = min(bytes.count, place + random.below(12))
          bytes.replaceSubrange(place..<end, with: words[random.below(words.count)].utf8)
        default:
          let length = min(random.below(80), bytes.count - place)
          bytes.insert(contentsOf: bytes[place..<place + length], at: random.below(bytes.count))
        }
      }
      let contents = bytes
      let loader = PipelineLoader(
        catalog: TestCatalog.catalog,
        files: FileReader(read: { _ in contents }, exists: { _ in false }))
      let overrides = round % 3 == 0 ? ["b.\(words[random.below(words.count)])=1"] : []
      do throws(DiagnosticError) {
        _ = try loader.load("pipeline.yaml", overrides: overrides)
      } catch {
        #expect(!error.diagnostics.isEmpty)
        #expect(error.description.contains("error: "))
      }
    }
  }
}

extension String {
  func replacingFirst(_ old: String, with new: String) -> String {
    guard let range = firstRange(of: old) else { return self }
    return replacingCharacters(in: range, with: new)
  }

  private func replacingCharacters(in range: Range<Index>, with new: String) -> String {
    String(self[..<range.lowerBound]) + new + String(self[range.upperBound...])
  }
}
