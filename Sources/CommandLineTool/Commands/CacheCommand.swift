import ArgumentParser
import BuildEngine
import Diagnostics
import JSON
import PipelineFile

struct CacheCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cache",
    abstract: "Look after the cache: sizes, clean-up, verification.",
    discussion: "Example: nanobuild cache gc --keep-runs 5 --dry-run",
    subcommands: [Stats.self, Collect.self, Verify.self])

  struct Stats: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "stats", abstract: "Show how much is kept.",
      discussion: "Example: nanobuild cache stats --json")

    @OptionGroup var pipeline: PipelineOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
      let terminal = Terminal.make(output)
      defer { terminal.flush() }
      let session = try Session.open(pipeline, terminal)
      let statistics = try terminal.reporting { try session.engine.cacheStatistics() }
      if json {
        terminal.print(
          JSONWriter.text(
            [
              "version": 1, "results": .int(statistics.resultCount),
              "result_bytes": .int(Int(statistics.resultBytes)),
              "current_results": .int(statistics.currentCount),
              "current_bytes": .int(Int(statistics.currentBytes)),
              "staging_bytes": .int(Int(statistics.stagingBytes)),
              "runs": .int(statistics.runCount), "run_bytes": .int(Int(statistics.runBytes)),
              "index_bytes": .int(Int(statistics.indexBytes)),
            ], pretty: true))
        return
      }
      var table = Table([.left, .right, .right])
      func row(_ name: String, _ count: Int?, _ bytes: Int64) {
        table.add([
          .init(name), .init(count.map(Format.grouped) ?? ""), .init(Format.bytes(Int(bytes))),
        ])
      }
      row("results", statistics.resultCount, statistics.resultBytes)
      row("of them current", statistics.currentCount, statistics.currentBytes)
      row("runs", statistics.runCount, statistics.runBytes)
      row("work in progress", nil, statistics.stagingBytes)
      row("index", nil, statistics.indexBytes)
      table.lines(color: terminal.usesColor).forEach { terminal.print($0) }
    }
  }

  struct Collect: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "gc", abstract: "Remove results that no profile and no kept run needs.",
      discussion: """
        Example: nanobuild cache gc --max-size 10GiB --dry-run

        Results in force stay, of every profile, and so do those of assets that were taken out of the \
        pipeline file, until --orphans is given. Pipeline files in one folder share its cache: look \
        with --dry-run first.
        """)

    @OptionGroup var pipeline: PipelineOptions
    @OptionGroup var output: OutputOptions
    @Option(name: .customLong("keep-runs"), help: "Keep what the newest runs made or used.")
    var keepRuns = 10
    @Option(
      name: .customLong("max-size"), help: "Remove only, oldest first, until so much is left.")
    var maxSize: String?
    @Flag(help: "Remove what only assets or profiles need that the pipeline no longer has.")
    var orphans = false
    @Flag(name: [.customShort("n"), .customLong("dry-run")], help: "Show what would be removed.")
    var dryRun = false
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
      if keepRuns < 0 { throw ValidationError("--keep-runs must not be negative") }
      if let maxSize, Quantity.bytes(maxSize) == nil {
        throw ValidationError("--max-size is a size such as 500MB or 10GiB, not `\(maxSize)`")
      }
    }

    func run() throws {
      let terminal = Terminal.make(output)
      defer { terminal.flush() }
      let session = try Session.open(pipeline, terminal)
      var rule = CollectionRule(
        keepRuns: keepRuns, maxSize: maxSize.flatMap(Quantity.bytes).map { Int64($0) },
        dryRun: dryRun)
      if orphans {
        rule.declared = CollectionRule.Declared(
          profiles: session.project.loaded.profiles + [Pipeline.profilelessName],
          assets: session.pipeline.assets.map(\.name))
      }
      let report = try terminal.reporting { try session.engine.collectGarbage(rule) }
      if json {
        terminal.print(
          JSONWriter.text(
            [
              "version": 1, "dry_run": .bool(dryRun),
              "removed_results": .array(report.results.map { .string("\($0)") }),
              "removed_runs": .array(report.runs.map { .string($0) }),
              "removed_orphans": .array(
                report.orphans.map {
                  ["profile": .string($0.profile), "asset": .string($0.asset)]
                }),
              "freed_bytes": .int(Int(report.freedBytes)), "kept_results": .int(report.keptResults),
              "kept_bytes": .int(Int(report.keptBytes)),
            ], pretty: true))
        return
      }
      let verb = dryRun ? "would remove" : "removed"
      for orphan in report.orphans {
        let name = "`\(orphan.asset)` of profile `\(orphan.profile)`"
        terminal.print("\(verb) \(name), which the pipeline no longer has")
      }
      terminal.print(
        "\(verb) \(report.results.count) results and \(report.runs.count) runs, "
          + "\(Format.bytes(Int(report.freedBytes))); \(report.keptResults) results "
          + "(\(Format.bytes(Int(report.keptBytes)))) stay")
    }
  }

  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "verify", abstract: "Read and hash every result; set damaged ones aside.",
      discussion: "Example: nanobuild cache verify")

    @OptionGroup var pipeline: PipelineOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
      let terminal = Terminal.make(output)
      defer { terminal.flush() }
      let session = try Session.open(pipeline, terminal)
      let damaged = try verify(session, terminal)
      if json {
        terminal.print(
          JSONWriter.text(
            [
              "version": 1,
              "damaged": .array(
                damaged.map { ["digest": .string("\($0.digest)"), "path": .string($0.path)] }),
            ], pretty: true))
      } else {
        for result in damaged {
          terminal.print("damaged: \(result.digest) \(result.path)")
        }
        terminal.print(
          damaged.isEmpty
            ? "every result is intact"
            : "\(damaged.count) damaged results were set aside; `nanobuild run` makes them again")
      }
      if !damaged.isEmpty { throw ExitStatus.failed.exit }
    }

    private func verify(_ session: Session, _ terminal: Terminal) throws -> [DamagedResult] {
      try terminal.reporting {
        var line = ProgressLine(terminal)
        defer { line.end() }
        return try session.engine.verifyCache { done in
          line.show(
            "\(Format.grouped(done.results))/\(Format.grouped(done.totalResults)) results · "
              + "\(Format.bytes(Int(done.bytes)))/\(Format.bytes(Int(done.totalBytes)))",
            done: Double(done.bytes), total: Double(done.totalBytes), now: Clock.seconds())
        }
      }
    }
  }
}
