extension ReportModel {
  /// The report as Markdown tables, for terminals, code reviews and issue trackers.
  func markdown() -> String {
    var out = "# \(title)\n\nProfile `\(profile)`"
    if let totalSeconds { out += ", \(Self.duration(totalSeconds)) of work" }
    out += ".\n\n"
    out += Self.table(["machine", ""], machine.map { [$0.name, $0.value] })
    out += "\n## Lineage\n\n```\n"
    for stage in stages {
      out +=
        stage.name + (stage.inputs.isEmpty ? "" : " <- " + stage.inputs.joined(separator: ", "))
      out += "\n"
    }
    out += "```\n"
    let comparison = comparison
    if !comparison.rows.isEmpty {
      out += "\n## Side by side\n\n"
      out += Self.table(
        ["metric"] + comparison.stages, comparison.rows.map { [$0.metric] + $0.values })
    }
    for stage in stages {
      out += "\n## \(stage.name)\n\n"
      if let description = stage.description { out += "\(description). " }
      out += "Step `\(stage.step)`"
      if let seconds = stage.seconds { out += ", \(Self.duration(seconds))" }
      out += ".\n\n"
      if !stage.metrics.isEmpty {
        out += Self.table(
          ["metric", "value"], stage.metrics.map { [$0.name, Self.text($0.value)] })
        out += "\n"
      }
      for check in stage.checks {
        let mark = check.passed ? "passed" : check.blocks ? "FAILED" : "warning"
        out += "- \(mark): `\(check.name)`: \(check.message)\n"
      }
      if !stage.parameters.isEmpty {
        out += "\n<details><summary>Parameters</summary>\n\n"
        out += Self.table(
          ["parameter", "value"], stage.parameters.map { [$0.name, "`\($0.value)`"] })
        out += "\n</details>\n"
      }
      if let samples = stage.samples {
        out += "\n````text\n\(samples.replacing("````", with: "'''' "))\n````\n"
      }
    }
    return out
  }

  private static func table(_ header: [String], _ rows: [[String]]) -> String {
    func line(_ cells: [String]) -> String {
      let safe = cells.map { $0.replacing("|", with: "\\|").replacing("\n", with: " ") }
      return "| " + safe.joined(separator: " | ") + " |\n"
    }
    return line(header) + line(header.map { _ in "---" }) + rows.map(line).joined()
  }
}
