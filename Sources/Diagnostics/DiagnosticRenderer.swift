/// Diagnostics as text: `pipeline.yaml:14:7: error: …`, the line, a caret, help and notes.
package struct DiagnosticRenderer: Sendable {
  private struct IndexedFile: Sendable {
    var file: SourceFile
    var lineStarts: [Int]
  }

  private var files: [String: IndexedFile]
  private let usesColor: Bool
  /// Longer source lines are cut around the caret.
  private let lineWidth = 120

  /// `files` are the texts that locations may name; a location in any other file is shown without
  /// its source line.
  package init(files: [SourceFile], usesColor: Bool = false) {
    self.files = [:]
    self.usesColor = usesColor
    for file in files where self.files[file.name] == nil {
      self.files[file.name] = IndexedFile(file: file, lineStarts: file.lineStarts())
    }
  }

  /// All of them, a blank line between, ending with a newline; empty for none.
  package func render(_ diagnostics: [Diagnostic]) -> String {
    diagnostics.map { render($0) }.joined(separator: "\n")
  }

  package func render(_ diagnostic: Diagnostic) -> String {
    let color: Style = diagnostic.severity == .error ? .error : .warning
    var lines = [
      headline(
        diagnostic.severity.rawValue, color, diagnostic.message, at: diagnostic.location)
    ]
    lines += excerpt(diagnostic.location, width: diagnostic.width, color)
    if let help = diagnostic.help {
      lines.append(paint("help", .help) + ": " + PrintableText.clean(help))
    }
    for note in diagnostic.notes {
      lines.append(headline("note", .help, note.message, at: note.location))
      lines += excerpt(note.location, width: note.width, .help)
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func headline(
    _ label: String, _ style: Style, _ message: String, at location: SourceLocation?
  ) -> String {
    let place = location.map { paint(PrintableText.clean($0.description) + ":", .bold) + " " } ?? ""
    return place + paint(label + ":", style) + " " + paint(PrintableText.clean(message), .bold)
  }

  /// The source line and the line with the carets below it; empty when the line isn't known.
  private func excerpt(_ location: SourceLocation?, width: Int, _ style: Style) -> [String] {
    guard let location, location.hasLine, let indexed = files[location.file],
      let source = indexed.file.line(location.line, lineStarts: indexed.lineStarts)
    else { return [] }
    let window = SourceWindow(
      line: source, column: location.column, width: width, limit: lineWidth)
    let number = String(location.line)
    let margin = String(repeating: " ", count: number.count)
    let carets = String(repeating: "^", count: window.caretWidth)
    let gap = String(repeating: " ", count: window.caretOffset)
    return [
      (paint(" \(number) |", .margin) + " " + window.text).trimmingTrailingSpaces(),
      paint(" \(margin) |", .margin) + " " + gap + paint(carets, style),
    ]
  }

  // MARK: Colour

  private enum Style: String {
    case error = "1;31"
    case warning = "1;33"
    case help = "1;36"
    case margin = "34"
    case bold = "1"
  }

  private func paint(_ text: String, _ style: Style) -> String {
    usesColor ? "\u{1b}[\(style.rawValue)m\(text)\u{1b}[0m" : text
  }
}

extension String {
  fileprivate func trimmingTrailingSpaces() -> String {
    var end = endIndex
    while end > startIndex, self[index(before: end)] == " " { end = index(before: end) }
    return String(self[..<end])
  }
}
