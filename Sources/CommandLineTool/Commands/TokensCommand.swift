import ArgumentParser
import BuildEngine
import Diagnostics
import Glibc
import JSON
import PipelineFile
import Steps
import Tokenization

struct TokensCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokens",
    abstract: "Show how a tokenizer cuts text: pieces, ids and bytes.",
    discussion: "Example: nanobuild tokens \"What is 12 plus 30?\"")

  @Argument(help: "The text (default: standard input).")
  var text: String?

  @OptionGroup var pipeline: PipelineOptions
  @OptionGroup var output: OutputOptions

  @Option(
    help: ArgumentHelp(
      "A .tiktoken file, a tokenizer.json or a folder (default: the pipeline's).", valueName: "path"
    ))
  var tokenizer: String?

  @Option(help: "The split pattern, where the file does not say it: gpt4, nanochat or gpt2.")
  var pattern: SplitPattern?

  @Option(
    name: .customLong("file"),
    help: ArgumentHelp("Read the text from this file.", valueName: "path"))
  var input: String?

  @Flag(help: "Show counts only.")
  var stats = false

  @Flag(help: "Read one JSON string a line from standard input, write one array of ids a line.")
  var jsonl = false

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if text != nil, input != nil { throw ValidationError("give a text or --file, not both") }
    if jsonl, text != nil || input != nil { throw ValidationError("--jsonl reads standard input") }
  }

  func run() throws {
    let terminal = Terminal.make(output)
    defer { terminal.flush() }
    let tokenizer = try load(terminal)
    if jsonl {
      do throws(JSONLinesError) {
        try PieceListing.runJSONLines(tokenizer, input: STDIN_FILENO, output: STDOUT_FILENO)
      } catch {
        terminal.fail("\(error.description)")
        throw ExitStatus.invalidInput.exit
      }
      return
    }
    let bytes = try readText(terminal)
    bytes.withUnsafeBufferPointer { buffer in
      if stats {
        show(PieceListing.statistics(of: buffer, tokenizer), terminal)
      } else {
        show(PieceListing.tokens(of: buffer, tokenizer), terminal)
      }
    }
  }

  private func load(_ terminal: Terminal) throws -> Tokenizer {
    do throws(TokenizerError) {
      if let path = tokenizer { return try Tokenizer.load(path, pattern: pattern) }
    } catch {
      terminal.fail("\(error)")
      throw ExitStatus.invalidInput.exit
    }
    let session = try Session.open(pipeline, terminal)
    guard let asset = session.pipeline.assets.first(where: { $0.step.produces == .tokenizer })
    else {
      terminal.fail("the pipeline makes no tokenizer")
      terminal.note("help: name one with --tokenizer FILE")
      throw ExitStatus.invalidInput.exit
    }
    return try terminal.reporting {
      try Tokenizer.load(try session.engine.path(of: asset.name), pattern: pattern)
    }
  }

  private func readText(_ terminal: Terminal) throws -> [UInt8] {
    if let text { return Array(text.utf8) }
    let path = input ?? "/dev/stdin"
    guard let bytes = try? ResultFiles.optionalBytes(path) else {
      terminal.fail("cannot read `\(path)`")
      throw ExitStatus.invalidInput.exit
    }
    return bytes
  }

  private func show(_ tokens: [ListedToken], _ terminal: Terminal) {
    if json {
      let list = tokens.map { token -> JSONValue in
        [
          "id": .int(Int(token.id)), "text": .string(token.text), "piece": .int(token.piece),
          "bytes": .array(token.bytes.map { .int(Int($0)) }),
        ]
      }
      terminal.print(JSONWriter.text(["version": 1, "tokens": .array(list)]))
      return
    }
    if terminal.usesColor { terminal.print(PieceListing.coloured(tokens)) }
    var table = Table([.right, .left, .left])
    for token in tokens {
      let bytes = token.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
      table.add([
        .init("\(token.id)", .accent), .init(token.text),
        .init(bytes.joined(separator: " "), .faint),
      ])
    }
    table.lines(color: terminal.usesColor).forEach { terminal.print($0) }
    terminal.print("\(tokens.count) tokens, \(tokens.reduce(0) { $0 + $1.bytes.count }) bytes")
  }

  private func show(_ statistics: PieceListing.Statistics, _ terminal: Terminal) {
    if json {
      terminal.print(
        JSONWriter.text(
          [
            "version": 1, "bytes": .int(statistics.bytes), "pieces": .int(statistics.pieces),
            "tokens": .int(statistics.tokens),
            "bytes_per_token": .double(statistics.bytesPerToken),
          ]))
      return
    }
    terminal.print(
      "\(Format.grouped(statistics.bytes)) bytes, \(Format.grouped(statistics.pieces)) pieces, "
        + "\(Format.grouped(statistics.tokens)) tokens: "
        + "\(Format.fixed(statistics.bytesPerToken, 2)) bytes a token")
  }
}

extension SplitPattern: ExpressibleByArgument {}
