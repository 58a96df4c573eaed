#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension TokenizerChecks {
  /// Whether a tokenizer needs not many more tokens than another on the same documents.
  ///
  /// The relative difference is (tokens of `baseline` − ours) ÷ tokens of `baseline`: positive when
  /// ours is better. It passes when that is at least `minimum`, such as −0.3. The 95 % interval is
  /// that of a ratio of sums over the documents (linearised, Student's t): it says how far other
  /// documents of the same kind may differ, and needs at least two documents.
  /// Without `documents` the sentences of the check texts are compared.
  package static func compare(
    _ tokenizer: Tokenizer, baseline: Tokenizer, documents: [String] = CheckTexts.sentences,
    minimum: Double
  ) -> TokenizerVerdict {
    let ours = documents.map { Double(tokenizer.encode($0).count) }
    let theirs = documents.map { Double(baseline.encode($0).count) }
    let ourSum = ours.reduce(0, +)
    let theirSum = theirs.reduce(0, +)
    guard theirSum > 0 else {
      return TokenizerVerdict(passed: false, summary: "there is no text to compare on")
    }
    let ratio = ourSum / theirSum
    let difference = 1 - ratio
    var numbers = [
      "relative_difference": difference, "tokens": ourSum, "baseline_tokens": theirSum,
      "documents": Double(documents.count), "minimum": minimum,
    ]
    var interval = ""
    let count = Double(documents.count)
    if documents.count > 1 {
      let squares = zip(ours, theirs).reduce(0.0) { sum, pair in
        let rest = pair.0 - ratio * pair.1
        return sum + rest * rest
      }
      let error = sqrt(squares / (count - 1) / count) / (theirSum / count)
      let margin = studentQuantile(documents.count - 1) * error
      numbers["low"] = difference - margin
      numbers["high"] = difference + margin
      interval =
        ", 95 % interval \(percent(difference - margin)) to \(percent(difference + margin))"
        + " over \(documents.count) documents"
    }
    let word = difference >= 0 ? "fewer" : "more"
    return TokenizerVerdict(
      passed: difference >= minimum,
      summary: "\(percent(abs(difference))) \(word) tokens than the baseline" + interval
        + ", at least \(percent(minimum)) wanted",
      numbers: numbers)
  }

  private static func percent(_ value: Double) -> String { rounded(value * 100) + " %" }

  /// The 97.5 % quantile of Student's t by the Cornish–Fisher expansion (Abramowitz and Stegun
  /// 26.7.5), exact for one and two degrees of freedom.
  private static func studentQuantile(_ freedom: Int) -> Double {
    if freedom == 1 { return 12.706 }
    if freedom == 2 { return 4.303 }
    let z = 1.959_964
    let n = Double(freedom)
    let first = (pow(z, 3) + z) / 4
    let second = (5 * pow(z, 5) + 16 * pow(z, 3) + 3 * z) / 96
    let third = (3 * pow(z, 7) + 19 * pow(z, 5) + 17 * pow(z, 3) - 15 * z) / 384
    return z + first / n + second / (n * n) + third / (n * n * n)
  }
}
