internal import CKernels
internal import COpenBLAS
#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Which of OpenBLAS's kernel sets to use, the setting `blas_kernel`.
package enum BLASKernelChoice: Sendable, Hashable {
  /// The library's own choice for this machine, whatever the environment says.
  case automatic
  /// What the environment says.
  case inherit
  /// A kernel set by its name, such as `Haswell`.
  case named(String)

  package init(_ text: String) {
    switch text {
    case "auto": self = .automatic
    case "inherit": self = .inherit
    default: self = .named(text)
    }
  }
}

/// What was loaded, for the record of a run.
package struct BLASInfo: Sendable, Hashable {
  /// OpenBLAS's kernel set, such as `Cooperlake`.
  package let core: String
  package let configuration: String
  /// The variant of our own kernels: `avx512`, `avx2` or `baseline`.
  package let variant: String
}

/// Matrix products from OpenBLAS, single-threaded calls that the pool runs side by side.
package enum BLAS {
  /// Opens OpenBLAS once for the process and checks a small product against double precision.
  package static func load(kernel: BLASKernelChoice = .automatic) throws(KernelError) -> BLASInfo {
    var result = nb_openblas()
    var message = [CChar](repeating: 0, count: 512)
    let status =
      switch kernel {
      case .automatic: nb_openblas_open("", &result, &message, Int32(message.count))
      case .inherit: nb_openblas_open(nil, &result, &message, Int32(message.count))
      case .named(let name): nb_openblas_open(name, &result, &message, Int32(message.count))
      }
    guard status == 0 else { throw .openBLASUnavailable(reason: String(nullTerminated: message)) }
    nb_set_sgemm(result.sgemm)
    let core = String(cString: result.core)
    let error = errorOfSmallProduct()
    guard error < 1e-4 else { throw .openBLASWrong(core: core, error: error) }
    let variant =
      switch nb_variant() {
      case 2: "avx512"
      case 1: "avx2"
      default: "baseline"
      }
    return BLASInfo(
      core: core, configuration: String(cString: result.configuration), variant: variant)
  }

  /// c = alpha op(a) op(b) + beta c on row-major matrices: op(a) is m × k, op(b) k × n.
  package static func multiply(
    into c: UnsafeMutablePointer<Float>, _ a: UnsafePointer<Float>, transposed ta: Bool = false,
    _ b: UnsafePointer<Float>, transposed tb: Bool = false, m: Int, n: Int, k: Int,
    alpha: Float = 1, beta: Float = 0
  ) {
    nb_gemm(
      ta ? 1 : 0, tb ? 1 : 0, m, n, k, alpha, a, ta ? m : k, b, tb ? k : n, beta, c, n)
  }

  /// Largest relative error of a product of odd shape, in all transposed forms.
  private static func errorOfSmallProduct() -> Double {
    let m = 67, n = 45, k = 131
    let a = (0..<m * k).map { Float(($0 &* 7919) % 1009) / 504 - 1 }
    let b = (0..<k * n).map { Float(($0 &* 104_729) % 1013) / 506 - 1 }
    var worst = 0.0
    for form in 0..<4 {
      let ta = form & 1 != 0, tb = form & 2 != 0
      var c = [Float](repeating: 0, count: m * n)
      multiply(into: &c, a, transposed: ta, b, transposed: tb, m: m, n: n, k: k)
      for i in 0..<m {
        for j in 0..<n {
          var sum = 0.0
          for p in 0..<k {
            sum += Double(a[ta ? p * m + i : i * k + p]) * Double(b[tb ? j * k + p : p * n + j])
          }
          worst = max(worst, abs(sum - Double(c[i * n + j])) / Double(k))
        }
      }
    }
    return worst
  }
}

/// Seconds of the monotonic clock.
package func monotonicSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

extension String {
  fileprivate init(nullTerminated characters: [CChar]) {
    self.init(
      decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
