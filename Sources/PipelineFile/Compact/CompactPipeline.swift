/// A pipeline without faults or warnings, resolved for one profile, with what its meaning rested on
/// besides the bytes of the pipeline file.
///
/// In its encoded form every text stands once, and of parameters only what differs from the step's
/// defaults; so it is read back in a fraction of the time that YAML and schemas take.
struct CompactPipeline {
  static let formatVersion = 1

  /// The profile's own file.
  struct ProfileFile {
    /// As the pipeline file names it.
    var path: String
    var digest: String
  }

  var pipeline: Pipeline
  var profiles: [String]
  var defaultProfile: String?
  var profileFile: ProfileFile? = nil
  /// Inputs whose names look like assets but were taken for files, because these files were there.
  var files: [String]
}

/// How places are written: by the file's number instead of its name, which depends on where the user
/// stands.
enum CompactPlace {
  static let pipelineFile = 0
  static let profileFile = 1
  /// Any other, such as `--set …`; its text follows.
  static let other = 2
}

/// What the byte before a value says it is.
enum CompactValue: UInt64 {
  case null, no, yes, integer, number, text, list, mapping
}
