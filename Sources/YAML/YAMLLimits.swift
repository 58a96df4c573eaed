/// What a file may demand of us.
package struct YAMLLimits: Sendable {
  package var bytes = 256 << 20
  package var depth = 100
  package var nodes = 20_000_000
  /// Lines that begin with `%`; libyaml compares each tag directive with all others.
  package var directives = 100
  /// Nodes that aliases and merge keys may add, counted as if each were written out.
  package var aliasedNodes = 1_000_000

  package init() {}
}
