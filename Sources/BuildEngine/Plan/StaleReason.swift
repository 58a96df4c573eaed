/// Why a task can't keep the result it has.
package enum StaleReason: Sendable, Hashable {
  /// Nothing was ever made for this asset (or partition) under this profile.
  case neverRun
  case forced
  case parameterChanged(name: String, old: String?, new: String?, origin: String?)
  case stepChanged(old: String, new: String)
  case revisionChanged(step: String, old: Int, new: Int)
  case environmentChanged(name: String, old: String?, new: String?)
  case inputAdded(String)
  case inputRemoved(String)
  case fileChanged(input: String, path: String, FileChange)
  case fileAdded(input: String, path: String)
  case fileRemoved(input: String, path: String)
  /// Another asset's result is other than the one that was read.
  case resultChanged(input: String, from: Digest?, to: Digest?)
  case partitionChanged(input: String, value: String, from: Digest?, to: Digest?)
  case partitionAdded(input: String, value: String)
  case partitionRemoved(input: String, value: String)
  case partitionRenamed(old: String, new: String)
  /// The order or grouping of an input's sources.
  case inputRearranged(String)
  case resultMissing
  case resultDamaged(path: String)
  case keyFormatChanged
  /// The engine no longer knows what the current result was made from.
  case recordLost
}

/// How a file differs from what it was.
package enum FileChange: Sendable, Hashable, CustomStringConvertible {
  case content(from: Digest?, to: Digest?)
  /// Only whether it may be executed.
  case executable(Bool)

  package var description: String {
    switch self {
    case .content(let from?, let to?): "changed (\(from.short) → \(to.short))"
    case .content: "changed"
    case .executable(let isExecutable):
      isExecutable ? "became executable" : "is no longer executable"
    }
  }
}

extension StaleReason: CustomStringConvertible {
  /// One line: what, old → new, and where it is written.
  package var description: String {
    switch self {
    case .neverRun: "it was never made"
    case .forced: "it is forced"
    case .parameterChanged(let name, let old, let new, let origin):
      "parameter `\(name)` \(Self.change(old, new))" + (origin.map { " (\($0))" } ?? "")
    case .stepChanged(let old, let new): "the step was `\(old)` and is `\(new)`"
    case .revisionChanged(let step, let old, let new):
      "`\(step)` works differently now (revision \(old) → \(new))"
    case .environmentChanged(let name, let old, let new):
      "environment variable `\(name)` \(Self.change(old, new))"
    case .inputAdded(let name): "input `\(name)` is new"
    case .inputRemoved(let name): "input `\(name)` is gone"
    case .fileChanged(let input, let path, let change):
      "input `\(input)`: file `\(path)` \(change)"
    case .fileAdded(let input, let path): "input `\(input)`: file `\(path)` is new"
    case .fileRemoved(let input, let path): "input `\(input)`: file `\(path)` is gone"
    case .resultChanged(let input, let from?, let to?):
      "input `\(input)` changed (\(from.short) → \(to.short))"
    case .resultChanged(let input, _, _): "input `\(input)` changed"
    case .partitionChanged(let input, let value, let from?, let to?):
      "input `\(input)`: partition `\(value)` changed (\(from.short) → \(to.short))"
    case .partitionChanged(let input, let value, _, _):
      "input `\(input)`: partition `\(value)` changed"
    case .partitionAdded(let input, let value): "input `\(input)`: partition `\(value)` is new"
    case .partitionRemoved(let input, let value): "input `\(input)`: partition `\(value)` is gone"
    case .partitionRenamed(let old, let new): "the partition key was `\(old)` and is `\(new)`"
    case .inputRearranged(let name): "input `\(name)` lists its sources in another way"
    case .resultMissing: "its result is gone from the cache"
    case .resultDamaged(let path):
      path.isEmpty ? "its result was altered" : "its result was altered: `\(path)`"
    case .keyFormatChanged: "this version computes keys in another way"
    case .recordLost: "what it was made from is no longer known"
    }
  }

  private static func change(_ old: String?, _ new: String?) -> String {
    switch (old, new) {
    case (let old?, let new?): "changed: \(old) → \(new)"
    case (nil, let new?): "is new: \(new)"
    case (let old?, nil): "is gone; it was \(old)"
    case (nil, nil): "changed"
    }
  }
}
