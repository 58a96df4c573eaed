/// The ids of the nine tokens that no text can spell, directly after the learned vocabulary.
package struct SpecialTokens: Sendable, Hashable {
  /// The number of learned tokens, and so the id of `bos`.
  package let base: Int32

  package init(base: Int32) { self.base = base }

  /// First token of every document and conversation; it also ends generation.
  package var bos: Int32 { base }
  package var userStart: Int32 { base + 1 }
  package var userEnd: Int32 { base + 2 }
  package var assistantStart: Int32 { base + 3 }
  package var assistantEnd: Int32 { base + 4 }
  package var pythonStart: Int32 { base + 5 }
  package var pythonEnd: Int32 { base + 6 }
  package var outputStart: Int32 { base + 7 }
  package var outputEnd: Int32 { base + 8 }

  /// The spellings in the order of their ids.
  package static let names = [
    "<|bos|>", "<|user_start|>", "<|user_end|>", "<|assistant_start|>", "<|assistant_end|>",
    "<|python_start|>", "<|python_end|>", "<|output_start|>", "<|output_end|>",
  ]

  package static var count: Int { names.count }

  /// The spelling of `id`, or nil for an ordinary token.
  package func name(of id: Int32) -> String? {
    let index = Int(id) - Int(base)
    return Self.names.indices.contains(index) ? Self.names[index] : nil
  }

  package func contains(_ id: Int32) -> Bool { id >= base && Int(id) < Int(base) + Self.count }
}
