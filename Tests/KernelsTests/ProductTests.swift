import CKernels
import Kernels
import Testing

/// Every engine that this machine runs, with the error allowed for sums of numbers below 1.
private let engines: [(engine: Int32, tolerance: Double)] = {
  var list: [(engine: Int32, tolerance: Double)] = [(Int32(NB_FP32.rawValue), 1e-4)]
  for variant in 0..<3 { list.append((Int32(NB_VARIANT.rawValue) + Int32(variant), 1e-4)) }
  list.append((Int32(NB_BF16.rawValue), 0.12))
  if (try? BLAS.load()) != nil { list.append((Int32(NB_OPENBLAS.rawValue), 1e-4)) }
  return list.filter { nb_engine_runs($0.engine) != 0 }
}()

func numbers(_ count: Int, seed: UInt64) -> [Float] {
  var random = RandomSource(seed: seed)
  return (0..<count).map { _ in Float(2 * random.uniform() - 1) }
}

@Suite struct ProductTests {
  /// Odd ones, and ones beyond each size at which the products cut their factors.
  static let shapes = [
    (1, 1, 2), (5, 33, 7), (37, 45, 66), (130, 300, 129), (24, 64, 1030), (529, 70, 131),
    (14, 545, 259),
  ]

  @Test(arguments: shapes) func productsOfRowsAgreeWithDoublePrecision(m: Int, n: Int, k: Int)
    throws
  {
    let a = numbers(m * k, seed: 1), b = numbers(k * n, seed: 2)
    let work = try Tensor(shape: [Int(NB_PRODUCT_WORDS)])
    for (engine, tolerance) in engines {
      for transposed in [false, true] {
        let packed = try Tensor(shape: [nb_packed_words(engine, k, n)])
        nb_pack(
          engine, packed.pointer, b, k, n, transposed ? k : n, transposed ? 1 : 0, 0,
          nb_panel_count(n))
        var c = [Float](repeating: 1, count: m * n)
        nb_product_rows(engine, &c, n, a, k, packed.pointer, m, n, k, 1, work.pointer)
        var worst = 0.0
        for i in 0..<m {
          for j in 0..<n {
            var sum = 1.0
            for p in 0..<k {
              sum += Double(a[i * k + p]) * Double(b[transposed ? j * k + p : p * n + j])
            }
            worst = max(worst, abs(sum - Double(c[i * n + j])))
          }
        }
        #expect(worst < tolerance, "engine \(engine) transposed \(transposed)")
      }
    }
  }

  @Test(arguments: shapes) func productsOfColumnsAgreeWithDoublePrecision(m: Int, n: Int, k: Int)
    throws
  {
    let a = numbers(k * m, seed: 1), b = numbers(k * n, seed: 2)
    let work = try Tensor(shape: [Int(NB_PRODUCT_WORDS)])
    for (engine, tolerance) in engines {
      var c = [Float](repeating: 1, count: m * n)
      nb_product_columns(engine, &c, n, a, m, b, n, m, n, k, work.pointer)
      var worst = 0.0
      for i in 0..<m {
        for j in 0..<n {
          var sum = 1.0
          for p in 0..<k { sum += Double(a[p * m + i]) * Double(b[p * n + j]) }
          worst = max(worst, abs(sum - Double(c[i * n + j])))
        }
      }
      #expect(worst < tolerance, "engine \(engine)")
    }
  }
}

@Suite struct AttentionTests {
  /// Lengths below, at and above a tile, odd ones too; d with and without a full panel.
  @Test(arguments: [(1, 8), (33, 24), (128, 32), (200, 40), (301, 16)])
  func forwardAndBackwardAgreeWithDoublePrecision(t: Int, d: Int) throws {
    let stride = 3 * d
    var projected = numbers(t * stride, seed: 5)
    // Normed as the model's queries and keys are.
    for row in 0..<t {
      for part in 0..<2 {
        let first = row * stride + part * d
        let square = (0..<d).reduce(Float(0)) { $0 + projected[first + $1] * projected[first + $1] }
        let scale = 1 / (square / Float(d)).squareRoot()
        for i in 0..<d { projected[first + i] *= scale }
      }
    }
    let outer = numbers(t * d, seed: 6)
    let scale = 1 / Float(d).squareRoot()
    let expected = reference(projected, outer, t: t, d: d, scale: Double(scale))
    for (engine, tolerance) in engines where engine != Int32(NB_OPENBLAS.rawValue) {
      let work = try Tensor(shape: [nb_attention_words(t, d)])
      var o = [Float](repeating: 0, count: t * d), sums = [Float](repeating: 0, count: t)
      var gradient = [Float](repeating: 0, count: t * stride)
      projected.withUnsafeBufferPointer { buffer in
        guard let q = buffer.baseAddress else { return }
        nb_attention_forward(
          engine, &o, &sums, q, q + d, q + 2 * d, t, d, d, stride, stride, scale, work.pointer)
        gradient.withUnsafeMutableBufferPointer { gradient in
          guard let dq = gradient.baseAddress else { return }
          nb_attention_backward(
            engine, dq, dq + d, dq + 2 * d, outer, o, sums, q, q + d, q + 2 * d, t, d, d, stride,
            stride, scale, work.pointer)
        }
      }
      #expect(distance(o, expected.o) < tolerance / 10, "engine \(engine)")
      #expect(distance(gradient, expected.gradient) < tolerance / 10, "engine \(engine)")
    }
  }

  /// Relative to the size of the whole.
  private func distance(_ a: [Float], _ b: [Double]) -> Double {
    var difference = 0.0, size = 0.0
    for (x, y) in zip(a, b) {
      difference += (Double(x) - y) * (Double(x) - y)
      size += y * y
    }
    return (difference / max(size, 1e-12)).squareRoot()
  }

  private func reference(_ x: [Float], _ outer: [Float], t: Int, d: Int, scale: Double)
    -> (o: [Double], gradient: [Double])
  {
    let stride = 3 * d
    func value(_ row: Int, _ part: Int, _ i: Int) -> Double {
      Double(x[row * stride + part * d + i])
    }
    var o = [Double](repeating: 0, count: t * d)
    var gradient = [Double](repeating: 0, count: t * stride)
    for i in 0..<t {
      var p = (0...i).map { j in
        (0..<d).reduce(0.0) { $0 + value(i, 0, $1) * value(j, 1, $1) } * scale
      }
      let top = p.max() ?? 0
      p = p.map { exponential($0 - top) }
      let sum = p.reduce(0, +)
      p = p.map { $0 / sum }
      for j in 0...i { for c in 0..<d { o[i * d + c] += p[j] * value(j, 2, c) } }
      let dp = (0...i).map { j in
        (0..<d).reduce(0.0) { $0 + Double(outer[i * d + $1]) * value(j, 2, $1) }
      }
      let mean = zip(p, dp).reduce(0.0) { $0 + $1.0 * $1.1 }
      for j in 0...i {
        let ds = p[j] * (dp[j] - mean) * scale
        for c in 0..<d {
          gradient[i * stride + c] += ds * value(j, 1, c)
          gradient[j * stride + d + c] += ds * value(i, 0, c)
          gradient[j * stride + 2 * d + c] += p[j] * Double(outer[i * d + c])
        }
      }
    }
    return (o, gradient)
  }
}
