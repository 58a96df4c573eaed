/// libyaml's messages in words that a user of pipeline files understands.
enum LibyamlWording {
  static func message(_ problem: String, context: String?) -> String {
    if context == "while scanning a quoted scalar", problem.hasSuffix("end of stream") {
      return "this quoted text has no closing quote"
    }
    return switch problem {
    case "did not find expected ',' or '}'": "expected `,` or `}` here"
    case "did not find expected ',' or ']'": "expected `,` or `]` here"
    case "did not find expected key": "this line doesn't fit the indentation of the lines before it"
    case "did not find expected '-' indicator": "expected `-` for the next list item here"
    case "mapping values are not allowed in this context":
      "a `key: value` pair can't stand here"
    case "block sequence entries are not allowed in this context":
      "a list item can't stand here"
    case "could not find expected ':'": "expected `:` after this key"
    case "found character that cannot start any token": "this character can't begin a value"
    case "did not find expected node content": "expected a value here"
    case "did not find expected <document start>": "expected the end of the file here"
    case "found unknown escape character": "unknown escape sequence in a double-quoted text"
    case "found duplicate anchor": "this anchor's name is already taken"
    default: problem
    }
  }

  static func help(_ problem: String, context: String?) -> String? {
    switch problem {
    case "mapping values are not allowed in this context":
      "put quotes around a text that contains `: `, or start the pair on its own line"
    case "did not find expected key":
      "align it with the keys beside it; check quotes and brackets above"
    case "found character that cannot start any token":
      "put quotes around a text that begins with `%`, `@` or a backtick"
    case "found unknown escape character":
      "write `\\\\` for a backslash, or use single quotes"
    case "could not find expected ':'": "a key is followed by a colon and a space"
    default: nil
    }
  }

  static func note(_ context: String) -> String {
    switch context {
    case "while parsing a block mapping": "the mapping begins here"
    case "while parsing a flow mapping": "the `{` is here"
    case "while parsing a block collection": "the list begins here"
    case "while parsing a flow sequence": "the `[` is here"
    case "while scanning a quoted scalar": "the text begins here"
    case "while scanning a simple key": "the key is here"
    default: context
    }
  }
}
