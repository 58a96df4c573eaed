internal import CKernels
internal import Kernels

/// The number format of matrix products; weights, sums, norms and optimisers are always fp32.
package enum Precision: String, Sendable, Hashable, CaseIterable {
  case fp32, bf16

  /// Whether this machine has the instructions.
  package var isSupported: Bool {
    switch self {
    case .fp32: true
    case .bf16: nb_has_bf16() != 0
    }
  }
}

/// Who computes single-precision products, the setting `products`.
package enum ProductLibrary: String, Sendable, Hashable, CaseIterable {
  /// Our own kernels.
  case native
  /// OpenBLAS, which `BLAS.load` must have opened.
  case openblas
}

func engine(_ precision: Precision, _ library: ProductLibrary) throws(LanguageModelError) -> Engine
{
  switch (precision, library) {
  case (.bf16, _):
    guard precision.isSupported else { throw .kernel(.noBF16) }
    return Engine(NB_BF16.rawValue)
  case (.fp32, .native): return Engine(NB_FP32.rawValue)
  case (.fp32, .openblas): return Engine(NB_OPENBLAS.rawValue)
  }
}
