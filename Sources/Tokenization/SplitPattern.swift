/// Which rule cuts text into the pieces that are merged on their own.
package enum SplitPattern: String, Sendable, Hashable, CaseIterable {
  /// GPT-4's, with up to three number characters in a piece.
  case gpt4
  /// GPT-4's with up to two number characters, as nanochat has it.
  case nanochat
  /// GPT-2's.
  case gpt2

  /// The pattern as a regular expression, as it is written into `tokenizer.json`.
  package var expression: String {
    switch self {
    case .gpt4: Self.fourthGeneration(numbers: "{1,3}")
    case .nanochat: Self.fourthGeneration(numbers: "{1,2}")
    case .gpt2: #"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    }
  }

  private static func fourthGeneration(numbers: String) -> String {
    #"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}"# + numbers
      + #"| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"#
  }

  /// The pattern with this regular expression, in any of the spellings in use.
  ///
  /// The spellings differ in possessive quantifiers and in how the contractions are grouped, never
  /// in what they match. nil for every other expression.
  package init?(expression: String) {
    let known = Self.allCases.first { pattern in
      pattern.expression == expression || pattern.otherSpellings.contains(expression)
    }
    guard let known else { return nil }
    self = known
  }

  private var otherSpellings: [String] {
    switch self {
    case .gpt4: Self.otherFourthGeneration(numbers: "{1,3}")
    case .nanochat: Self.otherFourthGeneration(numbers: "{1,2}")
    case .gpt2:
      [
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#,
        #"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"#,
        #"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s"#,
      ]
    }
  }

  private static func otherFourthGeneration(numbers: String) -> [String] {
    let contractions = [
      #"(?i:'s|'t|'re|'ve|'m|'ll|'d)"#, #"'(?i:[sdmt]|ll|ve|re)"#,
    ]
    let words = [#"[^\r\n\p{L}\p{N}]?\p{L}+"#, #"[^\r\n\p{L}\p{N}]?+\p{L}+"#]
    let symbols = [#" ?[^\s\p{L}\p{N}]+[\r\n]*"#, #" ?[^\s\p{L}\p{N}]++[\r\n]*"#]
    let lines = [#"\s*[\r\n]+"#, #"\s*[\r\n]"#]
    var spellings: [String] = []
    for contraction in contractions {
      for word in words {
        for symbol in symbols {
          for line in lines {
            spellings.append(
              [contraction, word, #"\p{N}"# + numbers, symbol, line, #"\s+(?!\S)"#, #"\s+"#]
                .joined(separator: "|"))
          }
        }
      }
    }
    return spellings
  }

  /// The longest run of number characters in one piece.
  var numberLimit: Int {
    switch self {
    case .gpt4: 3
    case .nanochat: 2
    case .gpt2: .max
    }
  }
}
