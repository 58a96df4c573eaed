import Diagnostics
import JSON
import YAML

/// Faults that only the step itself can find, told with all others before anything runs.
extension AssetResolver {
  /// `written` is what `ParameterLayers` tells.
  func checkDeclaration(_ asset: Pipeline.Asset, written: [String: JSONValue]) {
    let declaration = StepDeclaration(
      parameters: asset.parameters, written: written, inputs: asset.inputs.map(\.name),
      partitionKey: asset.partitions?.key, partitions: asset.partitions?.values ?? [],
      layers: layers(asset))
    for fault in asset.step.faults(declaration) {
      let place = place(of: fault.path, in: asset)
      let notes = fault.other.map { other in
        let place = self.place(of: [other], in: asset)
        return Diagnostic.Note("`\(other)` stands here", at: place.location, width: place.width)
      }
      problems.report(
        .stepFault(fault.message, help: fault.help), at: place.location, width: place.width,
        notes: notes.map { [$0] } ?? [])
    }
  }

  /// Where the value that counts was given.
  private func place(
    of path: [String], in asset: Pipeline.Asset
  ) -> (location: SourceLocation, width: Int) {
    if let name = path.first, case .commandLine(let text) = asset.origin(of: name),
      concerns(text, path, of: asset)
    {
      return (SourceLocation(file: "--set \(text)", line: 0, column: 0), 1)
    }
    let node = node(path)
    return (node.location, node.width)
  }

  /// Whether `--set ASSET.NAME…=VALUE` gave what is at `path`: the whole parameter, or this member of it.
  private func concerns(_ text: String, _ path: [String], of asset: Pipeline.Asset) -> Bool {
    guard path.count > 1 else { return true }
    let given = text.prefix { $0 != "=" }.dropFirst(asset.name.count + 1)
    let wanted = path.joined(separator: ".")
    return [given, given.hasPrefix("with.") ? given.dropFirst(5) : given].contains {
      wanted == $0 || wanted.hasPrefix($0 + ".")
    }
  }

  private func layers(_ asset: Pipeline.Asset) -> [String: StepDeclaration.Layer] {
    var layers: [String: StepDeclaration.Layer] = [:]
    for origin in asset.origins {
      switch origin.origin {
      case .stepDefault: break
      case .file:
        let isProfile = overlay?.parameters?[origin.parameter] != nil
        layers[origin.parameter] = isProfile ? .profile : .pipelineFile
      case .commandLine: layers[origin.parameter] = .commandLine
      }
    }
    return layers
  }

  /// The deepest node there is on the way; in the profile's file where that has the parameter.
  private func node(_ path: [String]) -> YAMLNode {
    let layers = [overlay?.parameters, declaration.settings.parameters]
    guard let name = path.first,
      var node = layers.lazy.compactMap({ $0?[name] }).first
    else { return declaration.step ?? declaration.node }
    for part in path.dropFirst() {
      if node.kind == .sequence, let index = Int(part), index < node.count {
        node = node.elements[index]
      } else if node.kind == .mapping, let member = node[part] {
        node = member
      } else {
        break
      }
    }
    return node
  }
}
