/// The version of the program, recorded in checkpoints and runs.
package enum ToolVersion {
  package static let text = "0.1.0"
}
