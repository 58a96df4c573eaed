package import LanguageModel
import Tokenization

/// Generates replies to many prompts side by side: a row that is done takes the next prompt.
///
/// Which prompts share a pass depends on their order and the number of rows only.
package final class BatchGenerator {
  private let decoder: GPTDecoder
  private let tokenizer: Tokenizer
  private let rows: Int

  /// Prompt and reply together have at most `maximumLength` tokens.
  package init(
    _ loaded: LoadedModel, rows: Int, maximumLength: Int
  ) throws(TrainingError) {
    tokenizer = loaded.tokenizer
    self.rows = rows
    do throws(LanguageModelError) {
      decoder = try GPTDecoder(
        model: loaded.model, maximumRows: rows, maximumLength: maximumLength)
    } catch {
      throw .model(error)
    }
  }

  private struct Row {
    var item: Int
    var sampler: Sampler
    var tool: ToolUse
    var ids: [Int32] = []
  }

  /// The tokens of a reply to each prompt, with the calculator's; `done` is told after each. Stops
  /// early, with the replies it has, when `done` answers false.
  package func generate(
    _ prompts: [[Int32]], sampling: Sampler.Settings, maximumTokens: Int,
    done: (_ completed: Int) -> Bool = { _ in true }
  ) -> [[Int32]] {
    var replies = [[Int32]](repeating: [], count: prompts.count)
    var active: [Int: Row] = [:]
    var next = 0
    var completed = 0
    var mayContinue = true
    // Draws the next token of a row; nil when its reply is over.
    func draw(_ row: inout Row, _ logits: UnsafeBufferPointer<Float>, length: Int) -> Int32? {
      guard row.ids.count < maximumTokens, length < decoder.maximumLength else { return nil }
      let token = row.tool.nextForced() ?? Int32(row.sampler.next(logits))
      if ToolUse.isEnd(token, tokenizer.specialTokens) { return nil }
      row.tool.accept(token)
      row.ids.append(token)
      return token
    }
    func close(_ row: Row) {
      replies[row.item] = row.ids
      completed += 1
      mayContinue = done(completed) && mayContinue
    }
    var pending: [Int: Int32] = [:]
    while mayContinue {
      for slot in 0..<rows where active[slot] == nil {
        while active[slot] == nil, next < prompts.count {
          var row = Row(
            item: next, sampler: Sampler(settings: sampling, stream: UInt64(next)),
            tool: ToolUse(tokenizer))
          decoder.truncate(row: slot)
          let prompt = fitting(prompts[next], reserving: maximumTokens)
          next += 1
          let logits = decoder.prefill(prompt, row: slot)
          if let token = draw(&row, UnsafeBufferPointer(logits), length: decoder.lengths[slot]) {
            pending[slot] = token
            active[slot] = row
          } else {
            close(row)
          }
        }
      }
      let slots = active.keys.sorted()
      guard !slots.isEmpty else { break }
      let logits = decoder.decode(tokens: slots.map { pending[$0] ?? 0 }, rows: slots)
      let size = decoder.model.configuration.vocabularySize
      for (place, slot) in slots.enumerated() {
        guard var row = active[slot] else { continue }
        let part = UnsafeBufferPointer(rebasing: logits[(place * size)..<((place + 1) * size)])
        if let token = draw(&row, part, length: decoder.lengths[slot]) {
          pending[slot] = token
          active[slot] = row
        } else {
          active[slot] = nil
          close(row)
        }
      }
    }
    for row in active.values { replies[row.item] = row.ids }
    return replies
  }

  /// A prompt that leaves no room loses its beginning, all but the first token, which always stays.
  private func fitting(_ prompt: [Int32], reserving tokens: Int) -> [Int32] {
    let reserved = max(1, min(tokens, decoder.maximumLength / 2))
    let room = max(1, decoder.maximumLength - reserved)
    guard prompt.count > room else { return prompt }
    return Array(prompt.prefix(1)) + prompt.suffix(room - 1)
  }
}
