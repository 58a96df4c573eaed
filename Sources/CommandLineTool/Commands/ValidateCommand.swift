import ArgumentParser
import BuildEngine
import Diagnostics
import JSON
import PipelineFile
import Steps

struct ValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract:
      "Check the pipeline file, all its profiles and the files they read; runs nothing.",
    discussion: "Example: nanobuild validate --profile full")

  @OptionGroup var pipeline: PipelineOptions
  @OptionGroup var output: OutputOptions

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let terminal = Terminal.make(output)
    defer { terminal.flush() }
    let file = try ProjectFile.find(pipeline, terminal)
    let outcome = Self.examine(file, pipeline)
    let errors = outcome.diagnostics.filter { $0.severity == .error }.count
    if json {
      let text = JSONWriter.text(Self.json(outcome.diagnostics, valid: errors == 0), pretty: true)
      terminal.print(text)
    } else {
      terminal.report(outcome.diagnostics, files: outcome.files)
      if errors == 0 {
        let names = outcome.profiles.joined(separator: ", ")
        let profiles = names.isEmpty ? "" : ", profiles \(names)"
        let noun = outcome.assetCount == 1 ? "asset" : "assets"
        terminal.print("\(file.shownName) is valid: \(outcome.assetCount) \(noun)\(profiles)")
      } else {
        terminal.note("\(errors) \(errors == 1 ? "error" : "errors")")
      }
    }
    if errors > 0 { throw ExitStatus.invalidInput.exit }
  }

  private struct Outcome {
    var diagnostics: [Diagnostic] = []
    var files: [SourceFile] = []
    var profiles: [String] = []
    var assetCount = 0
  }

  private static func examine(_ file: ProjectFile, _ options: PipelineOptions) -> Outcome {
    let loader = PipelineLoader(catalog: BuiltinSteps.catalog)
    var outcome = Outcome()
    do throws(DiagnosticError) {
      let source = try loader.read(file.path, name: file.shownName)
      outcome.profiles = options.profile.map { [$0] } ?? source.profiles
      let targets: [String?] = outcome.profiles.isEmpty ? [nil] : outcome.profiles
      for profile in targets {
        do throws(DiagnosticError) {
          let loaded = try loader.resolve(source, profile: profile, overrides: options.overrides)
          outcome.assetCount = loaded.pipeline.assets.count
          outcome.diagnostics += loaded.warnings
          outcome.diagnostics += faults(in: loaded.pipeline, root: file.root)
          outcome.files += loaded.files
        } catch {
          outcome.diagnostics += error.diagnostics
          outcome.files += error.files
        }
      }
    } catch {
      outcome.diagnostics += error.diagnostics
      outcome.files += error.files
    }
    // A fault of the pipeline file itself is found again for every profile.
    var seen = Set<Diagnostic>()
    outcome.diagnostics = outcome.diagnostics.filter { seen.insert($0).inserted }
    return outcome
  }

  /// What only the engine sees: loops through checks, files that are not there.
  private static func faults(in pipeline: Pipeline, root: String) -> [Diagnostic] {
    do throws(BuildError) {
      let graph = try BuildGraph(assets: pipeline.assetNodes(root: root))
      return pipeline.diagnostics(for: try graph.sourceFaults(projectRoot: root))
    } catch {
      return [Diagnostic(error.message, help: error.help)]
    }
  }

  private static func json(_ diagnostics: [Diagnostic], valid: Bool) -> JSONValue {
    [
      "version": 1, "valid": .bool(valid),
      "diagnostics": .array(
        diagnostics.map { diagnostic in
          var members: [String: JSONValue] = [
            "severity": .string(diagnostic.severity.rawValue),
            "message": .string(diagnostic.message),
          ]
          members["help"] = diagnostic.help.map { .string($0) }
          if let location = diagnostic.location {
            members["file"] = .string(location.file)
            if location.hasLine {
              members["line"] = .int(location.line)
              members["column"] = .int(location.column)
            }
          }
          return .object(members)
        }),
    ]
  }
}
