package import Diagnostics

extension YAMLError {
  package var diagnostic: Diagnostic {
    Diagnostic(message, at: location, width: width, help: help, notes: notes)
  }

  private var message: String {
    switch reason {
    case .empty: "the file is empty"
    case .utf16: "the file is UTF-16 or UTF-32 text"
    case .invalidUTF8(let byte): "byte 0x\(hexadecimal(UInt32(byte))) is not valid UTF-8"
    case .controlCharacter(let value):
      "control character U+\(hexadecimal(value, digits: 4)) is not allowed"
    case .tooLarge(let limit): "the file is larger than \(Wording.number(limit)) bytes"
    case .syntax(let problem, let context, _): LibyamlWording.message(problem, context: context)
    case .tab: "a tab can't indent or separate here"
    case .outOfMemory: "there is not enough memory to read this file"
    case .secondDocument: "a second document begins here"
    case .tooDeep(let limit): "nested deeper than \(limit) levels"
    case .tooManyDirectives(let limit): "more than \(limit) lines that begin with `%`"
    case .tooManyNodes(let limit): "more than \(Wording.number(limit)) values in one file"
    case .aliasExpansion(let limit):
      "aliases expand this file by more than \(Wording.number(limit)) values"
    case .unknownAnchor(let name): "no anchor `&\(name)` stands before this alias"
    case .aliasInsideItself(let name): "the alias `*\(name)` stands inside its own anchor"
    case .duplicateKey(let key, _): "duplicate key \(Wording.quoted(key))"
    case .keyIsCollection: "a key must be a name, not a list or a mapping"
    case .unknownTag(let tag): "unknown tag \(Wording.quoted(tag))"
    case .mergeOfScalar: "`<<` takes a mapping or a list of mappings"
    }
  }

  private var help: String? {
    switch reason {
    case .utf16, .invalidUTF8: "save the file as UTF-8"
    case .tab: "use spaces"
    case .secondDocument: "a file holds one document; remove `---` and what follows"
    case .syntax(let problem, let context, _): LibyamlWording.help(problem, context: context)
    case .unknownTag: "remove the tag; types follow from how a value is used"
    case .mergeOfScalar: "write `<<: *anchor`"
    case .empty, .controlCharacter, .tooLarge, .outOfMemory, .tooDeep, .tooManyDirectives,
      .tooManyNodes,
      .aliasExpansion, .unknownAnchor, .aliasInsideItself, .duplicateKey, .keyIsCollection:
      nil
    }
  }

  private var notes: [Diagnostic.Note] {
    switch reason {
    case .duplicateKey(let key, let first):
      [Diagnostic.Note("first here", at: first, width: max(1, key.unicodeScalars.count))]
    case .syntax(_, let context?, let place?) where place != location:
      [Diagnostic.Note(LibyamlWording.note(context), at: place)]
    default: []
    }
  }

  private func hexadecimal(_ value: UInt32, digits: Int = 2) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}
