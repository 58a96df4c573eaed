import Glibc
import TestSupport
import Testing

/// A project that things happen to, held against the model after every one of them.
final class Walk {
  let project: TestProject
  private var model = WalkModel()
  private var numbers: SeededNumbers
  private var profile = "small"
  private(set) var rounds = 0
  private(set) var deeds: [String: Int] = [:]
  /// The last deeds, newest last, to tell what led to a failure.
  private var story: [String] = []

  init(seed: UInt64) throws {
    project = try TestProject()
    numbers = SeededNumbers(seed: seed)
    try model.write(to: project)
  }

  /// One deed, and what must hold after it: nothing wrong is called fresh; a run makes everything
  /// right; another run does nothing.
  func step() throws {
    rounds += 1
    let deed = Deed.allCases.randomElement(using: &numbers) ?? .touch
    deeds["\(deed)", default: 0] += 1
    story = story.suffix(7) + ["\(deed)"]
    try happen(deed)
    if any(3) == 0 { profile = pick(WalkModel.profiles) }
    if try run("status", "--check").status == 0 { try expectRight("called fresh") }
    try expectRun("after it")
    _ = try project.takeRan()
    try expectRun("again")
    #expect(try project.takeRan().isEmpty, "\(story)")
  }

  private func expectRun(_ when: String) throws {
    // A failed check would keep what is independent of it from starting, and the model makes all.
    let end = try run("run", "--keep-going")
    #expect(end.status == (model.isBlocked(profile) ? 1 : 0), "\(when): \(story)\n\(end.error)")
    try expectRight(when)
    let status = try run("status", "--check").status
    #expect(status == (model.isBlocked(profile) ? 1 : 0), "\(when): \(story)")
  }

  private func run(_ arguments: String...) throws -> ProgramResult {
    try project.run(arguments: arguments + ["--profile", profile])
  }

  private func expectRight(_ when: String) throws {
    for (path, text) in model.results(profile) {
      let found = try? project.read("cache/current/\(profile)/\(path)/text")
      #expect(found == text, "\(when), \(path) of \(profile), round \(rounds): \(story)")
    }
    let parts = try project.list("cache/current/\(profile)/part")
    #expect(parts == (model.chosen[profile] ?? []).sorted(), "\(when): \(story)")
  }

  // MARK: Deeds

  private enum Deed: CaseIterable {
    case editWords, editPart, editKeepingTime, touch, future, executable, addFile, removeFile
    case partitions, factor, check, severity, layout
    case truncateResult, editResult, deleteResult, deleteLink, deleteRecord, deleteIndex
    case deleteSnapshots, breakSnapshot, collect, verify
    case killProgram, killWorker, interrupt, together, force, only, set, failingStep
  }

  private func any(_ count: Int) -> Int { Int.random(in: 0..<count, using: &numbers) }

  private func pick<Element>(_ list: [Element]) -> Element { list[any(list.count)] }

  private func happen(_ deed: Deed) throws {
    switch deed {
    case .editWords: model.words = pick(["one two\n", "two one\n", "three\n", "a\nb\nc\nd\n"])
    case .editPart: model.parts[pick(["a", "b", "c"])] = pick(["1\n", "2\n", "x\ny\n", "zz\n"])
    case .partitions:
      model.chosen[pick(WalkModel.profiles)] = pick([["a"], ["b", "a"], ["a", "b", "c"], ["c"]])
    case .factor: model.factors[pick(WalkModel.profiles)] = pick(["s", "l", "m"])
    case .check: model.limit = pick([2, 4, 9])
    case .severity: model.isBlocking.toggle()
    case .layout: model.layout = any(60)
    case .addFile: model.parts["d"] = pick(["4\n", "5\n"])
    case .removeFile:
      model.parts["d"] = nil
      project.remove("parts/d.txt")
    case .editKeepingTime:
      model.words = String(model.words.dropLast().reversed()) + "\n"
      try project.keepingTimes(of: "words.txt") { try project.write("words.txt", model.words) }
    case .touch: project.setTime(of: "words.txt", to: 1 + any(2_000_000_000))
    case .future: project.setTime(of: "parts/a.txt", to: 3_000_000_000 + any(1_000_000_000))
    case .executable: chmod(project.file("words.txt"), any(2) == 0 ? 0o755 : 0o644)
    default: try damageOrDisturb(deed)
    }
    try model.write(to: project)
  }

  private func damageOrDisturb(_ deed: Deed) throws {
    switch deed {
    case .truncateResult, .editResult, .deleteResult: try damage(deed)
    case .deleteLink: project.remove("cache/current/\(profile)/\(pick(["upper", "sum", "part"]))")
    case .deleteRecord:
      project.remove("cache/records.jsonl")
    case .deleteIndex:
      for suffix in ["", "-wal", "-shm"] { project.remove("cache/state.sqlite\(suffix)") }
    case .deleteSnapshots:
      project.remove("cache/snapshots")
      project.remove("cache/pipelines")
    case .breakSnapshot: try breakSnapshot()
    case .collect: #expect(try run("cache", "gc", "--keep-runs", "\(any(3))").status == 0)
    case .verify: _ = try run("cache", "verify")
    default: try disturb(deed)
    }
  }

  /// Alters a file of a result as somebody with all rights can, sometimes hiding it.
  private func damage(_ deed: Deed) throws {
    let results = try list("cache/results")
    guard !results.isEmpty else { return }
    let name = "cache/results/\(pick(results))/text"
    guard project.exists(name) else { return }
    let file = project.file(name)
    switch deed {
    case .truncateResult:
      chmod(file, 0o644)
      truncate(file, off_t(any(3)))
    case .editResult:
      let text = try project.read(name)
      chmod(file, 0o644)
      try project.keepingTimes(of: name) {
        try project.write(name, String(repeating: "?", count: text.utf8.count))
      }
      if any(2) == 0 { chmod(file, 0o444) }
    default: unlink(file)
    }
  }

  private func breakSnapshot() throws {
    for folder in ["cache/snapshots", "cache/pipelines"] {
      for name in try list(folder) {
        var bytes = try project.bytes("\(folder)/\(name)")
        guard !bytes.isEmpty else { continue }
        bytes[any(bytes.count)] ^= UInt8(1 << any(8))
        try project.write("\(folder)/\(name)", bytes: bytes)
      }
    }
  }

  private func disturb(_ deed: Deed) throws {
    // Something to do, so that the disturbance finds it being done.
    model.words = "round \(rounds)\n"
    model.factors[profile] = "f\(rounds)"
    try model.write(to: project)
    let moment = UInt32(any(60_000))
    switch deed {
    case .killProgram, .interrupt:
      let running = try project.start("run", "--profile", profile)
      usleep(moment)
      running.signal(deed == .interrupt ? SIGINT : SIGKILL)
      _ = try running.wait()
    case .killWorker:
      let running = try project.start("run", "--profile", profile)
      usleep(moment)
      for child in children(of: running.process) { kill(child, SIGKILL) }
      _ = try running.wait()
    case .together:
      let running = try WalkModel.profiles.map { try project.start("run", "--profile", $0) }
      for program in running { _ = try program.wait() }
    case .force: _ = try run("run", "--force", pick(["sum", "part"]))
    case .only: _ = try run("run", "--only", pick(["upper", "part", "all"]))
    case .set: _ = try run("run", "--set", "part.factor=\(pick(["s", "q"]))")
    case .failingStep:
      let good = try project.read("pipeline.yaml")
      try project.write(
        "pipeline.yaml", good.replacing("echo each >>", with: "echo half > text; exit 1; echo >>"))
      _ = try run("run", "--keep-going")
      try project.write("pipeline.yaml", good)
    default: return
    }
  }

  private func list(_ folder: String) throws -> [String] {
    project.exists(folder) ? try project.list(folder) : []
  }
}
