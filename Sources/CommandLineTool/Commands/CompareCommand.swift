import ArgumentParser
import BuildEngine
import Diagnostics
import JSON
import PipelineFile

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Set two profiles, runs or assets side by side: parameters and metrics.",
    discussion: """
      What differs comes first; --all shows the rest too. A run is named as `nanobuild history` names \
      it, by the beginning of that, or `last`.

      Example: nanobuild compare quick full
      """)

  @Argument(help: "A profile, a run or an asset.", completion: Candidates.profilesAndAssets)
  var first: String

  @Argument(help: "Another one.", completion: Candidates.profilesAndAssets)
  var second: String

  @OptionGroup var pipeline: PipelineOptions
  @OptionGroup var output: OutputOptions

  @Flag(help: "Show what is equal too.")
  var all = false

  @Flag(help: "Print JSON.")
  var json = false

  private struct Row {
    var name: String
    var left: JSONValue?
    var right: JSONValue?

    var differs: Bool { left != right }
    var isOneSided: Bool { left == nil || right == nil }
  }

  func run() throws {
    let terminal = Terminal.make(output)
    defer { terminal.flush() }
    let file = try ProjectFile.find(pipeline, terminal)
    let session = try Session.open(file, pipeline, terminal)
    let left = try ComparedSide.find(first, options: pipeline, file, session, terminal)
    let right = try ComparedSide.find(second, options: pipeline, file, session, terminal)
    guard (left.kind == .asset) == (right.kind == .asset) else {
      terminal.fail(
        "an asset can't be compared with a whole profile or run",
        help: "give two assets, or two of profiles and runs")
      throw ExitStatus.usage.exit
    }
    // What only one run touched is no difference of theirs.
    let isRun = left.kind == .run || right.kind == .run
    let parameters = Self.rows(left.parameters, right.parameters, sharedOnly: isRun)
    let metrics = Self.rows(left.metrics, right.metrics, sharedOnly: false)
    if json {
      terminal.print(
        JSONWriter.text(
          [
            "version": 1, "left": .string(left.name), "right": .string(right.name),
            "parameters": .array(parameters.map(Self.json)),
            "metrics": .array(metrics.map(Self.json)),
          ], pretty: true))
      return
    }
    show("Parameters", parameters, left.name, right.name, MetricText.parameter, false, terminal)
    terminal.print()
    show("Metrics", metrics, left.name, right.name, MetricText.text, true, terminal)
  }

  private static func rows(
    _ left: [String: JSONValue], _ right: [String: JSONValue], sharedOnly: Bool
  ) -> [Row] {
    let names = Set(left.keys).union(right.keys)
    let rows = names.sorted().map { Row(name: $0, left: left[$0], right: right[$0]) }
      .filter { !sharedOnly || ($0.left != nil && $0.right != nil) }
    // A number without a counterpart says less than two that differ.
    let (oneSided, paired) = (rows.filter(\.isOneSided), rows.filter { !$0.isOneSided })
    return paired.filter(\.differs) + oneSided + paired.filter { !$0.differs }
  }

  private func show(
    _ title: String, _ rows: [Row], _ left: String, _ right: String,
    _ text: (JSONValue) -> String, _ showsChange: Bool, _ terminal: Terminal
  ) {
    let color = terminal.usesColor
    terminal.print(Style.strong(title, color))
    let shown = all ? rows : rows.filter(\.differs)
    let equal = rows.count - rows.count(where: \.differs)
    if !shown.isEmpty {
      var table = Table([.left, .right, .right, .right])
      table.add([.init(""), .init(left, .strong), .init(right, .strong), .init("")])
      for row in shown {
        let change = showsChange ? Self.change(row) : ""
        table.add([
          .init("  " + row.name, row.differs ? nil : .faint),
          .init(Self.cut(row.left.map(text) ?? "–")), .init(Self.cut(row.right.map(text) ?? "–")),
          .init(change, .faint),
        ])
      }
      table.lines(color: color).forEach { terminal.print($0) }
    }
    if rows.isEmpty {
      terminal.print("  none")
    } else if !all, equal > 0 {
      terminal.print(Style.faint("  \(equal) equal (--all shows them)", color))
    }
  }

  /// The relative change of a number.
  private static func change(_ row: Row) -> String {
    guard row.differs, let a = row.left?.doubleValue, let b = row.right?.doubleValue, a != 0 else {
      return ""
    }
    let percent = (b - a) / a.magnitude * 100
    guard percent.isFinite else { return "" }
    return (percent > 0 ? "+" : "") + Format.fixed(percent, percent.magnitude < 9.95 ? 1 : 0) + " %"
  }

  private static func cut(_ text: String) -> String {
    text.count > 36 ? String(text.prefix(35)) + "…" : text
  }

  private static func json(_ row: Row) -> JSONValue {
    [
      "name": .string(row.name), "left": row.left ?? .null, "right": row.right ?? .null,
      "differs": .bool(row.differs),
    ]
  }
}
