import ByteCoding
import Testing

struct ByteCodingTests {
  @Test func everythingComesBack() {
    var writer = ByteWriter(capacity: 0)
    let integers: [UInt64] = [0, 1, 127, 128, 300, 1 << 35, .max]
    for value in integers { writer.integer(value) }
    writer.integer(-1)
    writer.fixed(0x0102_0304_0506_0708)
    writer.text("")
    writer.text("größe\u{0}")
    var reader = ByteReader(writer.bytes)
    for value in integers { #expect(reader.integer() == value) }
    #expect(reader.signedInteger() == -1)
    #expect(reader.fixed() == 0x0102_0304_0506_0708)
    #expect(reader.text() == "")
    #expect(reader.text() == "größe\u{0}")
    #expect(reader.isAtEnd)
    #expect(reader.integer() == nil)
  }

  @Test func aLengthBeyondTheEndIsRefused() {
    var writer = ByteWriter()
    writer.integer(5)
    writer.fixed(0)
    var cut = ByteReader(Array(writer.bytes.prefix(4)))
    #expect(cut.text() == nil)
    var huge = ByteWriter()
    huge.integer(UInt64.max)
    var reader = ByteReader(huge.bytes)
    #expect(reader.count() == nil)
    var word = ByteReader([1, 2, 3])
    #expect(word.fixed() == nil)
  }

  @Test func anIntegerWithoutEndIsRefused() {
    var reader = ByteReader([UInt8](repeating: 0xff, count: 32))
    #expect(reader.integer() == nil)
  }
}

@Suite struct VariableReferenceTests {
  @Test func aReferenceIsAWholeTextWithAName() {
    #expect(VariableReference.name(in: "${env:HF_TOKEN}") == "HF_TOKEN")
    #expect(VariableReference.name(in: "${env:_a9}") == "_a9")
    for text in [
      "", "HF_TOKEN", "x${env:HF_TOKEN}", "${env:HF_TOKEN}x", "${env:}", "${env:9A}", "${env:A-B}",
      "${env:A}${env:B}", "${env:é}", "${ENV:A}", "${env:A B}",
    ] { #expect(VariableReference.name(in: text) == nil, "\(text)") }
  }
}
