package import ArgumentParser

/// The `nanobuild` command.
package struct Tool: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "nanobuild", abstract: "make for language models", version: "0.1.0")

  package init() {}
}

extension Tool {
  /// Parses the process's arguments, runs the command and ends the process with its status.
  package static func start() {
    main()
  }
}
