// SPDX-License-Identifier: Apache-2.0
#include "suites/operators/problem_list.hpp"
#include "suites/operators/problems.hpp"

namespace lockstep {

std::vector<ListedProblem> mse_loss_problems() {
  ProblemList list("mse_loss");
  list.in("smoke")
      .fills({Fill::normal, Fill::offset, Fill::exact, Fill::adversarial, Fill::special})
      .add("input=32x32,target=32x32", "a mean, small enough to judge every element; a power of two")
      .fills({Fill::normal})
      .add("input=7x5,target=7x5", "few terms: a wrong divisor or a lost term shows in every dtype")
      .add("input=16x33,target=16x33,reduction=sum", "a sum")
      .fills({Fill::normal, Fill::offset, Fill::exact})
      .add("input=8x17,target=8x17,reduction=none", "a tensor of squares")
      .fills({Fill::normal})
      .add("input=6x10,target=10", "a target for all rows")
      .dtypes({DType::f16, DType::bf16})
      .add("input=2,target=2", "terms so few that none is lost in the rounding of a narrow result")
      .add("input=3,target=3", "the same, since a term of random data may be near 0")
      .add("input=1x4,target=1x4", "the same")
      .add("input=5x1,target=5x1", "the same")
      .add("input=2x3,target=2x3", "the same");

  list.in("edges")
      .dtypes({DType::f32, DType::bf16})
      .add("input=scalar,target=scalar", "one element without an axis")
      .add("input=1,target=1,reduction=none", "one element")
      .add("input=31,target=31", "one below a warp")
      .add("input=4099,target=4099,reduction=sum", "a prime")
      .add("input=0x3,target=0x3", "the mean of nothing is NaN")
      .add("input=0x3,target=3,reduction=none", "no element, and a gradient of zeros for the target")
      .add("input=5x1,target=1x7", "both operands broadcast")
      .add("input=4x1x6,target=3x1,reduction=none", "both operands broadcast along alternating axes")
      .add("input=65x33,target=65x1,reduction=sum", "broadcast along the rows")
      .layouts({Layout::strided, Layout::unaligned})
      .add("input=17x29,target=17x29", "rows off every vector boundary")
      .add("input=17x64,target=17x64,reduction=none", "rows off every vector boundary")
      .layouts({Layout::channels_last})
      .add("input=2x16x9x7,target=2x16x9x7", "channels innermost")
      .layouts({Layout::contiguous});

  list.in("models")
      .add("input=64x1x28x28,target=64x1x28x28",
           "autoencoder's reconstruction of 64 images of MNIST (Hinton and Salakhutdinov 2006, Science 313)")
      .dtypes({DType::f32, DType::bf16})
      .add("input=4x3x64x64,target=4x3x64x64",
           "denoising diffusion: predicted against true noise, images of 64 x 64, batch reduced to 4 (Ho et al. 2020, "
           "arXiv 2006.11239, equation 14)");

  list.in("images")
      .fills({Fill::images})
      .add("input=64x784,target=64x784", "64 images of Fashion-MNIST against 64 others");
  return list.take();
}

}  // namespace lockstep
