extension ReportModel {
  /// The report as one HTML file that needs nothing else: no scripts, fonts or pictures from outside.
  func html() -> String {
    let e = LineChart.escaped
    var out = """
      <!doctype html>
      <html lang="en"><head><meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(e(title))</title>
      <style>\(Self.style)</style></head><body><main>
      <h1>\(e(title))</h1>
      <p class="faint">Profile <b>\(e(profile))</b>\(totalSeconds.map { " · \(Self.duration($0)) of work" } ?? "")</p>

      """
    out += "<h2>Lineage</h2>\n<div class=\"scroll\">\(lineageSVG())</div>\n"
    let comparison = comparison
    if !comparison.rows.isEmpty {
      out += "<h2>Side by side</h2>\n"
      out += Self.table(
        ["metric"] + comparison.stages, comparison.rows.map { [$0.metric] + $0.values })
    }
    for stage in stages {
      out += "<section id=\"\(e(stage.name))\"><h2>\(e(stage.name)) <small>\(e(stage.step))"
      out += stage.seconds.map { " · \(Self.duration($0))" } ?? ""
      out += "</small></h2>\n"
      if let description = stage.description { out += "<p>\(e(description))</p>\n" }
      for check in stage.checks {
        let kind = check.passed ? "passed" : check.blocks ? "failed" : "warning"
        out +=
          "<p class=\"check \(kind)\"><b>\(kind)</b> <code>\(e(check.name))</code> \(e(check.message))</p>\n"
      }
      if !stage.metrics.isEmpty {
        out += Self.table(
          ["metric", "value"], stage.metrics.map { [$0.name, Self.text($0.value)] })
      }
      for chart in stage.charts where !chart.isEmpty { out += "<figure>\(chart.svg())</figure>\n" }
      if let samples = stage.samples {
        out += "<details open><summary>Samples</summary><pre>\(e(samples))</pre></details>\n"
      }
      if !stage.parameters.isEmpty {
        out += "<details><summary>Parameters</summary>"
        out += Self.table(["parameter", "value"], stage.parameters.map { [$0.name, $0.value] })
        out += "</details>\n"
      }
      out += "</section>\n"
    }
    out += "<h2>Machine</h2>\n" + Self.table(["", ""], machine.map { [$0.name, $0.value] })
    return out + "</main></body></html>\n"
  }

  private static func table(_ header: [String], _ rows: [[String]]) -> String {
    let e = LineChart.escaped
    var out = "<div class=\"scroll\"><table>"
    if header.contains(where: { !$0.isEmpty }) {
      out += "<thead><tr>" + header.map { "<th>\(e($0))</th>" }.joined() + "</tr></thead>"
    }
    out += "<tbody>"
    for row in rows { out += "<tr>" + row.map { "<td>\(e($0))</td>" }.joined() + "</tr>" }
    return out + "</tbody></table></div>\n"
  }

  /// The stages as boxes in columns by their distance from the sources, with curves between them.
  private func lineageSVG() -> String {
    var depth: [String: Int] = [:]
    for stage in stages {
      depth[stage.name] = (stage.inputs.compactMap { depth[$0] }.max() ?? -1) + 1
    }
    var filled: [Int: Int] = [:]
    var place: [String: (x: Int, y: Int)] = [:]
    for stage in stages {
      let column = depth[stage.name] ?? 0
      let row = filled[column, default: 0]
      filled[column] = row + 1
      place[stage.name] = (12 + column * 170, 12 + row * 44)
    }
    let width = 24 + ((depth.values.max() ?? 0) + 1) * 170
    let height = 24 + (filled.values.max() ?? 1) * 44
    var out = """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" \
      viewBox="0 0 \(width) \(height)" font-family="system-ui, sans-serif" font-size="12">

      """
    for stage in stages {
      guard let to = place[stage.name] else { continue }
      for input in stage.inputs {
        guard let from = place[input] else { continue }
        let (x1, y1, x2, y2) = (from.x + 140, from.y + 15, to.x, to.y + 15)
        out += """
          <path d="M\(x1) \(y1)C\(x1 + 20) \(y1) \(x2 - 20) \(y2) \(x2) \(y2)" fill="none" \
          stroke="#80889080"/>

          """
      }
    }
    for stage in stages {
      guard let at = place[stage.name] else { continue }
      let failed = stage.checks.contains { !$0.passed && $0.blocks }
      out += """
        <a href="#\(LineChart.escaped(stage.name))"><rect x="\(at.x)" y="\(at.y)" width="140" height="30" \
        rx="6" fill="#2563eb18" stroke="\(failed ? "#dc2626" : "#2563eb")"/>\
        <text x="\(at.x + 70)" y="\(at.y + 19)" text-anchor="middle" \
        fill="currentColor">\(LineChart.escaped(String(stage.name.prefix(20))))</text></a>

        """
    }
    return out + "</svg>"
  }

  private static let style = """
    :root{color-scheme:light dark;--line:#80889040}body{margin:0;font:15px/1.5 system-ui,sans-serif}
    main{max-width:60rem;margin:0 auto;padding:1.5rem}h1{margin:.2em 0}h2{margin:1.8em 0 .4em;font-size:1.2rem}
    h2 small{font-weight:400;opacity:.6;font-size:.85rem}.faint{opacity:.7}table{border-collapse:collapse;font-size:.9rem}
    th,td{padding:.25rem .8rem .25rem 0;text-align:left;border-bottom:1px solid var(--line);font-variant-numeric:tabular-nums}
    .scroll{overflow-x:auto}pre{white-space:pre-wrap;border:1px solid var(--line);padding:.8rem;border-radius:6px;font-size:.85rem}
    .check{margin:.2rem 0;padding-left:.6rem;border-left:4px solid #059669}.check.failed{border-color:#dc2626}
    .check.warning{border-color:#d97706}figure{margin:1rem 0}svg{max-width:100%;height:auto}.scroll svg{max-width:none}
    """
}
