import ArgumentParser

struct CompletionsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "completions",
    abstract: "Print the completion script of a shell.",
    discussion:
      "Example: nanobuild completions bash > ~/.local/share/bash-completion/completions/nanobuild")

  enum Shell: String, ExpressibleByArgument, CaseIterable {
    case bash, zsh, fish

    var completionShell: CompletionShell {
      switch self {
      case .bash: .bash
      case .zsh: .zsh
      case .fish: .fish
      }
    }
  }

  @Argument(help: "bash, zsh or fish.")
  var shell: Shell

  @OptionGroup var output: OutputOptions

  func run() throws {
    let terminal = Terminal.make(output)
    terminal.print(CompletedTool.completionScript(for: shell.completionShell))
    terminal.flush()
  }
}

/// The program as shells see it: `-C` and `-f` may stand before the command, from where
/// `Tool.reordered` moves them.
private struct CompletedTool: ParsableCommand {
  static let configuration = Tool.configuration

  @Option(
    name: .customShort("C"), help: "Run as if started in this folder.", completion: .directory)
  var directory: String?

  @Option(
    name: .customShort("f"), help: "The pipeline file.",
    completion: .file(extensions: ["yaml", "yml"]))
  var file: String?

  @OptionGroup var output: OutputOptions
}
