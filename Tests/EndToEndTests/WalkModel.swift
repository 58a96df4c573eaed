import TestSupport

/// A pipeline with partitions, checks and profiles, and beside it what its results must be, worked
/// out from the sources alone: no keys, no cache, nothing remembered.
struct WalkModel {
  static let profiles = ["small", "large"]

  var words = "one two\n"
  var parts = ["a": "1\n", "b": "2\n", "c": "3\n"]
  /// Partitions each profile makes.
  var chosen = ["small": ["a", "b"], "large": ["a", "b", "c"]]
  var factors = ["small": "s", "large": "l"]
  /// The check of `sum` allows so many lines.
  var limit = 9
  var isBlocking = true
  /// Which of several ways to write the same file.
  var layout = 0

  // MARK: What must be there

  /// The text of every task's result by its path below `cache/current/<profile>`.
  func results(_ profile: String) -> [String: String] {
    var texts = ["upper": words.uppercased()]
    var sum = ""
    for part in (chosen[profile] ?? []).sorted() {
      let made = "\(factors[profile] ?? ""):\(parts[part] ?? "")"
      texts["part/\(part)"] = made
      texts["each/\(part)"] = "each \(made)"
      sum += "each \(made)"
    }
    sum += words.uppercased()
    texts["sum"] = sum
    texts["all"] = parts.keys.sorted().map { parts[$0] ?? "" }.joined()
    if !isBlocked(profile) { texts["last"] = "last\n\(sum)" }
    return texts
  }

  /// Whether the check of `sum` holds back what needs it.
  func isBlocked(_ profile: String) -> Bool {
    let lines = (chosen[profile] ?? []).reduce(0) { $0 + newlines(parts[$1] ?? "") }
    return isBlocking && lines + newlines(words) > limit
  }

  private func newlines(_ text: String) -> Int { text.utf8.count { $0 == 10 } }

  // MARK: The files

  func write(to project: TestProject) throws {
    try project.write("pipeline.yaml", pipeline)
    try project.write("large.yaml", overlay("large", indent: ""))
    try write("words.txt", words, to: project)
    for (name, text) in parts { try write("parts/\(name).txt", text, to: project) }
  }

  private func write(_ path: String, _ text: String, to project: TestProject) throws {
    if project.exists(path), try project.read(path) == text { return }
    try project.write(path, text)
  }

  private func overlay(_ profile: String, indent: String) -> String {
    let values = (chosen[profile] ?? []).joined(separator: ", ")
    return """
      \(indent)assets:
      \(indent)  part: {partitions: {p: [\(values)]}, with: {factor: \(factors[profile] ?? "")}}

      """
  }

  var pipeline: String {
    var assets = [
      asset("upper", "tr a-z A-Z < $NB_INPUT_words", "inputs: {words: words.txt}"),
      asset(
        "part", "printf '%s:' $NB_PARAM_factor; cat $NB_INPUT_text",
        "inputs: {text: 'parts/{p}.txt'}", "partitions: {p: [a]}", with: "factor: none, "),
      asset(
        "each", "printf 'each '; cat $NB_INPUT_part/$NB_PARTITION_p/text", "inputs: {part: part}",
        "partitions: part"),
      asset(
        "sum", "cat $NB_INPUT_each/*/text $NB_INPUT_upper/text",
        "inputs: {each: each, upper: upper}",
        "checks: [{shell: {name: short, command: 'test $(wc -l < $NB_RESULT/text) -le \(limit)'}, "
          + "severity: \(isBlocking ? "error" : "warn")}]"),
      asset("last", "echo last; cat $NB_INPUT_sum/text", "inputs: {sum: sum}"),
      asset("all", "cat $NB_INPUT_files", "inputs: {files: parts/*.txt}"),
    ]
    if layout % 2 == 1 { assets.reverse() }
    let comment = String(repeating: "# The same again.\n", count: layout % 5)
    return comment + """
      nanobuild: 1
      profile: small
      profiles:
        small:
      \(overlay("small", indent: "    "))  large: large.yaml
      assets:
      \(assets.joined(separator: comment))
      """
  }

  private func asset(
    _ name: String, _ command: String, _ settings: String..., with parameters: String = ""
  ) -> String {
    var lines =
      settings + [
        "step: shell",
        "with: {\(parameters)command: \"echo \(name) >> $NB_ROOT/ran; { \(command); } > text\"}",
      ]
    if layout % 3 == 1 { lines.reverse() }
    if layout % 3 == 2 { lines.append("description: layout \(layout)") }
    let indent = layout % 4 == 3 ? "      " : "    "
    return "  \(name):\n" + lines.map { "\(indent)\($0)\n" }.joined()
  }
}
