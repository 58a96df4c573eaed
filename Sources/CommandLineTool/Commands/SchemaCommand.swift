import ArgumentParser
import JSON
import PipelineFile
import Steps

struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema",
    abstract: "Print the JSON Schema of pipeline files, or of profiles, for editors.",
    discussion: "Example: nanobuild schema > .nanobuild.schema.json")

  @Flag(help: "The schema of profile files.")
  var profile = false

  @OptionGroup var output: OutputOptions

  func run() throws {
    let terminal = Terminal.make(output)
    defer { terminal.flush() }
    let catalog = BuiltinSteps.catalog
    let schema = PipelineJSONSchema.make(catalog, for: profile ? .profile : .pipeline)
    terminal.print(JSONWriter.text(schema, pretty: true))
  }
}
