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
    terminal.print(Tool.completionScript(for: shell.completionShell))
    terminal.flush()
  }
}
