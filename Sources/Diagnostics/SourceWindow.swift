/// The part of a source line that is shown, and where the carets stand below it, measured in
/// terminal cells.
struct SourceWindow {
  /// Tabs expanded, control characters replaced, cut to the limit with `…`.
  private(set) var text = ""
  private(set) var caretOffset = 0
  private(set) var caretWidth = 1

  /// `column` is 1-based and counts Unicode scalars, as YAML does; `width` counts scalars too.
  init(line: String, column: Int, width: Int, limit: Int) {
    let scalars = Array(line.unicodeScalars)
    let first = min(max(column - 1, 0), scalars.count)
    let last = min(first.addingReportingOverflow(max(width, 1)).partialValue, scalars.count)
    // Cut long lines so that the caret stands in the first third of what is left.
    let cutsFront = scalars.count > limit && first > limit / 3
    let start = cutsFront ? max(0, min(first - limit / 3, scalars.count - limit)) : 0
    let end = min(scalars.count, start + limit)
    if cutsFront { text = "…" }
    var cells = cutsFront ? 1 : 0
    var caretEnd: Int?
    for index in start..<end {
      if index == first { caretOffset = cells }
      if index == last { caretEnd = cells }
      let shown = PrintableText.cells(of: scalars[index], at: cells)
      text.append(shown.text)
      cells += shown.width
    }
    if first >= end { caretOffset = cells }
    if end < scalars.count { text.append("…") }
    caretWidth = max(1, (caretEnd ?? cells) - caretOffset)
  }
}
