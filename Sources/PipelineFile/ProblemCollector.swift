import Diagnostics
import YAML

/// Gathers everything that is wrong, so that all of it can be shown at once.
final class ProblemCollector {
  private(set) var diagnostics: [Diagnostic] = []
  /// Candidates that may still be compared for suggestions: a file full of wrong names must not
  /// cost the square of its length.
  private var comparisonsLeft = 500_000

  var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

  func add(_ diagnostic: Diagnostic) { diagnostics.append(diagnostic) }

  func report(_ error: PipelineError, at node: YAMLNode, notes: [Diagnostic.Note] = []) {
    report(error, at: node.location, width: node.width, notes: notes)
  }

  func report(
    _ error: PipelineError, at location: SourceLocation?, width: Int = 1,
    notes: [Diagnostic.Note] = []
  ) {
    diagnostics.append(
      Diagnostic(
        error.message, severity: error.severity, at: location, width: width, help: error.help,
        notes: notes))
  }

  func nearest(to name: String, among candidates: some Collection<String>) -> String? {
    guard comparisonsLeft >= candidates.count else { return nil }
    comparisonsLeft -= candidates.count
    return Suggestion.nearest(to: name, among: candidates)
  }

  /// By file in the order they were read, then by place; what has no line comes last.
  func sorted(files: [SourceFile]) -> [Diagnostic] {
    var ranks: [String: Int] = [:]
    for (rank, file) in files.enumerated() where ranks[file.name] == nil { ranks[file.name] = rank }
    func place(_ diagnostic: Diagnostic) -> (Int, Int, Int) {
      guard let location = diagnostic.location else { return (-1, 0, 0) }
      let rank = location.hasLine ? ranks[location.file] ?? files.count : files.count + 1
      return (rank, location.line, location.column)
    }
    return diagnostics.enumerated().sorted {
      let (left, right) = (place($0.element), place($1.element))
      return left == right ? $0.offset < $1.offset : left < right
    }.map(\.element)
  }
}
