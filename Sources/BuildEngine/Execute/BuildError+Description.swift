#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension BuildError: CustomStringConvertible {
  package var description: String { help.map { "\(message)\nhelp: \($0)" } ?? message }

  /// What happened, in one line.
  package var message: String {
    switch self {
    case .duplicateAsset(let name): "two assets are called `\(name)`"
    case .unknownAsset(let name, _): "no asset is called `\(name)`"
    case .forcedOutsideRun(let name):
      "`\(name)` is to be forced, but the targets don't need it"
    case .invalidName(let name, let kind):
      "`\(name)` can't be the name of \(kind == .asset ? "an asset" : "a \(kind.rawValue)")"
    case .cycle(let names): "these assets need each other: \(names.joined(separator: " → "))"
    case .unknownInput(let asset, let input, let name):
      "input `\(input)` of `\(asset)` names `\(name)`, which is no asset"
    case .unknownPartition(let asset, let value, _):
      "`\(asset)` has no partition `\(value)`"
    case .duplicatePartition(let asset, let value):
      "`\(asset)` has the partition `\(value)` twice"
    case .partitionNotFollowed(let asset, let value, let followed):
      "`\(asset)` has the partition `\(value)`, which `\(followed)` does not have"
    case .missingInput(let asset, let input, let path):
      "input `\(input)` of `\(asset)`: there is no file `\(path)`"
    case .emptyGlob(let asset, let input, let pattern):
      "input `\(input)` of `\(asset)`: no file matches `\(pattern)`"
    case .specialInput(let path): "`\(path)` is neither a file nor a folder"
    case .unreadableInput(let path, let code): "cannot read `\(path)`: \(Self.reason(code))"
    case .tooManyLevels(let path): "`\(path)` has more levels of folders than can be followed"
    case .inputKeepsChanging(let path): "`\(path)` keeps changing while it is being used"
    case .cacheNotWritable(let path, let code):
      "the cache can't be written: `\(path)`: \(Self.reason(code))"
    case .database(let path, let message, let code):
      "the cache's index `\(path)` failed: \(message) (SQLite code \(code))"
    case .cacheInUse(let path): "a run is using the cache `\(path)`"
    case .noCurrentResult(let asset): "`\(asset)` has no current result"
    case .resultIsNoFolder: "the step put something else in the place of its result's folder"
    case .specialFileInResult(let path):
      "the result holds `\(path)`, which is no regular file, folder or link"
    case .escapingLinkInResult(let path, let target):
      "the result's link `\(path)` points to `\(target)`, outside the result or at nothing"
    case .unnameableFileInResult(let folder):
      "the result holds a file in `\(folder)` whose name is not valid UTF-8"
    case .cannotStartWorker(let executable, let code):
      "cannot start `\(executable)`: \(Self.reason(code))"
    case .unreadableRequest(let path, let message):
      "the worker's request `\(path)` is unreadable: \(message)"
    case .unknownStep(let name): "no step is called `\(name)`"
    case .unknownCheck(let name): "no check is called `\(name)`"
    case .missingSecret(let parameter, let variable):
      "parameter `\(parameter)` needs the environment variable `\(variable)`, which is not set"
    case .system(let operation, let path, let code):
      "cannot \(operation) `\(path)`: \(Self.reason(code))"
    }
  }

  /// What to do about it, when that is known.
  package var help: String? {
    switch self {
    case .unknownAsset(_, let nearest?), .unknownPartition(_, _, let nearest?):
      "did you mean `\(nearest)`?"
    case .forcedOutsideRun(let name): "add `\(name)` to the targets"
    case .invalidName:
      "a name is not empty, has no `/`, does not start with a dot and has at most 200 bytes"
    case .cacheNotWritable(_, let code) where code == EROFS || code == EACCES || code == EPERM:
      "give write permission to the folder; `status`, `explain` and `path` work without it"
    case .cacheNotWritable(let path, let code) where code == ENOSPC || code == EDQUOT,
      .system(_, let path, let code) where code == ENOSPC || code == EDQUOT:
      Disk.lackOfRoom(at: path)
        ?? "free some space (`nanobuild cache gc` removes old results) and run again"
    case .database(_, _, let code) where code & 0xff == Self.corrupt:
      "run the command again: the index is then made anew from the results"
    case .database(let path, _, _): Disk.lackOfRoom(at: path)
    case .cannotStartWorker(_, let code) where code == E2BIG:
      "the command with its variables is longer than the system takes; put it into a script file"
    case .cacheInUse: "wait for it to end, or stop it, and try again"
    case .noCurrentResult(let asset): "make it with `nanobuild run \(asset)`"
    case .resultIsNoFolder: "write into the folder (`NB_OUT`), don't replace it"
    case .escapingLinkInResult: "copy the file into the result, or use a relative link inside it"
    case .missingInput: "paths are relative to the folder of the pipeline file"
    default: nil
    }
  }

  /// SQLITE_CORRUPT.
  private static let corrupt: Int32 = 11

  static func reason(_ code: Int32) -> String {
    String(cString: strerror(code))
  }
}
