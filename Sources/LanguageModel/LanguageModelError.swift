package import Kernels

/// What can go wrong in building or running a model.
package enum LanguageModelError: Error, Hashable {
  /// A number of the model's shape is out of range; `requirement` says what is allowed.
  case invalidShape(field: String, value: Int, requirement: String)
  /// The depth dial has no shape for this depth; `nearest` lists those that work.
  case invalidDepth(Int, nearest: [Int])
  /// A number of the configuration is out of range.
  case invalidNumber(field: String, value: Double, requirement: String)
  /// The machine lacks something.
  case kernel(KernelError)
}
