internal import Kernels

extension LanguageModelError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .invalidShape(let field, let value, let requirement):
      "`\(field)` is \(value), but \(requirement)"
    case .invalidDepth(let depth, let nearest):
      "depth \(depth) gives a width that its heads do not divide; the nearest depths that work are "
        + nearest.map(String.init).joined(separator: " and ")
    case .invalidNumber(let field, let value, let requirement):
      "`\(field)` is \(value), but \(requirement)"
    case .kernel(let error):
      error.description
    }
  }
}
