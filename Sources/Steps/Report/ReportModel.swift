import JSON

/// Everything the report shows, gathered before any of it is written.
struct ReportModel: Sendable {
  struct Stage: Sendable {
    var name: String
    var step: String
    var description: String?
    var inputs: [String]
    /// Parameters that differ from the step's defaults come first; values as JSON text.
    var parameters: [(name: String, value: String)]
    var metrics: [(name: String, value: JSONValue)]
    var checks: [CheckLine]
    var charts: [LineChart]
    /// Texts the model wrote, as the stage kept them.
    var samples: String?
    var seconds: Double?
    var bytes: Int?
  }

  struct CheckLine: Sendable {
    var name: String
    var passed: Bool
    var blocks: Bool
    var message: String
  }

  var title: String
  var profile: String
  var machine: [(name: String, value: String)]
  var stages: [Stage]

  /// Metrics that appear in more than one stage: the table a reader looks for first.
  var comparison: (stages: [String], rows: [(metric: String, values: [String])]) {
    var order: [String] = []
    var values: [String: [String: JSONValue]] = [:]
    for stage in stages {
      for (name, value) in stage.metrics {
        if values[name] == nil { order.append(name) }
        values[name, default: [:]][stage.name] = value
      }
    }
    let shared = order.filter { (values[$0]?.count ?? 0) > 1 }
    let columns = stages.map(\.name).filter { name in shared.contains { values[$0]?[name] != nil } }
    let rows = shared.map { metric in
      (metric, columns.map { values[metric]?[$0].map(Self.text) ?? "" })
    }
    return (columns, rows)
  }

  var totalSeconds: Double? {
    let known = stages.compactMap(\.seconds)
    return known.isEmpty ? nil : known.reduce(0, +)
  }

  /// A value as a reader wants it: four significant digits, no quotes around strings.
  static func text(_ value: JSONValue) -> String {
    switch value {
    case .string(let text): text
    case .double(let number) where number.magnitude >= 1e-3 && number.magnitude < 1e6:
      "\((number * 1e4).rounded() / 1e4)"
    case .int(let number): grouped(number)
    default: JSONWriter.text(value)
    }
  }

  private static func grouped(_ number: Int) -> String {
    var digits = String(number.magnitude)
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    return (number < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
  }

  static func duration(_ seconds: Double) -> String {
    let whole = Int(min(seconds.rounded(), 1e12))
    if seconds < 10 { return "\((seconds * 10).rounded() / 10) s" }
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) m \(whole % 60) s" }
    return "\(whole / 3600) h \(whole / 60 % 60) m"
  }
}
