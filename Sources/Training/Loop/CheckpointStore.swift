import LanguageModel

/// The checkpoints of one run in `checkpoints/` of its folder: each appears whole by a rename, the
/// last few and the best are kept.
struct CheckpointStore {
  let folder: String
  private let keep: Int

  init(output: String, keep: Int) {
    folder = output + "/checkpoints"
    self.keep = keep
  }

  func path(step: Int) -> String {
    let digits = String(step)
    return folder + "/step_" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
  }

  /// Steps of the complete checkpoints, newest first.
  var steps: [Int] {
    CheckpointFiles.names(in: folder).compactMap { name in
      name.hasPrefix("step_") ? Int(name.dropFirst(5)) : nil
    }.sorted(by: >)
  }

  /// Calls `write` with an empty folder and makes it the checkpoint of `step`; `best` is the step
  /// whose checkpoint must stay whatever its age.
  func save(
    step: Int, best: Int?, _ write: (String) throws(TrainingError) -> Void
  ) throws(TrainingError) {
    let target = path(step: step)
    let partial = target + ".partial"
    try checkpoint { () throws(CheckpointError) in
      try CheckpointFiles.remove(partial)
      try CheckpointFiles.makeFolder(partial)
    }
    try write(partial)
    try checkpoint { () throws(CheckpointError) in
      try CheckpointFiles.syncFolder(partial)
      // The same step again, after a resume: the bytes are the same, so losing it for a moment
      // would be no loss, but a crash in between would leave only older ones.
      if CheckpointFiles.exists(target) {
        try CheckpointFiles.remove(partial)
      } else {
        try CheckpointFiles.rename(partial, to: target)
        try CheckpointFiles.syncFolder(folder)
      }
    }
    for old in steps.dropFirst(keep) where old != best {
      try checkpoint { () throws(CheckpointError) in
        // Renamed first: a folder half removed must not look complete.
        let doomed = path(step: old) + ".partial"
        try CheckpointFiles.remove(doomed)
        try CheckpointFiles.rename(path(step: old), to: doomed)
        try CheckpointFiles.remove(doomed)
      }
    }
  }

  /// The run is over, or starts from the beginning.
  func removeAll() throws(TrainingError) {
    try checkpoint { () throws(CheckpointError) in try CheckpointFiles.remove(folder) }
  }
}

/// Runs file work of the model's module with this module's error.
func checkpoint<Value>(
  _ body: () throws(CheckpointError) -> Value
) throws(TrainingError) -> Value {
  do throws(CheckpointError) { return try body() } catch { throw .checkpoint(error) }
}
