import BuildEngine
import Diagnostics
import Glibc
import JSON
import Steps

/// A command line that a freshness snapshot may answer: `run`, `status` or `--version` with options
/// that don't change what is looked at.
///
/// This comes before the argument parser, whose table of commands and options costs more than
/// looking at a thousand files. It knows only the plainest spellings: everything else, all errors
/// included, is left to the parser, which is always right, only slower.
package struct FreshRequest: Equatable {
  package enum Command: Equatable {
    case run, status, version
  }

  package var command: Command
  package var targets: [String] = []
  package var directory: String?
  package var file: String?
  package var profile: String?
  package var overrides: [String] = []
  package var noColor = false
  package var plain = false
  package var json = false

  /// Nil when the arguments hold anything that is not known here.
  package init?(_ arguments: [String]) {
    if arguments == ["--version"] {
      command = .version
      return
    }
    var found: Command?
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      func value() -> String? {
        // The parser has its own view of values that look like options.
        guard let value = rest.popFirst(), !value.hasPrefix("-") else { return nil }
        return value
      }
      switch argument {
      case "-C":
        guard directory == nil, let value = value() else { return nil }
        directory = value
      case "-f":
        guard file == nil, let value = value() else { return nil }
        file = value
      case "--no-color": noColor = true
      case "--plain": plain = true
      case "--profile" where found != nil:
        guard profile == nil, let value = value() else { return nil }
        profile = value
      case "--set" where found != nil:
        guard let value = value() else { return nil }
        overrides.append(value)
      case "-j" where found == .run, "--jobs" where found == .run:
        guard let value = value(), let jobs = Int(value), jobs >= 1 else { return nil }
      case "--keep-going" where found == .run, "--check" where found == .status: break
      case "--json" where found != nil: json = true
      case "run" where found == nil: found = .run
      case "status" where found == nil: found = .status
      default:
        guard found != nil, !argument.hasPrefix("-") else { return nil }
        targets.append(argument)
      }
    }
    guard let found else { return nil }
    command = found
  }

  /// Says that everything is fresh if a snapshot proves it; false, having said nothing, if not.
  func answer() -> Bool {
    if command == .version {
      puts(ToolVersion.text)
      return true
    }
    // The parser's way starts from the same folder.
    let start = directory == nil ? -1 : open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard let snapshot = snapshot() else {
      if start >= 0 {
        fchdir(start)
        close(start)
      }
      return false
    }
    let terminal = Terminal(
      noColor: noColor, plain: plain, variable: { getenv($0).map { String(cString: $0) } })
    switch command {
    case .run: sayFresh(snapshot, terminal)
    case .status:
      var statuses: [AssetStatus] = []
      statuses.reserveCapacity(snapshot.assetCount)
      snapshot.forEachAsset { statuses.append($0) }
      StatusCommand.show(statuses, profile: snapshot.profile, json: json, terminal)
    case .version: break
    }
    terminal.flush()
    return true
  }

  private func snapshot() -> FreshnessSnapshot? {
    guard let file = try? ProjectFile.find(directory: directory, file: file) else { return nil }
    let invocation = Session.invocation(
      file, profile: profile, overrides: overrides, targets: targets)
    return FreshnessSnapshot.load(
      cache: file.root + "/cache", invocation: invocation,
      variable: { getenv($0).map { String(cString: $0) } })
  }

  private func sayFresh(_ snapshot: FreshnessSnapshot, _ terminal: Terminal) {
    var summary = RunSummary()
    summary.fresh = snapshot.taskCount
    if json {
      terminal.print(JSONWriter.text(BuildEvent.runFinished(summary).json))
    } else {
      let noun = snapshot.assetCount == 1 ? "asset" : "assets"
      terminal.print(
        "\(snapshot.assetCount) \(noun): 0 ran, 0 restored, \(snapshot.assetCount) fresh, 0 failed in "
          + Format.duration(ProcessClock.secondsSinceStart))
    }
  }
}
