import CBrotli
import CLZ4
import CSnappy
import CZlib
import CZstd

/// Decompresses pages; keeps what a codec can reuse from page to page. For one thread at a time.
final class Decompressor {
  private let zstd = ZSTD_createDCtx()

  deinit { ZSTD_freeDCtx(zstd) }

  /// Fills `output` exactly, or throws.
  func decompress(
    _ codec: ParquetCodec, _ input: UnsafeRawBufferPointer,
    into output: UnsafeMutableRawBufferPointer
  ) throws(ParquetFault) {
    let found: Int?
    switch codec {
    case .uncompressed:
      found = input.count
      if input.count == output.count { output.copyMemory(from: input) }
    case .zstd:
      guard let zstd else { throw .decompression(codec) }
      let size = ZSTD_decompressDCtx(
        zstd, output.baseAddress, output.count, input.baseAddress, input.count)
      found = ZSTD_isError(size) == 0 ? size : nil
    case .snappy: found = Self.snappy(input, output)
    case .gzip: found = Self.gzip(input, output)
    case .brotli: found = Self.brotli(input, output)
    case .lz4Raw: found = Self.lz4(input, output)
    case .lz4: found = Self.framedLZ4(input, output) ?? Self.lz4(input, output)
    }
    guard let found else { throw .decompression(codec) }
    guard found == output.count else {
      throw .decompressedSize(expected: output.count, found: found)
    }
  }

  private static func snappy(
    _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
  ) -> Int? {
    let source = input.assumingMemoryBound(to: CChar.self).baseAddress
    var length = 0
    guard snappy_uncompressed_length(source, input.count, &length) == SNAPPY_OK else { return nil }
    if length != output.count { return length }
    let target = output.assumingMemoryBound(to: CChar.self).baseAddress
    return snappy_uncompress(source, input.count, target, &length) == SNAPPY_OK ? length : nil
  }

  /// A gzip or zlib stream, or several gzip members one after the other.
  private static func gzip(
    _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
  ) -> Int? {
    var stream = z_stream()
    let size = Int32(MemoryLayout<z_stream>.size)
    guard inflateInit2_(&stream, 15 + 32, ZLIB_VERSION, size) == Z_OK else { return nil }
    defer { inflateEnd(&stream) }
    let source = input.assumingMemoryBound(to: UInt8.self)
    let target = output.assumingMemoryBound(to: UInt8.self)
    var spare: UInt8 = 0
    var status = Z_OK
    stream.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
    stream.avail_in = UInt32(input.count)
    stream.next_out = target.baseAddress
    stream.avail_out = UInt32(output.count)
    while true {
      if stream.avail_out > 0 {
        status = inflate(&stream, Z_NO_FLUSH)
      } else {
        // Full: one more byte of room tells a stream that ends here from one that goes on.
        status = withUnsafeMutablePointer(to: &spare) { pointer in
          stream.next_out = pointer
          stream.avail_out = 1
          let status = inflate(&stream, Z_NO_FLUSH)
          if stream.avail_out == 0 { return Z_BUF_ERROR }
          stream.avail_out = 0
          return status
        }
      }
      if status == Z_STREAM_END {
        let left = Int(stream.avail_out)
        if stream.avail_in == 0 { return output.count - left }
        let room = stream.avail_out
        guard inflateReset(&stream) == Z_OK else { return nil }
        stream.avail_out = room
        if left == 0 { return nil }
      } else if status != Z_OK {
        return nil
      }
    }
  }

  private static func brotli(
    _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
  ) -> Int? {
    var size = output.count
    var spare: UInt8 = 0
    let target = output.assumingMemoryBound(to: UInt8.self).baseAddress
    let result = withUnsafeMutablePointer(to: &spare) { pointer in
      BrotliDecoderDecompress(
        input.count, input.assumingMemoryBound(to: UInt8.self).baseAddress, &size,
        target ?? pointer)
    }
    return result == BROTLI_DECODER_RESULT_SUCCESS ? size : nil
  }

  private static func lz4(
    _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
  ) -> Int? {
    let size = LZ4_decompress_safe(
      input.assumingMemoryBound(to: CChar.self).baseAddress,
      output.assumingMemoryBound(to: CChar.self).baseAddress, Int32(input.count),
      Int32(output.count))
    return size >= 0 ? Int(size) : nil
  }

  /// The deprecated LZ4 codec as Hadoop wrote it: blocks behind two big-endian lengths,
  /// decompressed and compressed. Nil when the bytes are not of that form.
  private static func framedLZ4(
    _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
  ) -> Int? {
    var position = 0
    var written = 0
    while position < input.count {
      guard input.count - position >= 8 else { return nil }
      let sizes = (0..<2).map {
        Int(
          UInt32(
            bigEndian: input.loadUnaligned(
              fromByteOffset: position + 4 * $0, as: UInt32.self)))
      }
      position += 8
      guard sizes[1] <= input.count - position, sizes[0] <= output.count - written else {
        return nil
      }
      let block = UnsafeRawBufferPointer(rebasing: input[position..<position + sizes[1]])
      let room = UnsafeMutableRawBufferPointer(rebasing: output[written..<written + sizes[0]])
      guard lz4(block, room) == sizes[0] else { return nil }
      position += sizes[1]
      written += sizes[0]
    }
    return written
  }
}
