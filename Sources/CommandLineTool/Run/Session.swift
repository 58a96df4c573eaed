import BuildEngine
import Glibc
import PipelineFile
import Steps

/// A loaded pipeline with the engine on its cache.
struct Session {
  let project: Project
  let engine: Engine

  var pipeline: Pipeline { project.pipeline }

  static func open(_ options: PipelineOptions, _ terminal: Terminal) throws -> Session {
    let project = try Project.load(options, terminal)
    return try terminal.reporting {
      let graph = try BuildGraph(assets: project.pipeline.assetNodes(root: project.root))
      let engine = try Engine(
        graph: graph, configuration: Self.configuration(project))
      return Session(project: project, engine: engine)
    }
  }

  static func configuration(_ project: Project) -> EngineConfiguration {
    EngineConfiguration(
      projectRoot: project.root, cacheRoot: project.root + "/cache",
      profile: project.pipeline.profile, environment: ProcessVariables.all,
      cores: max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))),
      memory: sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)))
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
      flush()
      note(Style.bad("error:", errorUsesColor) + " " + error.message)
      if let help = error.help { note("help: \(help)") }
      throw error.exitStatus.exit
    }
  }
}

extension BuildError {
  /// What the command line was wrong about, what the project's files are wrong about, the rest.
  fileprivate var exitStatus: ExitStatus {
    switch self {
    case .unknownAsset: .usage
    case .duplicateAsset, .invalidName, .cycle, .unknownInput, .duplicatePartition,
      .partitionNotFollowed, .missingInput, .emptyGlob, .unreadableInput, .tooManyLevels:
      .invalidInput
    case .inputKeepsChanging, .cacheNotWritable, .database, .noCurrentResult, .specialFileInResult,
      .escapingLinkInResult, .unnameableFileInResult, .cannotStartWorker, .unreadableRequest,
      .unknownStep, .unknownCheck, .missingSecret, .system:
      .failed
    }
  }
}
