package import BuildEngine
package import PipelineFile
import JSON

extension Pipeline {
  /// The pipeline as the engine sees it: steps are names, parameters are values, and everything
  /// that can't change a result's bytes is kept apart from what can.
  package func assetNodes(root: String) -> [AssetNode] {
    assets.map { $0.node(root: root) }
  }
}

extension Pipeline.Asset {
  fileprivate func node(root: String) -> AssetNode {
    var node = AssetNode(name: name, step: step.name, stepRevision: step.revision)
    node.parameters = parameters
    node.keyParameters = keyParameters
    node.secretParameters = step.parameters.filter(\.isSecret).map(\.name)
    for parameter in node.keyParameters.keys {
      switch origin(of: parameter) {
      case .stepDefault: break
      case .file(let location): node.origins[parameter] = "\(location)"
      case .commandLine(let text): node.origins[parameter] = "--set \(text)"
      }
    }
    node.inputs = inputs.map { input in
      AssetInput(
        input.name,
        input.references.map { reference in
          switch reference.target {
          case .asset(let name): .asset(name)
          case .path(let path): .path(path)
          }
        })
    }
    if step.name == FetchStep.schema.name {
      // A local file counts by its content, so it is an input like any other.
      let sources = FetchStep.localSourceTemplates(parameters: parameters)
      if !sources.isEmpty {
        node.inputs.append(AssetInput("source", sources.map(InputSource.path)))
      }
    }
    node.partitions = partitions.map {
      PartitionSet(key: $0.key, values: $0.values, followed: $0.follows)
    }
    node.checks = checks.map { check in
      CheckNode(
        name: check.schema.name, revision: check.schema.revision, parameters: check.parameters,
        severity: check.severity == .error ? .error : .warn, otherAssets: check.assets,
        files: check.files,
        environment: check.environment)
    }
    node.resources = taskResources
    node.retries = retries
    node.timeout = timeout
    node.environment = environment
    node.makesPartitionsTogether = step.makesPartitionsTogether
    node.isResumable = step.isResumable
    node.wantsLineage = step.wantsLineage
    node.partitionParameters = step.partitionParameters
    node.description = description ?? ""
    node.group = group ?? ""
    return node
  }

  /// Parameters that count in the key: no secrets, nothing that only changes how fast a step is.
  /// A value equal to the step's default counts the same whether it is written or not.
  private var keyParameters: [String: JSONValue] {
    var key = parameters
    for schema in step.parameters {
      let isUnkeyed = key[schema.name].map { schema.unkeyedValues.contains($0) } ?? true
      if schema.isSecret || !schema.affectsResult || isUnkeyed { key[schema.name] = nil }
    }
    return key
  }

  private var taskResources: TaskResources {
    var taskResources = TaskResources()
    switch resources.cpu {
    case .all: taskResources.cores = .all
    case .count(let count): taskResources.cores = .count(count)
    case nil: taskResources.cores = step.usesAllCores ? .all : .count(1)
    }
    taskResources.memory = resources.memory
    taskResources.isNetworkBound = resources.network ?? step.isNetworkBound
    return taskResources
  }
}

extension Pipeline.Check {
  fileprivate var environment: [String] {
    parameters["environment"]?.arrayValue?.compactMap(\.stringValue) ?? []
  }
}
