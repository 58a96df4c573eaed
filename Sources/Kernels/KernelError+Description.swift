extension KernelError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .outOfMemory(let bytes):
      "the system gave no memory for \(bytes) bytes"
    case .noThreads(let requested):
      "could not start \(requested) threads"
    case .openBLASUnavailable(let reason):
      "OpenBLAS is missing: \(reason); install Debian's package `libopenblas0`"
    case .openBLASWrong(let core, let error):
      "OpenBLAS with its `\(core)` kernels multiplies wrongly on this machine (error \(error)); "
        + "choose other kernels with the setting `blas_kernel`"
    case .noBF16:
      "this machine has no bfloat16 products (AVX512_BF16); use `precision: fp32`"
    }
  }
}
