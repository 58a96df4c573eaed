package import JSON

/// One asset as its step sees it before anything runs.
package struct StepDeclaration: Sendable {
  package var parameters: [String: JSONValue]
  /// Of parameters that hold records, what was given: `parameters` without the defaults of their
  /// keys, and `null` where the file says so.
  package var written: [String: JSONValue]
  /// Names under `inputs`, in the order of the file.
  package var inputs: [String]
  /// Nil for an asset without partitions.
  package var partitionKey: String?
  package var partitions: [String]
  /// Of the parameters that are no defaults, what gave them last.
  package var layers: [String: Layer]

  package enum Layer: Int, Sendable, Comparable {
    case pipelineFile, profile, commandLine

    package static func < (a: Layer, b: Layer) -> Bool { a.rawValue < b.rawValue }
  }

  package init(
    parameters: [String: JSONValue], written: [String: JSONValue] = [:], inputs: [String] = [],
    partitionKey: String? = nil, partitions: [String] = [], layers: [String: Layer] = [:]
  ) {
    self.parameters = parameters
    self.written = written
    self.inputs = inputs
    self.partitionKey = partitionKey
    self.partitions = partitions
    self.layers = layers
  }

  /// What a step finds wrong with its own parameters, beyond types and ranges.
  package struct Fault: Sendable, Hashable {
    /// The parameter, then keys and indices below it.
    package var path: [String]
    /// Lower case, no full stop.
    package var message: String
    package var help: String?
    /// Another parameter that the message names; where it was given is told as well.
    package var other: String?

    package init(
      _ path: [String], _ message: String, help: String? = nil, other: String? = nil
    ) {
      self.path = path
      self.message = message
      self.help = help
      self.other = other
    }
  }
}
