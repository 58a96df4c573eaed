import BuildEngine
import CSystem
import Diagnostics
import Glibc
import PipelineFile
import Steps

/// A loaded pipeline with the engine on its cache.
struct Session {
  let project: Project
  let engine: Engine
  /// The pipeline's files as they were when they were read; nil when that can't be said.
  let pipelineFiles: [GuardedFile]?

  var pipeline: Pipeline { project.pipeline }

  static func open(_ options: PipelineOptions, _ terminal: Terminal) throws -> Session {
    try open(try ProjectFile.find(options, terminal), options, terminal)
  }

  static func open(
    _ file: ProjectFile, _ options: PipelineOptions, _ terminal: Terminal
  ) throws -> Session {
    // Stamped first: a file that is edited while it is read makes the snapshot worthless.
    let before = GuardedFile(path: file.path)
    let project = try Project.load(file, options, terminal)
    let main = project.loaded.files.first.flatMap { before?.holding($0.bytes) }
    let files = [main] + project.loaded.files.dropFirst().map(Self.guarded)
    return try terminal.reporting {
      let graph = try BuildGraph(assets: project.pipeline.assetNodes(root: project.root))
      let engine = try Engine(
        graph: graph, configuration: Self.configuration(project))
      return Session(
        project: project, engine: engine,
        pipelineFiles: files.contains { $0 == nil } ? nil : files.compactMap { $0 })
    }
  }

  /// Which files a profile has is known only once it is read: it is stamped then and must still be
  /// what was read.
  private static func guarded(_ file: SourceFile) -> GuardedFile? {
    guard let stamp = GuardedFile(path: file.path, bytes: file.bytes),
      (try? ResultFiles.optionalBytes(file.path)) == file.bytes
    else { return nil }
    return stamp
  }

  /// Leaves proof that everything is fresh, so that the next `run` or `status` need not look.
  func saveSnapshot(_ invocation: SnapshotInvocation) {
    guard var files = pipelineFiles, pipeline.only == nil || !invocation.targets.isEmpty else {
      return
    }
    if files.contains(where: { $0.isRacy }) {
      // Just edited: stamped again once the clock has moved on, if they still are what was read.
      usleep(UInt32(Clock.grain / 1000 + 2_000))
      let renewed = project.loaded.files.map(Self.guarded)
      guard !renewed.contains(where: { $0 == nil }) else { return }
      files = renewed.compactMap { $0 }
    }
    // Only speed is lost when it can't be saved, such as on a full disk.
    _ = try? engine.saveSnapshot(invocation, pipelineFiles: files)
  }

  /// What identifies the answer to `run` and `status` with these options.
  static func invocation(
    _ file: ProjectFile, profile: String?, overrides: [String], targets: [String]
  ) -> SnapshotInvocation {
    SnapshotInvocation(
      pipelinePath: file.path, profile: profile, overrides: overrides, targets: targets,
      toolIdentifier: SnapshotInvocation.currentTool())
  }

  static func invocation(
    _ file: ProjectFile, _ options: PipelineOptions, targets: [String]
  ) -> SnapshotInvocation {
    invocation(file, profile: options.profile, overrides: options.overrides, targets: targets)
  }

  static func configuration(_ project: Project) -> EngineConfiguration {
    EngineConfiguration(
      projectRoot: project.root, cacheRoot: project.root + "/cache",
      profile: project.pipeline.profile, environment: ProcessVariables.all,
      cores: Int(nb_usable_processors()), memory: Int(nb_usable_memory()))
  }

  /// As `Terminal.reporting`; files that are not there are all told at once, each where the pipeline
  /// file names it.
  func reporting<Result>(
    _ terminal: Terminal, _ targets: [String], _ body: () throws -> Result
  ) throws -> Result {
    try terminal.reporting {
      do { return try body() } catch let error as BuildError {
        let found = error.concernsSources ? try diagnostics(targets) : []
        guard !found.isEmpty else { throw error }
        terminal.report(found, files: project.loaded.files)
        throw ExitStatus.invalidInput.exit
      }
    }
  }

  /// What is wrong with the files that the targets need.
  private func diagnostics(_ targets: [String]) throws -> [Diagnostic] {
    let faults = try engine.graph.sourceFaults(projectRoot: project.root, targets: targets)
    return pipeline.diagnostics(for: faults)
  }

  /// The assets a command without targets works on: those of the profile's `only`, or all.
  func targets(_ given: [String]) -> [String] {
    given.isEmpty ? pipeline.only ?? [] : given
  }

  /// The program that workers are: this one.
  static var launcher: ProcessLauncher { ProcessLauncher(executable: executablePath) }

  static var executablePath: String {
    guard let buffer = realpath("/proc/self/exe", nil) else { return CommandLine.arguments[0] }
    defer { free(buffer) }
    return String(cString: buffer)
  }
}

extension Terminal {
  /// Runs `body`; an error of the engine is told and becomes the exit status it deserves.
  func reporting<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let error as BuildError {
      fail(error.message, help: error.help)
      throw error.exitStatus.exit
    } catch let failure as StepFailure {
      fail(failure.message, help: failure.help)
      throw ExitStatus.failed.exit
    }
  }

  /// Says what is wrong; the caller ends with the status it deserves. Messages quote data and
  /// arguments, which must not drive the terminal.
  func fail(_ message: String, help: String? = nil) {
    flush()
    note(Style.bad("error:", errorUsesColor) + " " + PrintableText.clean(message))
    if let help { note("help: " + PrintableText.clean(help)) }
  }
}

extension BuildError {
  /// Files of the project are not as the pipeline needs them.
  fileprivate var concernsSources: Bool {
    switch self {
    case .missingInput, .emptyGlob, .unreadableInput, .specialInput, .tooManyLevels: true
    default: false
    }
  }

  /// What the command line was wrong about, what the project's files are wrong about, the rest.
  fileprivate var exitStatus: ExitStatus {
    switch self {
    case .unknownAsset, .unknownPartition, .forcedOutsideRun: .usage
    case .duplicateAsset, .invalidName, .cycle, .unknownInput, .duplicatePartition,
      .partitionNotFollowed, .missingInput, .emptyGlob, .unreadableInput, .specialInput,
      .tooManyLevels:
      .invalidInput
    case .inputKeepsChanging, .cacheInUse, .cacheNotWritable, .database, .noCurrentResult,
      .resultIsNoFolder, .specialFileInResult,
      .escapingLinkInResult, .unnameableFileInResult, .cannotStartWorker, .unreadableRequest,
      .unknownStep, .unknownCheck, .missingSecret, .system:
      .failed
    }
  }
}
