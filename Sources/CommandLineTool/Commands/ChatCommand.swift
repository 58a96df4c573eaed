import ArgumentParser
import BuildEngine
import Corpus
import Glibc
import JSON
import Kernels
import LanguageModel
import PipelineFile
import Steps

struct ChatCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chat",
    abstract: "Talk to a model asset (default: the last chat model).",
    discussion: "Example: nanobuild chat -p \"What is 12 plus 30?\"")

  @Argument(help: "A model asset, or the folder of a checkpoint.", completion: Candidates.assets)
  var target: String?

  @OptionGroup var pipeline: PipelineOptions
  @OptionGroup var output: OutputOptions

  @Option(name: [.customShort("p"), .long], help: "Answer this one prompt and end.")
  var prompt: String?

  @Option(help: "How freely to choose: 0 always takes the most likely token.")
  var temperature = 0.6

  @Option(name: .customLong("top-k"), help: "Choose among so many tokens; 0 for all.")
  var topK = 50

  @Option(help: "Seed of the choices.")
  var seed: UInt64 = 42

  @Option(name: .customLong("max-tokens"), help: "Longest reply.")
  var maxTokens = 256

  @Option(help: "A system message.")
  var system = ""

  @Flag(help: "With -p: print the reply as JSON.")
  var json = false

  func validate() throws {
    guard temperature >= 0, temperature <= 10 else {
      throw ValidationError("--temperature is a number from 0 to 10")
    }
    guard topK >= 0 else { throw ValidationError("--top-k must not be negative") }
    guard maxTokens >= 1 else { throw ValidationError("--max-tokens must be at least 1") }
    if json, prompt == nil { throw ValidationError("--json needs -p") }
  }

  func run() throws {
    let terminal = Terminal.make(output)
    defer { terminal.flush() }
    let folder = try modelFolder(terminal)
    let engine = try load(folder, terminal)
    engine.clear(system: system)
    if let prompt {
      answer(prompt, engine, terminal)
    } else {
      try talk(engine, folder, terminal)
    }
  }

  // MARK: The model

  private func modelFolder(_ terminal: Terminal) throws -> String {
    if let target, access(target + "/" + ModelFolder.weights, F_OK) == 0 { return target }
    let session = try Session.open(pipeline, terminal)
    guard let name = target ?? Self.lastModel(session.pipeline) else {
      terminal.fail("the pipeline makes no model")
      throw ExitStatus.invalidInput.exit
    }
    do {
      return try terminal.reporting { try session.engine.path(of: name) }
    } catch {
      terminal.note("help: `nanobuild run \(name)` makes it")
      throw error
    }
  }

  /// The last asset that fine-tuning makes, else the last checkpoint.
  private static func lastModel(_ pipeline: Pipeline) -> String? {
    let models = pipeline.order.map { pipeline.assets[$0] }.filter {
      $0.step.produces == .checkpoint
    }
    return
      (models.last { $0.step.name == "train.sft" || $0.step.name == "train.rl" }
      ?? models.last)?.name
  }

  private func load(_ folder: String, _ terminal: Terminal) throws -> ChatEngine {
    do {
      _ = try BLAS.load()
      let pool = try ThreadPool(threads: ThreadPool.processorCount)
      let loaded = try ModelFolder.load(folder, pool: pool)
      return try ChatEngine(model: loaded.model, tokenizer: loaded.tokenizer)
    } catch {
      terminal.fail("\(error)")
      throw ExitStatus.invalidInput.exit
    }
  }

  // MARK: Talking

  private var settings: ChatEngine.Settings {
    ChatEngine.Settings(
      sampling: Sampler.Settings(temperature: temperature, topK: topK, seed: seed),
      maximumTokens: maxTokens)
  }

  private func answer(_ text: String, _ engine: ChatEngine, _ terminal: Terminal) {
    if json {
      var end = ChatEnd.finished
      let message = engine.reply(to: text, settings: settings) { event in
        if case .end(let reason) = event { end = reason }
        return true
      }
      let parts = message.parts.map { part -> JSONValue in
        ["type": .string(part.kind.rawValue), "text": .string(part.text)]
      }
      terminal.print(
        JSONWriter.text(
          ["version": 1, "content": .array(parts), "end": .string(end.rawValue)]))
      return
    }
    let color = terminal.usesColor
    var lastWasNewline = true
    engine.reply(to: text, settings: settings) { event in
      switch event {
      case .text(let piece):
        terminal.write(piece)
        lastWasNewline = piece.hasSuffix("\n")
      case .toolCall(let expression): terminal.write(Style.accent("⟨\(expression)", color))
      case .toolOutput(let result): terminal.write(Style.accent(" = \(result)⟩", color))
      case .end(let reason):
        if !lastWasNewline { terminal.write("\n") }
        if reason == .maximumTokens { terminal.note("(the reply reached --max-tokens)") }
        if reason == .contextFull { terminal.note("(the model's context is full)") }
      }
      return !ChatInterruption.isRequested
    }
  }

  private func talk(_ engine: ChatEngine, _ folder: String, _ terminal: Terminal) throws {
    if isatty(STDIN_FILENO) == 1 {
      terminal.note("/clear starts over, /save FILE keeps the conversation, /quit ends")
    }
    ChatInterruption.install()
    while true {
      if isatty(STDIN_FILENO) == 1 { terminal.write(Style.strong("> ", terminal.usesColor)) }
      guard let line = readLine() else {
        // Ctrl-C at the prompt ends the chat; while the model speaks it only stops the reply.
        if isatty(STDIN_FILENO) == 1 { terminal.write("\n") }
        return
      }
      let words = line.split(separator: " ", maxSplits: 1).map(String.init)
      switch words.first {
      case nil: continue
      case "/quit", "/exit", "quit", "exit": return
      case "/clear", "clear":
        engine.clear(system: system)
        terminal.note("(a new conversation)")
      case "/save": save(engine, to: words.count > 1 ? words[1] : "conversation.json", terminal)
      case .some(let word) where word.hasPrefix("/"):
        terminal.note("there is no command `\(word)`; /clear, /save FILE and /quit are")
      default:
        ChatInterruption.reset()
        answer(line, engine, terminal)
      }
    }
  }

  private func save(_ engine: ChatEngine, to path: String, _ terminal: Terminal) {
    let conversation = Conversation(messages: engine.messages)
    do {
      try ResultFiles.write(conversation.jsonLine + [0x0a], to: path)
      terminal.note("(saved \(engine.messages.count) messages to \(path))")
    } catch { terminal.fail("\(error)") }
  }
}

/// Ctrl-C while the model speaks.
private enum ChatInterruption {
  nonisolated(unsafe) private static var flag: sig_atomic_t = 0

  static func install() {
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in ChatInterruption.flag = 1 }
    sigaction(SIGINT, &action, nil)
  }

  static var isRequested: Bool { flag != 0 }
  static func reset() { flag = 0 }
}
