import CKernels
import Kernels
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

func exponential(_ x: Double) -> Double { exp(x) }

/// Runs `body` with the kernels of each instruction set this machine has.
func onEveryVariant(_ body: () throws -> Void) rethrows {
  for variant in 0..<3 where nb_set_thread_variant(Int32(variant)) != 0 {
    defer { _ = nb_set_thread_variant(-1) }
    try body()
  }
}

@Suite struct LayerKernelTests {
  @Test(arguments: [1, 7, 64, 250]) func normForwardAndBackwardAgreeWithDoublePrecision(width: Int)
  {
    onEveryVariant {
      let rows = 3
      let x = numbers(rows * width, seed: 1), dy = numbers(rows * width, seed: 2)
      var y = x, scale = [Float](repeating: 0, count: rows), dx = x
      nb_norm_forward(&y, &scale, x, rows, width, 1e-6)
      nb_norm_backward(&dx, x, dy, y, scale, rows, width)
      for r in 0..<rows {
        let row = (0..<width).map { Double(x[r * width + $0]) }
        let s = 1 / (row.reduce(0) { $0 + $1 * $1 } / Double(width) + 1e-6).squareRoot()
        let mean =
          (0..<width).reduce(0.0) { $0 + Double(dy[r * width + $1]) * row[$1] * s } / Double(width)
        for i in 0..<width {
          #expect(abs(Double(y[r * width + i]) - row[i] * s) < 1e-5)
          let expected = row[i] + s * (Double(dy[r * width + i]) - row[i] * s * mean)
          #expect(abs(Double(dx[r * width + i]) - expected) < 2e-5)
        }
      }
    }
  }

  @Test func theRotaryEmbeddingTurnsByMinusTheAngle() {
    onEveryVariant {
      // Head (1, 2, 3, 4) at position 1 turns to (3.0647, 2.0399, 0.7794, 3.9798), then is normed.
      var x: [Float] = [1, 2, 3, 4], scale: [Float] = [0]
      let cosine = [1, 1, cos(1), cos(0.01)].map { Float($0) }
      let sine = [0, 0, sin(1), sin(0.01)].map { Float($0) }
      nb_rotary_norm_forward(&x, &scale, 4, cosine, sine, [1], 1, 1, 4, 0)
      let norm: Float = (30.0 / 4.0).squareRoot()
      for (a, b) in zip(x, [3.0647, 2.0399, 0.7794, 3.9798] as [Float]) {
        #expect(abs(a * norm - b) < 1e-4)
      }
    }
  }

  @Test func theRotaryBackwardAgreesWithFiniteDifferences() {
    onEveryVariant {
      let d = 6, heads = 2, rows = 2, stride = 14
      let x = numbers(rows * stride, seed: 3), dy = numbers(rows * stride, seed: 4)
      let cosine = (0..<9).map { Float(cos(Double($0))) },
        sine = (0..<9).map { Float(sin(Double($0))) }
      func forward(_ x: [Float]) -> (y: [Float], scale: [Float]) {
        var y = x, scale = [Float](repeating: 0, count: rows * heads)
        nb_rotary_norm_forward(&y, &scale, stride, cosine, sine, [2, 1], rows, heads, d, 1e-6)
        return (y, scale)
      }
      let (y, scale) = forward(x)
      var dx = dy
      nb_rotary_norm_backward(&dx, y, scale, stride, cosine, sine, [2, 1], rows, heads, d)
      for i in 0..<rows * stride where i % stride < heads * d {
        func value(_ step: Float) -> Double {
          var moved = x
          moved[i] += step
          return zip(forward(moved).y, dy).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        #expect(abs((value(1e-2) - value(-1e-2)) / 0.02 - Double(dx[i])) < 5e-3)
      }
    }
  }

  @Test func squaredReluAndItsBackward() {
    onEveryVariant {
      let u: [Float] = [-1, 0, 0.5, 2]
      var h = u, du: [Float] = [1, 1, 1, 10]
      nb_relu2_forward(&h, u, 4)
      #expect(h == [0, 0, 0.25, 4])
      nb_relu2_backward(&du, &h, u, 4)
      #expect(du == [0, 0, 1, 40])
      #expect(h == [0, 0, 0.25, 4])
    }
  }

  @Test func softcapAndSumsAgreeWithDoublePrecision() {
    onEveryVariant {
      let columns = 77
      let z = numbers(2 * columns, seed: 5).map { $0 * 60 }
      let targets: [Int32] = [105, 3]
      var gradient = z, sums: [Float] = [0, 0], target: [Float] = [9, 9]
      nb_softcap_gradient(&gradient, &sums, &target, targets, 2, columns, columns, 100, 15)
      var only: [Float] = [0, 0]
      nb_softcap_sums(z, &only, &target, targets, 2, columns, columns, 100, 15)
      for r in 0..<2 {
        var sum = 0.0
        for i in 0..<columns {
          let t = tanh(Double(z[r * columns + i]) / 15), e = exp(15 * t)
          sum += e
          #expect(abs(Double(gradient[r * columns + i]) - e * (1 - t * t)) < 3e-5 * e + 1e-9)
        }
        #expect(abs(Double(sums[r]) / sum - 1) < 1e-5)
        #expect(abs(Double(only[r]) / sum - 1) < 1e-5)
      }
      #expect(abs(Double(target[0]) - tanh(Double(z[5]) / 15)) < 1e-6)
      #expect(target[1] == 9)
    }
  }

  @Test func theEmbeddingsGradientGoesToItsOwnRowsOnly() {
    onEveryVariant {
      let width = 5
      let table = numbers(4 * width, seed: 6), dx = numbers(3 * width, seed: 7)
      let ids: [Int32] = [2, 0, 2]
      var gradient = [Float](repeating: 0, count: 4 * width)
      for part in 0..<4 {
        nb_embedding_backward(&gradient, table, dx, ids, 3, width, 1e-6, part, part + 1)
      }
      for i in 0..<width {
        #expect(gradient[width + i] == 0 && gradient[3 * width + i] == 0)
      }
      func value(_ table: [Float]) -> Double {
        var x = dx
        nb_embedding_forward(&x, table, ids, 3, width, 1e-6)
        return zip(x, dx).reduce(0) { $0 + Double($1.0) * Double($1.1) }
      }
      for i in table.indices {
        var up = table, down = table
        up[i] += 5e-3
        down[i] -= 5e-3
        #expect(abs((value(up) - value(down)) / 0.01 - Double(gradient[i])) < 5e-3)
      }
    }
  }
}
