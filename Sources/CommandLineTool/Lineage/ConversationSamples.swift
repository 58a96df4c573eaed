import BuildEngine
import Corpus
import Diagnostics
import JSON
import PipelineFile
import Tokenization

/// Some conversations of an asset as a model sees them, for `show --sample`.
struct ConversationSamples {
  private let asset: String
  private let renderer: ConversationRenderer
  private let rendered: [RenderedConversation]

  static func read(
    _ asset: String, count: Int, skip: Int, _ session: Session, _ terminal: Terminal
  ) throws -> ConversationSamples {
    let folder = try terminal.reporting { try session.engine.path(of: asset) }
    if let kind = session.pipeline[asset]?.step.produces,
      kind != .conversations, kind != .files
    {
      terminal.fail(
        "`\(asset)` holds \(kind.rawValue), not conversations",
        help: "--sample needs an asset of conversations")
      throw ExitStatus.usage.exit
    }
    guard let path = tokenizer(for: asset, session) else {
      terminal.fail(
        "there is no tokenizer to render with",
        help: "`nanobuild run` the asset that makes the tokenizer first")
      throw ExitStatus.failed.exit
    }
    do {
      let renderer = ConversationRenderer(try Tokenizer.load(path), maxTokens: .max)
      let reader = try ConversationReader(paths: [folder])
      var rendered: [RenderedConversation] = []
      var index = 0
      while rendered.count < count, let conversation = try reader.next() {
        if index >= skip { rendered.append(renderer.render(conversation)) }
        index += 1
      }
      return ConversationSamples(asset: asset, renderer: renderer, rendered: rendered)
    } catch {
      terminal.fail("\(error)")
      throw ExitStatus.invalidInput.exit
    }
  }

  /// The result of the asset's own tokenizer, or of any.
  private static func tokenizer(for asset: String, _ session: Session) -> String? {
    let own = session.pipeline[asset]?.references(of: "tokenizer") ?? []
    let named = own.compactMap { reference -> String? in
      if case .asset(let name) = reference.target { name } else { nil }
    }
    let others = session.pipeline.assets.filter { $0.step.produces == .tokenizer }.map(\.name)
    for name in named + others {
      if let path = try? session.engine.path(of: name) { return path }
    }
    return nil
  }

  func print(_ terminal: Terminal) {
    if rendered.isEmpty { return terminal.print("`\(asset)` has no more conversations") }
    for (index, conversation) in rendered.enumerated() {
      let trained = conversation.mask.count { $0 == 1 }
      if index > 0 { terminal.print() }
      terminal.print(
        Style.strong(
          "\(Format.grouped(conversation.ids.count)) tokens, \(Format.grouped(trained)) trained",
          terminal.usesColor))
      terminal.print(
        renderer.display(
          conversation, style: terminal.usesColor ? .colour : .brackets,
          cleaned: { PrintableText.clean($0, keeping: "\n\t") }))
    }
  }

  func printJSON(_ terminal: Terminal) {
    let list = rendered.map { conversation -> JSONValue in
      [
        "text": .string(renderer.display(conversation, style: .brackets)),
        "ids": .array(conversation.ids.map { .int(Int($0)) }),
        "mask": .array(conversation.mask.map { .int(Int($0)) }),
      ]
    }
    terminal.print(
      JSONWriter.text(["version": 1, "asset": .string(asset), "conversations": .array(list)]))
  }
}
