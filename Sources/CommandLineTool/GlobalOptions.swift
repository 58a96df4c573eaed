import ArgumentParser

/// Options of every command that reads a pipeline; `-C` and `-f` also stand before the command.
struct PipelineOptions: ParsableArguments {
  @Option(
    name: .customShort("C"),
    help: ArgumentHelp("Run as if started in this folder.", valueName: "dir"),
    completion: .directory)
  var directory: String?

  @Option(
    name: .customShort("f"),
    help: ArgumentHelp(
      "The pipeline file, instead of the nearest pipeline.yaml.", valueName: "file"),
    completion: .file(extensions: ["yaml", "yml"]))
  var file: String?

  @Option(
    name: .long,
    help: ArgumentHelp("The profile, instead of the pipeline's default.", valueName: "name"),
    completion: Candidates.profiles)
  var profile: String?

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp("Give a parameter another value; repeatable.", valueName: "asset.key=value"),
    completion: Candidates.settings)
  var overrides: [String] = []
}

struct OutputOptions: ParsableArguments {
  @Flag(name: .customLong("no-color"), help: "No colours.")
  var noColor = false

  @Flag(help: "No colours and no moving progress: one plain line an event.")
  var plain = false
}
