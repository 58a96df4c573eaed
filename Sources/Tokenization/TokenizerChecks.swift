import JSON

/// What a check found: a sentence and the numbers behind it.
package struct TokenizerVerdict: Sendable, Hashable {
  package var passed: Bool
  package var summary: String
  package var numbers: [String: Double]
  /// One line for each thing that is wrong, or each text that was measured.
  package var details: [String]

  package init(
    passed: Bool, summary: String, numbers: [String: Double] = [:], details: [String] = []
  ) {
    self.passed = passed
    self.summary = summary
    self.numbers = numbers
    self.details = details
  }
}

/// Whether a tokenizer is fit for training.
package enum TokenizerChecks {
  // MARK: tokenizer.valid

  /// Whether the files of a tokenizer folder are whole and say the same.
  ///
  /// Ids are contiguous from 0, every byte has a token, no two tokens are equal, every token can be
  /// reached by merging, the special tokens follow the learned ones, and `tokenizer.tiktoken` and
  /// `token_bytes.json`, if present, agree with `tokenizer.json`.
  package static func valid(folder: String) -> TokenizerVerdict {
    do throws(TokenizerError) {
      let path = folder + "/" + TokenizerFiles.huggingFace
      let bytes = try TokenizerFiles.read(path)
      let tokenizer = try Tokenizer.parse(bytes, path: path)
      var faults = specialFaults(bytes, tokenizer)
      let ranks = folder + "/" + TokenizerFiles.tiktoken
      if TokenizerFiles.exists(ranks) {
        let other = try Tokenizer.load(ranks, pattern: tokenizer.pattern)
        if other.vocabulary != tokenizer.vocabulary {
          faults.append("`\(TokenizerFiles.tiktoken)` has other tokens than `tokenizer.json`")
        }
      }
      let lengths = folder + "/" + TokenizerFiles.tokenBytes
      if TokenizerFiles.exists(lengths) {
        let listed = (try? JSONParser.parse(try TokenizerFiles.read(lengths)))?.arrayValue
        if listed?.map({ $0.intValue ?? -1 }) != tokenizer.byteLengths.map({ Int($0) }) {
          faults.append("`\(TokenizerFiles.tokenBytes)` does not fit the tokens")
        }
      }
      let unreachable = Tokenizer.unreachableTokens(
        tokenizer.vocabulary, tokenizer.byteIDs, tokenizer.lengths, tokenizer.pairs
      ).count
      if unreachable > 0 { faults.append("\(unreachable) tokens cannot be reached by merging") }
      let count = tokenizer.vocabulary.count
      return TokenizerVerdict(
        passed: faults.isEmpty,
        summary: faults.first
          ?? "\(count) tokens and \(SpecialTokens.count) special tokens, all files agree",
        numbers: [
          "tokens": Double(count), "vocabulary_size": Double(tokenizer.vocabularySize),
          "unreachable": Double(unreachable),
        ],
        details: faults)
    } catch {
      return TokenizerVerdict(passed: false, summary: "\(error)", details: ["\(error)"])
    }
  }

  private static func specialFaults(_ bytes: [UInt8], _ tokenizer: Tokenizer) -> [String] {
    guard let json = try? JSONParser.parse(bytes) else { return ["`tokenizer.json` is no JSON"] }
    var ids: [String: Int] = [:]
    for token in json["added_tokens"]?.arrayValue ?? [] {
      if let name = token["content"]?.stringValue { ids[name] = token["id"]?.intValue }
    }
    return SpecialTokens.names.enumerated().compactMap { offset, name in
      let expected = Int(tokenizer.specialTokens.base) + offset
      guard let id = ids[name] else { return "the special token `\(name)` is missing" }
      return id == expected ? nil : "`\(name)` has the id \(id), expected \(expected)"
    }
  }

  // MARK: tokenizer.round_trip

  /// Whether encoding and decoding gives every text back, byte for byte.
  ///
  /// Besides texts in many scripts: every byte alone, and 4,096 arbitrary bytes from `seed`.
  package static func roundTrip(_ tokenizer: Tokenizer, seed: UInt64 = 1) -> TokenizerVerdict {
    var texts = CheckTexts.roundTrips.map { Array($0.utf8) }
    texts += CheckTexts.all.map { Array($0.text.utf8) }
    texts += (UInt8.min...UInt8.max).map { [$0] }
    var state = seed
    texts.append(
      (0..<4096).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 56)
      })
    let broken = texts.filter { tokenizer.decode(tokenizer.encode($0)) != $0 }
    return TokenizerVerdict(
      passed: broken.isEmpty,
      summary: broken.isEmpty
        ? "\(texts.count) texts came back unchanged"
        : "\(broken.count) of \(texts.count) texts came back changed",
      numbers: ["texts": Double(texts.count), "broken": Double(broken.count)],
      details: broken.map { PieceListing.readable($0.prefix(60)) })
  }

  // MARK: tokenizer.compression

  /// Whether a token covers at least `minimum` bytes on average over texts of four kinds.
  package static func compression(
    _ tokenizer: Tokenizer, minimum: Double
  ) -> TokenizerVerdict {
    var numbers: [String: Double] = [:]
    var details: [String] = []
    var bytes = 0
    var tokens = 0
    for sample in CheckTexts.all {
      let size = sample.text.utf8.count
      let count = tokenizer.encode(sample.text).count
      bytes += size
      tokens += count
      let ratio = Double(size) / Double(max(count, 1))
      numbers["bytes_per_token_\(sample.name)"] = ratio
      details.append("\(sample.name): \(rounded(ratio)) bytes a token (\(size) / \(count))")
    }
    let ratio = Double(bytes) / Double(max(tokens, 1))
    numbers["bytes_per_token"] = ratio
    numbers["minimum"] = minimum
    return TokenizerVerdict(
      passed: ratio >= minimum,
      summary: "\(rounded(ratio)) bytes a token, at least \(rounded(minimum)) wanted",
      numbers: numbers, details: details)
  }

  // MARK: tokenizer.letters

  /// Whether A to E and the digits are one token each, as answers to multiple choice must be.
  package static func letters(_ tokenizer: Tokenizer) -> TokenizerVerdict {
    let answers = ["A", "B", "C", "D", "E"] + (0...9).map { String($0) }
    let split = answers.filter { tokenizer.encode($0).count != 1 }
    let ids = Set(answers.flatMap { tokenizer.encode($0) })
    let passed = split.isEmpty && ids.count == answers.count
    return TokenizerVerdict(
      passed: passed,
      summary: passed
        ? "A to E and the digits are one token each"
        : "not one token: " + split.joined(separator: ", "),
      numbers: ["answers": Double(answers.count), "split": Double(split.count)],
      details: split)
  }

  static func rounded(_ value: Double) -> String {
    let hundredths = (value * 100).rounded()
    guard hundredths.isFinite, abs(hundredths) < 1e15 else { return "\(value)" }
    let whole = Int(abs(hundredths))
    let cents = whole % 100
    return (hundredths < 0 ? "-" : "") + "\(whole / 100)." + (cents < 10 ? "0" : "") + "\(cents)"
  }
}
