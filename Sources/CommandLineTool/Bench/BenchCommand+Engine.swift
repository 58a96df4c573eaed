import ArgumentParser
import BuildEngine
import Diagnostics
import Glibc
import JSON
import Kernels

extension BenchCommand {
  struct Engine: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "engine",
      abstract: "The build engine with nothing to do beside ninja, and hashing beside xxhsum.",
      discussion: """
        Makes graphs of small steps in a temporary folder, for both tools the same, and starts them
        in turns. Below 1 nanobuild is faster or smaller, but for hashing it is above.

        Example: nanobuild bench engine --sizes 1000,10000 --json
        """)

    @OptionGroup var output: OutputOptions
    @Option(help: ArgumentHelp("Steps of the graphs.", valueName: "n,n…")) var sizes = "1000,10000"
    @Option(help: "How often each command is started.") var repeats = 11
    @Option(help: "Megabytes to hash.") var megabytes = 256
    @Flag(help: "Print JSON.") var json = false

    private var counts: [Int] {
      sizes.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    }

    func validate() throws {
      guard counts.allSatisfy({ (2...1_000_000).contains($0) }), (1...1000).contains(repeats),
        (1...65_536).contains(megabytes)
      else {
        throw ValidationError(
          "--sizes takes numbers of 2…1000000 steps with commas between, --repeats 1…1000, "
            + "--megabytes 1…65536")
      }
    }

    func run() throws {
      let terminal = Terminal.make(output)
      defer { terminal.flush() }
      let folder = try Self.temporaryFolder(terminal)
      defer { try? Disk.removeTree(folder) }
      let benchmark = EngineBenchmark(
        program: Session.executablePath, folder: folder, repeats: repeats)
      do {
        try measure(benchmark, terminal)
      } catch let failure as MeasuredProgram.Failure {
        terminal.fail(failure.message)
        throw ExitStatus.failed.exit
      } catch let error as BuildError {
        terminal.fail(error.message, help: error.help)
        throw ExitStatus.failed.exit
      }
    }

    private static func temporaryFolder(_ terminal: Terminal) throws -> String {
      let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
      var path = Array("\(parent)/nanobuild-bench-XXXXXX".utf8CString)
      guard mkdtemp(&path) != nil else {
        terminal.fail("cannot make a folder in `\(parent)`: \(String(cString: strerror(errno)))")
        throw ExitStatus.failed.exit
      }
      return path.withUnsafeBufferPointer { buffer in
        buffer.baseAddress.map { String(cString: $0) } ?? parent
      }
    }

    private func measure(_ benchmark: EngineBenchmark, _ terminal: Terminal) throws {
      if benchmark.ninja == nil {
        terminal.note("ninja is not installed: there are no ratios to it")
      }
      if benchmark.xxhsum == nil {
        terminal.note("xxhsum is not installed: hashing has nothing to compare with")
      }
      let start = try benchmark.start()
      if !json { show(start, terminal) }
      var graphs: [EngineBenchmark.Graph] = []
      for count in counts {
        terminal.note("making \(Format.grouped(count)) steps")
        let graph = try benchmark.graph(count)
        graphs.append(graph)
        if !json { show(graph, terminal) }
      }
      let size = 1 << 20
      let hashing = try benchmark.hashing(
        files: megabytes, bytes: size, threads: ThreadPool.processorCount)
      if json {
        terminal.print(
          JSONWriter.text(EngineBenchmarkText.json(start, graphs, hashing), pretty: true))
      } else {
        EngineBenchmarkText.lines(hashing).forEach { terminal.print($0) }
      }
    }

    private func show(_ start: EngineBenchmark.Start, _ terminal: Terminal) {
      EngineBenchmarkText.lines(start).forEach { terminal.print($0) }
      terminal.flush()
    }

    private func show(_ graph: EngineBenchmark.Graph, _ terminal: Terminal) {
      EngineBenchmarkText.lines(graph, color: terminal.usesColor).forEach { terminal.print($0) }
      terminal.flush()
    }
  }
}
