import BuildEngine
import Steps

extension LineageGraph {
  private static let box = (width: 168, height: 44, columnStep: 220, rowStep: 62, margin: 20)

  /// One page that needs nothing else: the picture and a list under it.
  package func html() -> String {
    let e = LineChart.escaped
    var out = """
      <!doctype html>
      <html lang="en"><head><meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(e(title)): lineage</title><style>\(Self.style)</style></head><body><main>
      <h1>\(e(title))</h1>
      <p class="faint">profile \(e(profile)), \(nodes.count) assets</p>
      <p>\(legend)</p>
      <div class="scroll">\(svg())</div>
      <table><thead><tr><th>asset</th><th>state</th><th>step</th><th>reads</th><th></th></tr></thead><tbody>

      """
    for node in nodes {
      let (_, line) = Self.colors(node.state)
      let note = [node.reason, node.description.isEmpty ? nil : node.description, node.note]
        .compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: " · ")
      out += """
        <tr id="\(e(node.name))"><td>\(e(node.name))</td>\
        <td><b style="color:\(line)">\(e(node.state.word))</b></td><td>\(e(node.step))</td>\
        <td>\(e((node.inputs + node.files).joined(separator: ", ")))</td>\
        <td class="faint">\(e(note))</td></tr>

        """
    }
    return out + "</tbody></table></main></body></html>\n"
  }

  private var legend: String {
    var seen: [AssetStatus.State] = []
    for node in nodes where !seen.contains(node.state) { seen.append(node.state) }
    return seen.map { state in
      let (fill, line) = Self.colors(state)
      let count = nodes.count { $0.state == state }
      return "<span class=\"key\" style=\"background:\(fill);border-color:\(line)\"></span>"
        + "\(LineChart.escaped(state.word)) \(count)"
    }.joined(separator: " &nbsp; ")
  }

  /// Boxes in columns with curves between them.
  package func svg() -> String {
    let e = LineChart.escaped
    let box = Self.box
    func corner(_ node: Node) -> (x: Int, y: Int) {
      (box.margin + node.column * box.columnStep, box.margin + node.row * box.rowStep)
    }
    let width = 2 * box.margin + (nodes.map(\.column).max() ?? 0) * box.columnStep + box.width
    let height = 2 * box.margin + (nodes.map(\.row).max() ?? 0) * box.rowStep + box.height
    var out = """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" \
      viewBox="0 0 \(width) \(height)" font-family="system-ui, sans-serif" font-size="13" role="img">
      <title>\(e(title))</title>

      """
    var corners: [String: (x: Int, y: Int)] = [:]
    for node in nodes { corners[node.name] = corner(node) }
    for node in nodes {
      let to = corner(node)
      for input in node.inputs {
        guard let from = corners[input] else { continue }
        let (x1, y1) = (from.x + box.width, from.y + box.height / 2)
        let (x2, y2) = (to.x, to.y + box.height / 2)
        let bend = max(24, (x2 - x1) / 2)
        out += """
          <path d="M\(x1) \(y1)C\(x1 + bend) \(y1) \(x2 - bend) \(y2) \(x2) \(y2)" fill="none" \
          stroke="#808890" stroke-opacity=".55" stroke-width="1.4"/>

          """
      }
    }
    for node in nodes {
      let at = corner(node)
      let (fill, line) = Self.colors(node.state)
      let detail = [node.state.word, node.reason ?? node.note].filter { !$0.isEmpty }
        .joined(separator: ": ")
      out += """
        <a href="#\(e(node.name))"><g><title>\(e(node.name)) – \(e(detail))</title>\
        <rect x="\(at.x)" y="\(at.y)" width="\(box.width)" height="\(box.height)" rx="7" \
        fill="\(fill)" stroke="\(line)"/>\
        <text x="\(at.x + 10)" y="\(at.y + 19)" font-weight="600" fill="#111">\(e(Self.cut(node.name, 22)))</text>\
        <text x="\(at.x + 10)" y="\(at.y + 35)" font-size="11" fill="#444">\(e(Self.cut(node.step, 26)))</text>\
        </g></a>

        """
    }
    return out + "</svg>"
  }

  private static func cut(_ text: String, _ length: Int) -> String {
    text.count > length ? String(text.prefix(length - 1)) + "…" : text
  }

  private static let style = """
    :root{color-scheme:light dark}body{margin:0;font:15px/1.5 system-ui,sans-serif}
    main{padding:1.5rem}h1{margin:.2em 0}.faint{opacity:.7}.scroll{overflow-x:auto}
    .key{display:inline-block;width:.9em;height:.9em;border:1px solid;border-radius:3px;margin-right:.35em;vertical-align:-.1em}
    table{border-collapse:collapse;font-size:.9rem;margin-top:1.5rem}
    th,td{padding:.3rem .9rem .3rem 0;text-align:left;border-bottom:1px solid #80889040;vertical-align:top}
    tr:target{background:#80889030}a{text-decoration:none}
    """
}
