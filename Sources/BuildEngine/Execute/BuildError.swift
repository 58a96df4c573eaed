/// What stops the engine as a whole: wrong graphs, unusable caches, failed system calls.
///
/// A step that fails is no error of the engine; it is an outcome of its task.
package enum BuildError: Error, Sendable, Hashable {
  // The graph
  case duplicateAsset(String)
  case unknownAsset(String, nearest: String?)
  /// `--force` names what the targets don't need.
  case forcedOutsideRun(String)
  case invalidName(String, kind: NameKind)
  case cycle([String])
  case unknownInput(asset: String, input: String, names: String)
  case unknownPartition(asset: String, value: String, nearest: String?)
  case duplicatePartition(asset: String, value: String)
  case partitionNotFollowed(asset: String, value: String, followed: String)

  // The project's files
  case missingInput(asset: String, input: String, path: String)
  case emptyGlob(asset: String, input: String, pattern: String)
  /// A pipe, socket or device, whose content is no one thing.
  case specialInput(path: String)
  case unreadableInput(path: String, code: Int32)
  case tooManyLevels(path: String)
  case inputKeepsChanging(path: String)

  // The cache
  case cacheNotWritable(path: String, code: Int32)
  case database(path: String, message: String, code: Int32)
  case cacheInUse(path: String)
  case noCurrentResult(asset: String)

  // Results
  case resultIsNoFolder
  case specialFileInResult(path: String)
  case escapingLinkInResult(path: String, target: String)
  case unnameableFileInResult(folder: String)

  // Workers
  case cannotStartWorker(executable: String, code: Int32)
  case unreadableRequest(path: String, message: String)
  case unknownStep(String)
  case unknownCheck(String)
  case missingSecret(parameter: String, variable: String)

  /// A system call failed on `path`; `code` is the errno.
  case system(operation: String, path: String, code: Int32)

  package enum NameKind: String, Sendable, Hashable {
    case asset
    case partition
    case profile
  }
}
