package import BuildEngine
package import Diagnostics
import PipelineFile

extension Pipeline {
  private static let mostShown = 3

  /// What is wrong with the files the pipeline reads, where it names them.
  package func diagnostics(for faults: [SourceFault]) -> [Diagnostic] {
    let assets = Dictionary(self.assets.map { ($0.name, $0) }) { first, _ in first }
    return faults.flatMap { fault -> [Diagnostic] in
      let location = assets[fault.asset]?.location(of: fault)
      var shown = fault.errors.prefix(Self.mostShown).map { error in
        Diagnostic(
          error.message, at: location, width: fault.template.count, help: error.help)
      }
      let more = fault.errors.count - shown.count
      if more > 0, let last = shown.popLast() {
        shown.append(
          Diagnostic(
            "\(last.message), and \(more) more", at: location, width: last.width, help: last.help))
      }
      return shown
    }
  }
}

extension Pipeline.Asset {
  /// Where the path stands: among the inputs, or in a parameter that may name a local file.
  fileprivate func location(of fault: SourceFault) -> SourceLocation {
    for input in inputs where input.name == fault.input {
      for reference in input.references where reference.target == .path(fault.template) {
        return reference.location
      }
    }
    if case .file(let location) = origin(of: "url") { return location }
    return location
  }
}
