import BuildEngine
import JSON
import PipelineFile

/// One of the two things `compare` sets side by side.
struct ComparedSide {
  enum Kind {
    case asset, profile, run
  }

  var kind: Kind
  var name: String
  /// By name; for a profile or run as `asset.name`.
  var parameters: [String: JSONValue] = [:]
  var metrics: [String: JSONValue] = [:]

  static func find(
    _ name: String, options: PipelineOptions, _ file: ProjectFile, _ session: Session,
    _ terminal: Terminal
  ) throws -> ComparedSide {
    if let asset = session.pipeline[name] { return try ofAsset(asset, session, terminal) }
    if session.project.loaded.profiles.contains(name) {
      var options = options
      options.profile = name
      let other =
        name == session.pipeline.profile
        ? session : try Session.open(file, options, terminal)
      return try ofProfile(name, other, terminal)
    }
    return try ofRun(try RunSelection.find(name, session, terminal), session, terminal)
  }

  private static func ofAsset(
    _ asset: Pipeline.Asset, _ session: Session, _ terminal: Terminal
  ) throws -> ComparedSide {
    var side = ComparedSide(kind: .asset, name: asset.name, parameters: shown(asset))
    side.parameters["step"] = .string(asset.step.name)
    for (_, metrics) in try terminal.reporting({
      try session.engine.metrics(targets: [asset.name])
    }) {
      side.metrics.merge(metrics) { first, _ in first }
    }
    return side
  }

  private static func ofProfile(
    _ name: String, _ session: Session, _ terminal: Terminal
  ) throws -> ComparedSide {
    var side = ComparedSide(kind: .profile, name: name)
    for asset in session.pipeline.assets {
      for (parameter, value) in shown(asset) {
        side.parameters["\(asset.name).\(parameter)"] = value
      }
      if let partitions = asset.partitions {
        side.parameters["\(asset.name).partitions"] = .int(partitions.values.count)
      }
    }
    for (task, metrics) in try terminal.reporting({ try session.engine.metrics() })
    where task.partition == nil {
      for (metric, value) in metrics { side.metrics["\(task.asset).\(metric)"] = value }
    }
    return side
  }

  private static func ofRun(
    _ run: RunRecord, _ session: Session, _ terminal: Terminal
  ) throws -> ComparedSide {
    var side = ComparedSide(kind: .run, name: run.id)
    for task in try terminal.reporting({ try session.engine.tasks(ofRun: run.id) }) {
      let parameters = try terminal.reporting { try session.engine.parameters(of: task) }
      for (name, value) in parameters { side.parameters["\(task.task.asset).\(name)"] = value }
      for (name, value) in task.metrics { side.metrics["\(task.task).\(name)"] = value }
      side.metrics["\(task.task).seconds"] = .double(task.seconds)
    }
    return side
  }

  private static func shown(_ asset: Pipeline.Asset) -> [String: JSONValue] {
    let secrets = asset.step.parameters.filter(\.isSecret).map(\.name)
    return asset.parameters.filter { !secrets.contains($0.key) }
  }
}
