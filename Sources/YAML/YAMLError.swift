package import Diagnostics

/// Why a text is not the YAML we accept, and where.
package struct YAMLError: Error, Sendable, Hashable {
  package enum Reason: Sendable, Hashable {
    case empty
    case utf16
    case invalidUTF8(byte: UInt8)
    case controlCharacter(UInt32)
    case tooLarge(limit: Int)
    /// libyaml's words, and what it was reading with the place where that began.
    case syntax(problem: String, context: String?, contextLocation: SourceLocation?)
    case tab
    case outOfMemory
    case secondDocument
    case tooDeep(limit: Int)
    case tooManyDirectives(limit: Int)
    case tooManyNodes(limit: Int)
    case aliasExpansion(limit: Int)
    case unknownAnchor(String)
    case aliasInsideItself(String)
    case duplicateKey(String, first: SourceLocation)
    case keyIsCollection
    case unknownTag(String)
    case mergeOfScalar
  }

  package var reason: Reason
  package var location: SourceLocation
  /// Characters to underline.
  package var width: Int
  /// The mapping that holds a duplicate key.
  package var mapping: Int?

  init(_ reason: Reason, at location: SourceLocation, width: Int = 1, mapping: Int? = nil) {
    self.reason = reason
    self.location = location
    self.width = width
    self.mapping = mapping
  }

  /// True for a duplicate key of this very mapping.
  package func isDuplicateKey(in node: YAMLNode) -> Bool {
    mapping == node.index && location.file == node.document.file
  }
}
