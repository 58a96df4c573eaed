internal import CKernels

extension BLAS {
  /// GFLOP/s of large square single-precision products with every thread of the pool on rows of its
  /// own: the peak that training speed is compared with is the better of the two.
  package struct Peak: Sendable, Hashable {
    /// OpenBLAS with the kernels in use, nil before `load`.
    package let openBLAS: Double?
    /// Our own kernels, the packing of the right factor counted.
    package let native: Double
    package var best: Double { max(native, openBLAS ?? 0) }
  }

  /// Multiplies 2048 × 2048 matrices for about a second and returns the better speed.
  package static func measuredPeak(pool: ThreadPool) throws(KernelError) -> Double {
    try measuredPeaks(pool: pool).best
  }

  package static func measuredPeaks(pool: ThreadPool, side n: Int = 2048) throws(KernelError)
    -> Peak
  {
    let a = try Tensor(shape: [n, n]), b = try Tensor(shape: [n, n]), c = try Tensor(shape: [n, n])
    for i in 0..<a.count { a.pointer[i] = Float(i % 7) - 3 }
    for i in 0..<b.count { b.pointer[i] = Float(i % 5) - 2 }
    let fp32 = Int32(NB_FP32.rawValue)
    let packed = try Tensor(shape: [nb_packed_words(fp32, n, n)])
    let work = try Tensor(shape: [pool.threads, Int(NB_PRODUCT_WORDS)])
    let panels = nb_panel_count(n)
    let native = best(n) {
      pool.parallel(chunks: (panels + 7) / 8) { part in
        nb_pack(fp32, packed.pointer, b.pointer, n, n, n, 0, part * 8, min(panels, part * 8 + 8))
      }
      pool.parallelWithWorker(chunks: (n + 255) / 256) { chunk, worker in
        nb_product_rows(
          fp32, c.pointer + chunk * 256 * n, n, a.pointer + chunk * 256 * n, n, packed.pointer,
          min(256, n - chunk * 256), n, n, 0,
          work.pointer + worker * Int(NB_PRODUCT_WORDS))
      }
    }
    guard nb_has_sgemm() != 0 else { return Peak(openBLAS: nil, native: native) }
    let threads = pool.threads
    let openBLAS = best(n) {
      pool.parallel(chunks: threads) { part in
        let rows = n * part / threads..<n * (part + 1) / threads
        multiply(
          into: c.pointer + rows.lowerBound * n, UnsafePointer(a.pointer + rows.lowerBound * n),
          UnsafePointer(b.pointer), m: rows.count, n: n, k: n)
      }
    }
    return Peak(openBLAS: openBLAS, native: native)
  }

  /// The best of eight runs, since a neighbour on the machine only ever slows one down.
  private static func best(_ n: Int, _ product: () -> Void) -> Double {
    let operations = 2 * Double(n) * Double(n) * Double(n)
    return (0..<8).reduce(0) { best, _ in
      let start = monotonicSeconds()
      product()
      return max(best, operations / (monotonicSeconds() - start) / 1e9)
    }
  }
}
