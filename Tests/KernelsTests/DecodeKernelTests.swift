import CKernels
import Kernels
import Testing

@Suite struct DecodeKernelTests {
  /// Columns below, at and above a vector and a short row; vectors alone, in pairs and in fours.
  @Test(arguments: [(5, 3), (16, 1), (70, 7), (256, 1), (523, 1), (600, 6)])
  func productsWithFewVectorsAgreeWithDoublePrecision(columns: Int, vectors: Int) {
    let outputs = 23, first = 3, last = 21
    let w = numbers(outputs * columns, seed: 1), x = numbers(vectors * columns, seed: 2)
    var half = [UInt16](repeating: 0, count: w.count)
    nb_round_bf16(&half, w, w.count)
    let rounded = half.map { Float(bitPattern: UInt32($0) << 16) }
    onEveryVariant {
      var y = [Float](repeating: 9, count: vectors * outputs), z = y
      nb_matvec(&y, w, x, first, last, columns, vectors, outputs, columns)
      nb_matvec_bf16(&z, half, x, first, last, columns, vectors, outputs, columns)
      for i in 0..<vectors {
        for o in 0..<outputs {
          guard (first..<last).contains(o) else {
            #expect(y[i * outputs + o] == 9 && z[i * outputs + o] == 9)
            continue
          }
          func sum(_ w: [Float]) -> Double {
            (0..<columns).reduce(0) {
              $0 + Double(w[o * columns + $1]) * Double(x[i * columns + $1])
            }
          }
          #expect(abs(Double(y[i * outputs + o]) - sum(w)) < 2e-5)
          #expect(abs(Double(z[i * outputs + o]) - sum(rounded)) < 2e-5)
        }
      }
    }
  }

  @Test func bfloat16IsTheNearestWithTiesToEven() {
    let cases: [(Float, UInt32)] = [
      (1, 0x3F80), (-2.5, 0xC020), (Float(bitPattern: 0x3F80_8000), 0x3F80),
      (Float(bitPattern: 0x3F81_8000), 0x3F82), (Float(bitPattern: 0x3F80_8001), 0x3F81),
      (.infinity, 0x7F80), (.greatestFiniteMagnitude, 0x7F80), (0, 0),
    ]
    onEveryVariant {
      var half = [UInt16](repeating: 1, count: cases.count)
      nb_round_bf16(&half, cases.map(\.0), cases.count)
      #expect(half.map(UInt32.init) == cases.map(\.1))
      nb_round_bf16(&half, [Float(bitPattern: 0x7F80_0001)], 1)
      #expect(Float(bitPattern: UInt32(half[0]) << 16).isNaN)
    }
  }

  @Test(arguments: [(1, 8), (5, 20), (40, 128), (9, 150)])
  func attentionOfOneQueryAgreesWithDoublePrecision(length: Int, d: Int) {
    let stride = d + 3
    let q = numbers(d, seed: 3)
    let k = numbers(length * stride, seed: 4), v = numbers(length * stride, seed: 5)
    let scale = 1 / Float(d).squareRoot()
    let weights = (0..<length).map { j in
      exponential(
        (0..<d).reduce(0.0) { $0 + Double(q[$1]) * Double(k[j * stride + $1]) } * Double(scale))
    }
    let total = weights.reduce(0, +)
    onEveryVariant {
      var o = [Float](repeating: 0, count: d), scores = [Float](repeating: 0, count: length)
      nb_attention_decode(&o, q, k, v, length, d, stride, scale, &scores)
      for c in 0..<d {
        let expected = (0..<length).reduce(0.0) {
          $0 + weights[$1] / total * Double(v[$1 * stride + c])
        }
        #expect(abs(Double(o[c]) - expected) < 1e-5)
      }
    }
  }
}
