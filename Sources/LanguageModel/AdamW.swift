internal import CKernels
internal import Kernels

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// AdamW (Loshchilov and Hutter, arXiv 1711.05101) on one parameter.
final class AdamW {
  let parameter: Parameter
  let first: Tensor
  let second: Tensor

  init(_ parameter: Parameter) throws(KernelError) {
    self.parameter = parameter
    first = try Tensor(shape: [parameter.rows, parameter.columns])
    second = try Tensor(shape: [parameter.rows, parameter.columns])
  }

  func step(
    model: GPT, rate: Float, beta1: Float, settings: OptimizerSettings, stepIndex: Int,
    gradientScale: Float
  ) {
    let steps = Double(stepIndex + 1)
    let constants = nb_adamw(
      rate: rate, beta1: beta1, beta2: settings.beta2, epsilon: settings.epsilon,
      decay: settings.weightDecay,
      correction1: Float(1 - pow(Double(beta1), steps)),
      correction2: Float(1 - pow(Double(settings.beta2), steps)), gradient_scale: gradientScale)
    model.parallelSpans(parameter.count) { range in
      let start = range.lowerBound
      nb_adamw_step(
        parameter.value.pointer + start, first.pointer + start, second.pointer + start,
        parameter.gradient.pointer + start, range.count, constants)
    }
  }

  var state: [(name: String, tensor: Tensor)] {
    [("adamw.first." + parameter.name, first), ("adamw.second." + parameter.name, second)]
  }
}
