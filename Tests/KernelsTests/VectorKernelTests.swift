import CKernels
import Kernels
import Testing

/// The elementwise kernels and the optimisers against plain loops, on odd lengths.
@Suite struct VectorKernelTests {
  static let count = 4133

  @Test func vectorsAreScaledAndAdded() {
    let count = Self.count
    let x = numbers(count, seed: 1), y = numbers(count, seed: 2)
    onEveryVariant {
      var a = y
      nb_axpy(&a, x, 0.5, count)
      #expect(zip(a, zip(y, x)).allSatisfy { abs($0 - ($1.0 + 0.5 * $1.1)) < 1e-6 })
      a = x
      nb_scale(&a, 3, count)
      #expect(zip(a, x).allSatisfy { $0 == 3 * $1 })
      nb_scale_copy(&a, y, -2, count)
      #expect(zip(a, y).allSatisfy { $0 == -2 * $1 })
      nb_scale_rows(&a, x, [2, 5], 2, 77)
      #expect((0..<154).allSatisfy { a[$0] == x[$0] * ($0 < 77 ? 2 : 5) })
      let squares = x.reduce(0.0) { $0 + Double($1) * Double($1) }
      // Single precision in runs of some length, added in another order when nothing is vectorised.
      #expect(abs(nb_sum_of_squares(x, count) / squares - 1) < 1e-5)
      nb_softcap(&a, count, 15)
      nb_muon_polynomial(&a, x, 0, 2, count)
      #expect(zip(a, x).allSatisfy { abs($0 - 2 * $1) < 1e-6 })
    }
  }

  @Test func adamWChangesWeightsByItsFormula() {
    let count = Self.count
    let p = numbers(count, seed: 3), m = numbers(count, seed: 4), g = numbers(count, seed: 5)
    let v = numbers(count, seed: 6).map { $0 * $0 }
    let s = nb_adamw(
      rate: 0.1, beta1: 0.8, beta2: 0.95, epsilon: 1e-10, decay: 0.01, correction1: 0.36,
      correction2: 0.1, gradient_scale: 0.5)
    onEveryVariant {
      var p1 = p, m1 = m, v1 = v
      nb_adamw_step(&p1, &m1, &v1, g, count, s)
      for i in 0..<count {
        let gradient = Double(g[i]) * 0.5
        let first = 0.8 * Double(m[i]) + 0.2 * gradient
        let second = 0.95 * Double(v[i]) + 0.05 * gradient * gradient
        let step = first / 0.36 / ((second / 0.1).squareRoot() + 1e-10)
        let expected = Double(p[i]) * (1 - 0.1 * 0.01) - 0.1 * step
        #expect(abs(Double(m1[i]) - first) < 1e-6 && abs(Double(v1[i]) - second) < 1e-6)
        #expect(abs(Double(p1[i]) - expected) < 1e-5 * max(1, abs(step)))
      }
    }
  }

  @Test func muonsMomentumAndStep() {
    let count = Self.count
    let b = numbers(count, seed: 7), g = numbers(count, seed: 8)
    onEveryVariant {
      var u = g, momentum = b
      let sum = nb_muon_momentum(&u, &momentum, g, 0.9, 0.5, count)
      var squares = 0.0
      for i in 0..<count {
        let expected = 0.9 * b[i] + 0.1 * 0.5 * g[i]
        #expect(abs(momentum[i] - expected) < 1e-6)
        #expect(abs(u[i] - (0.1 * 0.5 * g[i] + 0.9 * expected)) < 1e-6)
        squares += Double(u[i]) * Double(u[i])
      }
      #expect(abs(sum / squares - 1) < 1e-5)
      var p = b
      nb_muon_apply(&p, g, 0.1, 0.01, count)
      #expect(zip(p, zip(b, g)).allSatisfy { abs($0 - ($1.0 * 0.99 - 0.1 * $1.1)) < 1e-6 })
    }
  }

  @Test(arguments: [(1, 5), (16, 32), (37, 50)])
  func matricesAreTransposedAndMirrored(rows: Int, columns: Int) {
    let a = numbers(rows * columns, seed: 9)
    let square = numbers(rows * rows, seed: 10)
    onEveryVariant {
      var t = a
      nb_transpose(&t, a, rows, columns)
      for i in 0..<rows {
        for j in 0..<columns { #expect(t[j * rows + i] == a[i * columns + j]) }
      }
      var mirrored = square
      nb_mirror(&mirrored, rows)
      for i in 0..<rows {
        for j in 0..<rows {
          #expect(mirrored[i * rows + j] == square[max(i, j) * rows + min(i, j)])
        }
      }
    }
  }
}
