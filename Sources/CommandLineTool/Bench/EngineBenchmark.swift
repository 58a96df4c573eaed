import BuildEngine
import Glibc

/// The build engine beside ninja on graphs of the same shape, and beside xxhsum on the same files.
///
/// The graph: N steps that each copy one file, and two joins that each read half of them. Both tools
/// bring their own copy up to date, then are started in turns with nothing to do.
struct EngineBenchmark {
  /// One command with nothing to do: the median of its times, and its peak memory.
  struct Idle {
    var seconds: Double
    var peakBytes: Int?
  }

  struct Graph {
    var steps: Int
    /// Making everything the first time.
    var first: Double
    var run: Idle
    var status: Idle
    /// `status` after the pipeline file was touched: it is read again.
    var touched: Double
    /// `status` after one source was edited: everything is looked at.
    var sourceEdited: Double
    /// `status` after the pipeline file was edited: it is parsed, and everything looked at.
    var pipelineEdited: Double
    /// With `ninja -n` after one source was edited.
    var peer: (first: Double, idle: Idle, sourceEdited: Double)?
  }

  struct Start {
    var version: Double
    /// A program that does nothing.
    var empty: Double?
  }

  struct Hashing {
    var bytes: Int
    var files: Int
    var oneThread: Double
    var allThreads: Double
    var threads: Int
    /// `xxhsum -H2`, one thread.
    var peer: Double?
  }

  let program: String
  let folder: String
  let repeats: Int
  private let starter: MeasuredProgram
  let ninja = MeasuredProgram.find("ninja")
  let xxhsum = MeasuredProgram.find("xxhsum")

  init(program: String, folder: String, repeats: Int) {
    self.program = program
    self.folder = folder
    self.repeats = repeats
    starter = MeasuredProgram(folder: folder)
  }

  // MARK: Starting

  func start() throws -> Start {
    let empty = MeasuredProgram.find("true")
    var own: [Double] = []
    var nothing: [Double] = []
    for _ in 0..<max(5, repeats * 2) {
      own.append(try starter.run([program, "--version"], in: "/").seconds)
      if let empty { nothing.append(try starter.run([empty], in: "/").seconds) }
    }
    return Start(version: Self.median(own), empty: nothing.isEmpty ? nil : Self.median(nothing))
  }

  // MARK: Graphs

  func graph(_ steps: Int) throws -> Graph {
    let own = "\(folder)/own-\(steps)"
    let theirs = "\(folder)/ninja-\(steps)"
    defer { for made in [own, theirs] { try? Disk.removeTree(made) } }
    try writeSources(own, steps)
    try write(pipeline(steps), to: own + "/pipeline.yaml")
    var commands: [(name: String, command: [String], folder: String, expected: String)] = [
      ("run", [program, "run"], own, "0 ran, 0 restored, \(steps + 2) fresh"),
      ("status", [program, "status"], own, "\(steps + 2) fresh"),
    ]
    let first = try starter.run([program, "run"], in: own).seconds
    var peerFirst: Double?
    if let ninja {
      try writeSources(theirs, steps)
      try write(ninjaFile(steps), to: theirs + "/build.ninja")
      peerFirst = try starter.run([ninja], in: theirs).seconds
      commands.append(("ninja", [ninja], theirs, "no work to do"))
    }
    // Settle: stamps older than the clock's grain, pages in memory.
    for _ in 0..<2 {
      usleep(100_000)
      for command in commands { _ = try starter.run(command.command, in: command.folder) }
    }
    var times: [String: [Double]] = [:]
    for _ in 0..<repeats {
      for command in commands {
        let measured = try starter.run(command.command, in: command.folder)
        guard measured.output.contains(command.expected) else {
          throw MeasuredProgram.Failure(
            message: "`\(command.name)` did not find everything up to date:\n"
              + measured.output.suffix(2000))
        }
        times[command.name, default: []].append(measured.seconds)
      }
    }
    var idle: [String: Idle] = [:]
    for command in commands {
      idle[command.name] = Idle(
        seconds: Self.median(times[command.name] ?? []),
        peakBytes: try starter.peak(command.command, in: command.folder))
    }
    utimes(own + "/pipeline.yaml", nil)
    let touched = try starter.run([program, "status"], in: own).seconds
    guard let run = idle["run"], let status = idle["status"] else {
      throw MeasuredProgram.Failure(message: "nothing was measured")
    }
    let sourceEdited = try afterEdits(of: "in/0.txt", [program, "status"], in: own)
    var graph = Graph(
      steps: steps, first: first, run: run, status: status, touched: touched,
      sourceEdited: sourceEdited,
      pipelineEdited: try afterEdits(of: "pipeline.yaml", [program, "status"], in: own))
    if let ninja, let peerFirst, let peer = idle["ninja"] {
      graph.peer = (peerFirst, peer, try afterEdits(of: "in/0.txt", [ninja, "-n"], in: theirs))
    }
    return graph
  }

  /// The command's median time after each of a few edits that change what the file says.
  private func afterEdits(of file: String, _ command: [String], in folder: String) throws -> Double
  {
    var text = String(decoding: try Disk.read("\(folder)/\(file)"), as: UTF8.self)
    var times: [Double] = []
    for edit in 0..<max(3, repeats / 2) {
      text += "# edit \(edit)\n"
      try write(text, to: "\(folder)/\(file)")
      times.append(try starter.run(command, in: folder).seconds)
    }
    return Self.median(times)
  }

  private func writeSources(_ folder: String, _ count: Int) throws {
    try Disk.makeFolders(folder + "/in")
    for number in 0..<count { try write("\(number)\n", to: "\(folder)/in/\(number).txt") }
  }

  private func write(_ text: String, to path: String) throws {
    try Disk.writeWhole(Array(text.utf8), to: path)
  }

  private func pipeline(_ count: Int) -> String {
    var text = "nanobuild: 1\nname: bench\nassets:\n"
    for number in 0..<count {
      text += "  s\(number):\n    step: shell\n    inputs: {file: in/\(number).txt}\n"
      text += "    with: {command: \"cp $NB_INPUT_file text\"}\n"
    }
    for half in 0..<2 {
      text += "  join\(half):\n    step: shell\n    inputs:\n"
      for number in stride(from: half, to: count, by: 2) {
        text += "      i\(number): s\(number)\n"
      }
      text += "    with: {command: \"\(joinCommand)\"}\n"
    }
    return text
  }

  /// Joins what it is given one variable an input, or a file of them when there are very many.
  private let joinCommand =
    "if test -n \\\"${NB_INPUTS-}\\\"; then cut -f2 $NB_INPUTS; else env | sed -n 's/^NB_INPUT_[^=]*=//p'; "
    + "fi | sed 's,$,/text,' | sort | xargs cat > text"

  private func ninjaFile(_ count: Int) -> String {
    var text = "rule copy\n  command = cp $in $out\nrule join\n"
    text += "  command = xargs cat < $out.rsp > $out\n"
    text += "  rspfile = $out.rsp\n  rspfile_content = $in_newline\n"
    for number in 0..<count { text += "build out/\(number).txt: copy in/\(number).txt\n" }
    for half in 0..<2 {
      text += "build join\(half).txt: join"
      for number in stride(from: half, to: count, by: 2) { text += " out/\(number).txt" }
      text += "\n"
    }
    return text
  }

  // MARK: Hashing

  /// New files that lie in the page cache: ours on one thread, ours on all, xxhsum.
  func hashing(files: Int, bytes: Int, threads: Int) throws -> Hashing {
    let place = folder + "/hashing"
    defer { try? Disk.removeTree(place) }
    try Disk.makeFolders(place)
    var block = [UInt8](repeating: 0, count: bytes)
    var paths: [String] = []
    var state: UInt64 = 1
    for index in block.indices {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      block[index] = UInt8(truncatingIfNeeded: state >> 56)
    }
    for number in 0..<files {
      block[0] = UInt8(truncatingIfNeeded: number)
      paths.append("\(place)/\(number)")
      try Disk.writeWhole(block, to: paths[number])
    }
    var one: [Double] = []
    var all: [Double] = []
    var peer: [Double] = []
    for _ in 0..<max(3, repeats / 2) {
      var begin = Clock.seconds()
      let digests = try FileHasher.digests(of: paths, width: 1)
      one.append(Clock.seconds() - begin)
      begin = Clock.seconds()
      guard try FileHasher.digests(of: paths, width: threads) == digests else {
        throw MeasuredProgram.Failure(message: "two threads hashed otherwise than one")
      }
      all.append(Clock.seconds() - begin)
      if let xxhsum {
        let measured = try starter.run([xxhsum, "-q", "-H2"] + paths, in: "/")
        let theirs = measured.output.split(separator: "\n").map { $0.prefix(32) }
        guard theirs.elementsEqual(digests.map(\.description), by: { $0 == $1 }) else {
          throw MeasuredProgram.Failure(message: "xxhsum finds other digests")
        }
        peer.append(measured.seconds)
      }
    }
    return Hashing(
      bytes: files * bytes, files: files, oneThread: Self.median(one),
      allThreads: Self.median(all), threads: threads,
      peer: peer.isEmpty ? nil : Self.median(peer))
  }

  private static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
  }
}
