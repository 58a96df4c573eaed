package import ArgumentParser
import Diagnostics
import Glibc
import Steps

/// The `nanobuild` command: it only dispatches to the commands in `Commands/`.
package struct Tool: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "nanobuild",
    abstract:
      "make for language models: data, tokenizer, training and chat as one cached pipeline.",
    version: ToolVersion.text,
    subcommands: [
      RunCommand.self, StatusCommand.self, ExplainCommand.self, PathCommand.self,
      CacheCommand.self, ChatCommand.self, TokensCommand.self, DataCommand.self, BenchCommand.self,
      ValidateCommand.self, SchemaCommand.self, StepsCommand.self,
      PlanCommand.self, CheckCommand.self, GraphCommand.self, LogCommand.self, HistoryCommand.self,
      ShowCommand.self, MetricsCommand.self, CompareCommand.self, PlotCommand.self,
      InitCommand.self,
      CompletionsCommand.self,
    ])

  package init() {}
}

extension Tool {
  /// Parses the process's arguments, runs the command and ends the process with its status.
  package static func start() {
    ProcessClock.begin()
    // A reader that has gone (`nanobuild status | head`) is noticed at the write.
    signal(SIGPIPE, SIG_IGN)
    let given = Array(CommandLine.arguments.dropFirst())
    if let status = WorkerEntry.status(given) { Glibc.exit(status) }
    let arguments = separated(given)
    if let request = FreshRequest(arguments), request.answer() {
      Glibc.exit(ExitStatus.done.rawValue)
    }
    let ordered = reordered(arguments)
    if let unknown = unknownCommand(ordered) {
      let terminal = Terminal(
        noColor: false, plain: false, variable: { getenv($0).map { String(cString: $0) } })
      terminal.fail(unknown.message, help: unknown.help)
      Glibc.exit(ExitStatus.usage.rawValue)
    }
    main(ordered)
  }

  /// What to say of a command that does not exist; the parser only says that it is unexpected.
  static func unknownCommand(_ arguments: [String]) -> (message: String, help: String)? {
    guard let name = arguments.first, !name.hasPrefix("-"), name != "help" else { return nil }
    var known: [String] = []
    for command in configuration.subcommands {
      if command._commandName == name { return nil }
      if command.configuration.shouldDisplay { known.append(command._commandName) }
    }
    let help =
      Suggestion.nearest(to: name, among: known).map { "did you mean `\($0)`?" }
      ?? "the commands are \(known.sorted().joined(separator: ", "))"
    return ("there is no command `\(PrintableText.clean(name))`", help)
  }

  /// Cuts `-j4`, `-CDIR` and `-fFILE` in two, as people coming from make write them.
  static func separated(_ arguments: [String]) -> [String] {
    let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
    return arguments[..<end].flatMap { argument -> [String] in
      let letter = argument.dropFirst().first
      guard argument.hasPrefix("-"), argument.utf8.count > 2, let letter, "jCf".contains(letter),
        argument.utf8.dropFirst(2).first != UInt8(ascii: "=")
      else { return [argument] }
      return ["-\(letter)", String(argument.dropFirst(2))]
    } + arguments[end...]
  }

  /// Commands that consist of subcommands.
  private static var groups: [String] {
    var names: [String] = []
    for command in configuration.subcommands where !command.configuration.subcommands.isEmpty {
      names.append(command._commandName)
    }
    return names
  }

  /// Moves `-C DIR`, `-f FILE` and output flags that stand before the command, or before the second word of
  /// one like `cache verify`, behind it, where the command declares them. Help is the same everywhere, so
  /// there they go; and the parser knows `help cache verify`, but not `cache help verify`.
  package static func reordered(_ arguments: [String]) -> [String] {
    var words: [String] = []
    var moved: [String] = []
    var rest = arguments[...]
    var isWhole = false
    while let argument = rest.first, !isWhole {
      if let length = lengthOfGlobalOption(rest) {
        moved += rest.prefix(length)
        rest = rest.dropFirst(length)
        continue
      }
      guard !argument.hasPrefix("-") else { return arguments }
      words.append(argument)
      rest = rest.dropFirst()
      isWhole = words.count == 2 || !groups.contains(words[0])
    }
    guard isWhole else { return arguments }
    guard let help = words.firstIndex(of: "help") else { return words + moved + rest }
    words.remove(at: help)
    return ["help"] + words + withoutGlobalOptions(rest)
  }

  private static func withoutGlobalOptions(_ arguments: ArraySlice<String>) -> [String] {
    var kept: [String] = []
    var rest = arguments
    while let argument = rest.first {
      let length = lengthOfGlobalOption(rest)
      if length == nil { kept.append(argument) }
      rest = rest.dropFirst(length ?? 1)
    }
    return kept
  }

  /// Nil when `arguments` don't begin with an option that may stand before the command.
  private static func lengthOfGlobalOption(_ arguments: ArraySlice<String>) -> Int? {
    switch arguments.first {
    case "-C", "-f": arguments.count > 1 ? 2 : nil
    case "--no-color", "--plain": 1
    default: nil
    }
  }
}
