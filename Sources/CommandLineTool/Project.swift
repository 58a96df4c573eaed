import BuildEngine
import Diagnostics
import Glibc
import PipelineFile
import Steps

/// The pipeline a command works on: found, read and resolved for one profile.
struct Project {
  /// The folder of the pipeline file, absolute.
  let root: String
  let loaded: PipelineLoader.Loaded

  var pipeline: Pipeline { loaded.pipeline }

  /// Finds and loads the pipeline; tells every problem and throws the exit status when it is wrong.
  static func load(_ options: PipelineOptions, _ terminal: Terminal) throws -> Project {
    try load(try ProjectFile.find(options, terminal), options, terminal)
  }

  static func load(
    _ file: ProjectFile, _ options: PipelineOptions, _ terminal: Terminal
  ) throws -> Project {
    do throws(DiagnosticError) {
      let forms = PipelineForms(
        cache: file.root + "/cache", toolIdentifier: SnapshotInvocation.currentTool())
      let loader = PipelineLoader(catalog: BuiltinSteps.catalog, store: forms.store)
      let loaded = try loader.load(
        file.path, name: file.shownName, profile: options.profile, overrides: options.overrides)
      terminal.report(loaded.warnings, files: loaded.files)
      return Project(root: file.root, loaded: loaded)
    } catch {
      terminal.report(error.diagnostics, files: error.files)
      throw ExitStatus.invalidInput.exit
    }
  }
}

/// Where the pipeline file is.
struct ProjectFile {
  /// Absolute.
  let path: String
  /// Absolute, without the file.
  let root: String
  /// As messages show it: relative to where the user is.
  let shownName: String

  static let defaultName = "pipeline.yaml"

  /// Why there is none.
  enum Missing: Error {
    case folder(String, code: Int32)
    case file
  }

  /// The file named by `-f`, or the nearest `pipeline.yaml` at or above the working folder.
  static func find(_ options: PipelineOptions, _ terminal: Terminal) throws -> ProjectFile {
    do throws(Missing) {
      return try find(directory: options.directory, file: options.file)
    } catch {
      switch error {
      case .folder(let folder, let code):
        terminal.fail("cannot go to folder `\(folder)`: \(String(cString: strerror(code)))")
        throw ExitStatus.usage.exit
      case .file:
        terminal.fail("there is no `\(defaultName)` here or in a folder above")
        terminal.note(
          "help: `nanobuild init` writes one, `-C DIR` and `-f FILE` name another place")
        throw ExitStatus.invalidInput.exit
      }
    }
  }

  /// As above; goes to `directory` first.
  static func find(directory: String?, file: String?) throws(Missing) -> ProjectFile {
    if let directory, chdir(directory) != 0 { throw .folder(directory, code: errno) }
    let here = workingFolder()
    if let file {
      let path = file.hasPrefix("/") ? file : here + "/" + file
      return ProjectFile(path: path, root: realFolder(of: path), shownName: file)
    }
    var folder = here
    var shown = defaultName
    while true {
      let candidate = folder == "/" ? "/" + defaultName : folder + "/" + defaultName
      if access(candidate, F_OK) == 0 {
        return ProjectFile(path: candidate, root: folder, shownName: shown)
      }
      guard folder != "/", let slash = folder.lastIndex(of: "/") else { throw .file }
      folder = slash == folder.startIndex ? "/" : String(folder[..<slash])
      shown = "../" + shown
    }
  }

  static func workingFolder() -> String {
    guard let buffer = getcwd(nil, 0) else { return "." }
    defer { free(buffer) }
    return String(cString: buffer)
  }

  private static func realFolder(of path: String) -> String {
    let folder =
      path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    guard let buffer = realpath(folder, nil) else { return folder }
    defer { free(buffer) }
    return String(cString: buffer)
  }
}

extension Terminal {
  /// Shows diagnostics on standard error.
  func report(_ diagnostics: [Diagnostic], files: [SourceFile]) {
    guard !diagnostics.isEmpty else { return }
    let text = DiagnosticRenderer(files: files, usesColor: errorUsesColor).render(diagnostics)
    drawOnError(text.hasSuffix("\n") ? text : text + "\n")
  }
}
