import BuildEngine
import JSON
import Synchronization
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct ExecutionTests {
  @Test func aFailureBlocksWhatNeedsItAndKeepGoingFinishesTheRest() throws {
    let lab = try EngineLab()
    lab.toys.define("fail") { _ in throw StepFailure("no luck", help: "try again") }
    let assets = [
      AssetNode(name: "bad", step: "fail"), join("after", ["in": .asset("bad")]),
      join("free"), join("last", ["in": .asset("free")]),
    ]
    let report = try lab.run(assets, RunOptions(jobs: 1))
    #expect(report.executed == ["bad"])
    #expect(report.summary.status == .failed)
    #expect(report.summary.failed == 1)
    #expect(report.summary.blocked == 1)
    #expect(report.summary.notStarted == 2)
    #expect(report.outcomes["after"] == .blocked(by: "bad"))
    #expect(report.outcomes["free"] == .notStarted)
    #expect(report.failures["bad"]?.message == "no luck")
    #expect(report.failures["bad"]?.help == "try again")
    let going = try lab.run(assets, RunOptions(jobs: 1, keepGoing: true))
    #expect(going.executed == ["bad", "free", "last"])
    #expect(going.summary.blocked == 1)
  }

  @Test func retriesStopAtTheFirstSuccess() throws {
    let lab = try EngineLab()
    let attempts = Counter()
    lab.toys.define("flaky") { context in
      if attempts.next() < 3 { throw StepFailure("not yet") }
      try Toys.put("done", context)
    }
    var node = AssetNode(name: "a", step: "flaky", retries: 5)
    let report = try lab.run([node])
    #expect(report.executed == ["a", "a", "a"])
    #expect(report.summary.status == .done)
    node.name = "b"
    node.retries = 1
    node.keyParameters = ["other": true]
    attempts.reset()
    let failing = try lab.run([node])
    #expect(failing.executed == ["b", "b"])
    #expect(failing.failures["b"]?.message == "not yet")
  }

  @Test func whatAFailedAttemptLeftIsGoneUnlessTheStepResumes() throws {
    let lab = try EngineLab()
    let attempts = Counter()
    lab.toys.define("messy") { context in
      if attempts.next() == 1 {
        try Disk.writeWhole([1], to: context.output + "/half")
        throw StepFailure("broke off")
      }
      let left = Disk.exists(context.output + "/half")
      try? Disk.removeFile(context.output + "/half")
      try Toys.put(left ? "resumed" : "clean", context)
    }
    var node = AssetNode(name: "a", step: "messy", retries: 1)
    try lab.run([node])
    #expect(try lab.text("a") == "clean")
    node.name = "b"
    node.isResumable = true
    node.keyParameters = ["other": true]
    attempts.reset()
    try lab.run([node])
    #expect(try lab.text("b") == "resumed")
  }

  @Test func aStepThatTakesTooLongIsStopped() throws {
    let lab = try EngineLab()
    var node = shell("slow", "trap '' TERM; sleep 20 & wait; wait")
    node.timeout = 0.2
    let start = Clock.seconds()
    let report = try lab.run([node])
    #expect(report.failures["slow"]?.message == "it ran longer than its timeout of 0.2 s")
    #expect(Clock.seconds() - start < 5)
  }

  @Test func aStepThatTakesTooMuchMemoryIsStopped() throws {
    let lab = try EngineLab()
    var node = shell(
      "big", "x=0123456789; while :; do x=$x$x; test ${#x} -lt 60000000 || sleep 20; done")
    node.resources.memory = 30 << 20
    node.timeout = 20
    let report = try lab.run([node])
    let message = report.failures["big"]?.message ?? ""
    #expect(message.contains("of memory; its limit is 31.5 MB"), "\(message)")
  }

  @Test func aCrashedWorkerFailsItsTaskOnly() throws {
    let lab = try EngineLab()
    let report = try lab.run(
      [shell("crash", "kill -SEGV $$"), join("free")], RunOptions(keepGoing: true))
    #expect(report.failures["crash"]?.message == "its worker was ended by SIGSEGV (a crash)")
    #expect(report.executed == ["free"])
  }

  @Test func processesLeftBehindAreEndedBeforeTheResultIsTaken() throws {
    let lab = try EngineLab()
    let node = shell(
      "a", "echo good > text; (sleep 0.3; echo evil > $NB_OUT/text; echo evil > text) &")
    try lab.run([node])
    usleep(500_000)
    #expect(try lab.text("a") == "good\n")
    #expect(try lab.run([node]).summary.fresh == 1)
  }

  @Test func onlyDeclaredEnvironmentReachesACommand() throws {
    let lab = try EngineLab()
    let command =
      "env | grep -v -e ^PWD= -e ^_= -e ^OLDPWD= -e ^PATH= | sed \"s#$NB_ROOT#R#g\" | cut -c1-28 | sort > text"
    var node = shell("a", command, ["f": .path("f")], environment: ["LANG"])
    node.parameters["n"] = 3
    node.parameters["words"] = ["a", "b c"]
    node.keyParameters = node.parameters
    try lab.write("f", "1")
    try lab.run([node], environment: ["LANG": "C", "SECRET": "x"])
    let lines = try lab.text("a").split(separator: "\n").map(String.init)
    #expect(
      lines
        == [
          "LANG=C", "NB_INPUT_f=R/f", "NB_OUT=R/cache/staging/", "NB_PARAM_n=3", "NB_PARAM_words=a",
          "NB_ROOT=R", "b c",
        ]
        .map { $0 }
        || lines.contains("NB_INPUT_f=R/f") && lines.contains("NB_PARAM_n=3")
          && lines.contains("NB_PARAM_words=a") && lines.contains("LANG=C")
          && !lines.contains { $0.hasPrefix("SECRET") },
      "\(lines)")
  }

  @Test func secretsReachTheStepAndNothingElse() throws {
    let lab = try EngineLab()
    let seen = Counter()
    lab.toys.define("secret") { context in
      if context.parameters["token"] == "s3cret" { _ = seen.next() }
      try Toys.put("x", context)
    }
    let node = AssetNode(
      name: "a", step: "secret", parameters: ["token": "${env:TOKEN}"], secretParameters: ["token"])
    try lab.run([node], environment: ["TOKEN": "s3cret"])
    #expect(seen.value == 1)
    #expect(try lab.run([node], environment: ["TOKEN": "other"]).executed.isEmpty)
    var other = node
    other.name = "b"
    other.keyParameters = ["n": 1]
    let report = try lab.run([other])
    #expect(report.failures["b"]?.message.contains("`TOKEN`, which is not set") == true)
    let grep = system("grep -rq s3cret '\(lab.cache)'")
    #expect(grep != 0)
  }

  @Test func anInterruptKeepsWorkForLater() throws {
    let lab = try EngineLab()
    let started = Counter()
    lab.toys.define("long") { context in
      let place = context.output + "/progress"
      let from = (try? Toys.contents(place)).flatMap { Int($0) } ?? 0
      if from > 0 { return try Toys.put("from \(from)", context) }
      _ = started.next()
      for step in 1..<2_000 {
        usleep(5_000)
        guard context.reporter.isCancelled else { continue }
        try Disk.writeWhole(Array("\(step)".utf8), to: place)
        throw StepInterrupted()
      }
    }
    var node = AssetNode(name: "a", step: "long")
    node.isResumable = true
    let interruption = Interruption()
    let thread = Background {
      while started.value == 0 { usleep(1000) }; interruption.request()
    }
    let report = try lab.run(
      [node, join("b", ["in": .asset("a")])], RunOptions(interruption: interruption))
    thread.wait()
    #expect(report.summary.status == .interrupted)
    #expect(report.summary.interrupted == 2)
    let next = try lab.run([node, join("b", ["in": .asset("a")])])
    #expect(next.summary.status == .done)
    #expect(try lab.text("a").hasPrefix("from "))
  }

  @Test func anInterruptEndsCommandsAndASecondKills() throws {
    let lab = try EngineLab()
    for command in ["sleep 30", "trap '' TERM; sleep 30 & wait; wait; wait"] {
      let interruption = Interruption()
      let isStubborn = command.hasPrefix("trap")
      let thread = Background {
        usleep(150_000)
        interruption.request()
        if isStubborn {
          usleep(150_000)
          interruption.request()
        }
      }
      let start = Clock.seconds()
      let report = try lab.run([shell("a", command)], RunOptions(interruption: interruption))
      thread.wait()
      #expect(report.summary.status == .interrupted)
      #expect(Clock.seconds() - start < 5)
    }
  }

  @Test func coresAreNeverOversubscribed() throws {
    let lab = try EngineLab()
    let running = Counter()
    let most = Counter()
    let wrong = Counter()
    lab.toys.define("busy") { context in
      let now = running.next()
      most.raise(to: now)
      if context.threads == 2 && now != 1 { _ = wrong.next() }
      usleep(20_000)
      running.decrement()
      try Toys.put(context.asset, context)
    }
    var assets = (0..<6).map {
      AssetNode(name: "one\($0)", step: "busy", keyParameters: ["n": .int($0)])
    }
    assets.insert(
      AssetNode(name: "all", step: "busy", resources: TaskResources(cores: .all)), at: 3)
    let report = try lab.run(assets, RunOptions(jobs: 2))
    #expect(report.summary.ran == 7)
    #expect(most.value == 2)
    #expect(wrong.value == 0)
  }

  @Test func networkStepsRunBesideATrainer() throws {
    let lab = try EngineLab()
    let running = Counter()
    let most = Counter()
    lab.toys.define("wait") { context in
      most.raise(to: running.next())
      usleep(60_000)
      running.decrement()
      try Toys.put(context.asset, context)
    }
    let assets = [
      AssetNode(
        name: "train", step: "wait", keyParameters: ["n": 1], resources: TaskResources(cores: .all)),
      AssetNode(
        name: "fetch", step: "wait", keyParameters: ["n": 2],
        resources: TaskResources(isNetworkBound: true)),
    ]
    try lab.run(assets, RunOptions(jobs: 1))
    #expect(most.value == 2)
  }

  // MARK: What may be in a result

  @Test func hardLinksToTheUsersFilesAreCutLoose() throws {
    let lab = try EngineLab()
    try lab.write("f", "mine")
    let node = shell("a", "ln $NB_INPUT_f text", ["f": .path("f")])
    try lab.run([node])
    #expect(Disk.status("\(lab.root)/f")?.permissions == 0o644)
    try lab.write("f", "edit")
    #expect(try lab.text("a") == "mine")
  }

  @Test func linksMustStayInside() throws {
    let lab = try EngineLab()
    try lab.write("f", "mine")
    try lab.run([
      shell("a", "mkdir d; echo x > d/real; ln -s d/real text; mkdir empty; chmod +x d/real")
    ])
    #expect(try lab.text("a") == "x\n")
    for command in [
      "ln -s /etc/passwd text", "ln -s ../../x text", "ln -s nowhere text", "mkfifo text",
    ] {
      let report = try lab.run([shell("b", command)])
      #expect(report.summary.failed == 1, "\(command)")
      #expect(report.failures["b"]?.message.contains("`text`") == true)
    }
  }

  @Test func emptyResultsAndFoldersAreResults() throws {
    let lab = try EngineLab()
    let assets = [shell("a", "true"), shell("b", "mkdir -p x/y"), shell("c", "mkdir -p x/z")]
    try lab.run(assets)
    #expect(try lab.run(assets).summary.fresh == 3)
    let digests = try lab.plan(assets).tasks.map(\.action)
    #expect(Set(digests).count == 3)
  }

  // MARK: History

  @Test func runsAreRemembered() throws {
    let lab = try EngineLab()
    lab.toys.define("measured") { context in
      context.reporter.metric("loss", 1.5)
      context.reporter.measurement("rate", 100)
      context.reporter.sample(step: 1, ["loss": 2.5])
      context.reporter.log("hello log")
      try Toys.put("x", context)
    }
    let assets = [AssetNode(name: "a", step: "measured"), join("b", ["in": .asset("a")])]
    let report = try lab.run(assets)
    try lab.run(assets)
    let engine = try lab.engine(assets)
    let runs = try engine.history()
    #expect(runs.map(\.id) == [report.summary.id])
    #expect(runs[0].status == 0)
    let tasks = try engine.tasks(ofRun: runs[0].id)
    #expect(Set(tasks.map(\.task.asset)) == ["a", "b"])
    let a = try #require(tasks.first { $0.task.asset == "a" })
    #expect(a.metrics == ["loss": 1.5])
    #expect(a.numbers == ["rate": 100])
    let log = try #require(try engine.logPath(of: "a"))
    #expect(try lab.read(log) == "hello log\n")
    let folder = lab.layout.run(runs[0].id)
    #expect(try lab.read(folder + "/metrics.jsonl").contains("\"loss\":2.5"))
    #expect(try lab.read(folder + "/events.jsonl").contains("run_finished"))
    let details = try engine.show("b")
    #expect(details.tasks[0].files.map(\.path) == ["text"])
    #expect(try engine.path(of: "b") == lab.layout.current(profile: "quick", asset: "b"))
    #expect(try engine.status().map(\.state) == [.fresh, .fresh])
    #expect(try engine.status()[0].metrics == ["loss": 1.5])
  }
}

/// A number several threads count with.
final class Counter: Sendable {
  private let count = Mutex(0)
  var value: Int { count.withLock { $0 } }
  func next() -> Int {
    count.withLock {
      $0 += 1
      return $0
    }
  }
  func decrement() { count.withLock { $0 -= 1 } }
  func raise(to other: Int) { count.withLock { $0 = max($0, other) } }
  func reset() { count.withLock { $0 = 0 } }
}

/// Something done on another thread.
final class Background: Sendable {
  private let isDone = Mutex(false)

  init(_ body: @escaping @Sendable () -> Void) {
    let box = Unmanaged.passRetained(Work(owner: self, body: body))
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { pointer in
        guard let pointer else { return nil }
        let work = Unmanaged<Work>.fromOpaque(pointer).takeRetainedValue()
        work.body()
        work.owner.isDone.withLock { $0 = true }
        return nil
      }, box.toOpaque())
    pthread_detach(thread)
  }

  func wait() { while !isDone.withLock({ $0 }) { usleep(500) } }

  private final class Work: Sendable {
    let owner: Background
    let body: @Sendable () -> Void
    init(owner: Background, body: @escaping @Sendable () -> Void) {
      self.owner = owner
      self.body = body
    }
  }
}
