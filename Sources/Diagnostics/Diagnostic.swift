/// Something the user should mend: what is wrong, where, and what to do about it.
package struct Diagnostic: Sendable, Hashable {
  package enum Severity: String, Sendable, Hashable {
    case error, warning
  }

  /// A second place that belongs to the matter, such as the first of two equal keys.
  package struct Note: Sendable, Hashable {
    package var message: String
    package var location: SourceLocation?
    /// Characters to underline.
    package var width: Int

    package init(_ message: String, at location: SourceLocation? = nil, width: Int = 1) {
      self.message = message
      self.location = location
      self.width = width
    }
  }

  package var severity: Severity
  /// Lower-case, without a full stop, names in backticks.
  package var message: String
  package var location: SourceLocation?
  /// Characters to underline, from the location on; never past the end of the line.
  package var width: Int
  package var help: String?
  package var notes: [Note]

  package init(
    _ message: String, severity: Severity = .error, at location: SourceLocation? = nil,
    width: Int = 1, help: String? = nil, notes: [Note] = []
  ) {
    self.severity = severity
    self.message = message
    self.location = location
    self.width = width
    self.help = help
    self.notes = notes
  }
}

/// Diagnostics that stop a command, with the texts they point into.
package struct DiagnosticError: Error, Sendable {
  /// In the order they are to be shown; at least one is an error.
  package var diagnostics: [Diagnostic]
  package var files: [SourceFile]

  package init(_ diagnostics: [Diagnostic], files: [SourceFile] = []) {
    self.diagnostics = diagnostics
    self.files = files
  }
}

extension DiagnosticError: CustomStringConvertible {
  package var description: String {
    DiagnosticRenderer(files: files).render(diagnostics)
  }
}
