// SPDX-License-Identifier: Apache-2.0
#include "suites/operators/problem_list.hpp"
#include "suites/operators/problems.hpp"

namespace lockstep {

std::vector<ListedProblem> adam_problems() {
  ProblemList list("adam", {Direction::forward});
  list.in("smoke")
      .fills({Fill::normal, Fill::exact, Fill::adversarial, Fill::special})
      .add("grad=61x33,lr=0.1,eps=0.01", "a large step and an eps that shows")
      .add("grad=61x33,lr=0.1,betas=0.8x0.95,eps=0.01,weight_decay=0.5,amsgrad=true,step=3", "decay and maximum")
      .fills({Fill::normal})
      .add("grad=1000x257,weight_decay=0.01,decoupled_weight_decay=true,step=100", "a quarter of a million parameters");

  list.in("edges")
      .add("grad=1", "one element")
      .add("grad=scalar,lr=0.1", "no axis at all")
      .add("grad=0x3", "no element")
      .add("grad=7,lr=0.1", "fewer elements than a pack")
      .add("grad=31,lr=0.1,eps=0", "one below a warp, no eps")
      .add("grad=33,lr=0.1,weight_decay=0.5,maximize=true,step=2", "ascent: the decay is not negated")
      .add("grad=1025,lr=0.1,betas=0x0,step=7", "no memory of earlier gradients")
      .add("grad=8191,lr=0.1,weight_decay=2,decoupled_weight_decay=true,step=5", "a prime, decay beside the gradient")
      .add("grad=513,lr=0.1,weight_decay=2,decoupled_weight_decay=true,maximize=true", "ascent with decay beside it")
      .add("grad=513,lr=0.1,amsgrad=true,step=100000", "late: nothing is left to correct")
      .layouts({Layout::unaligned})
      .add("grad=1031,lr=0.1,weight_decay=0.01", "a slice of a flat bucket")
      .add("grad=1031,lr=0.1,weight_decay=0.01,amsgrad=true,decoupled_weight_decay=true", "a slice with its maximum")
      .layouts({Layout::channels_last})
      .add("grad=8x12x3x3,lr=0.1", "a convolution's weight, channels innermost");

  list.in("models")
      .add("grad=768x3072,lr=0.0001,weight_decay=0.01,decoupled_weight_decay=true,step=1000",
           "BERT-base feed-forward, its rate and decay (Devlin et al. 2018, arXiv 1810.04805, appendix A.2)")
      .add("grad=768x2304,lr=0.0006,betas=0.9x0.95,weight_decay=0.1,decoupled_weight_decay=true,step=100",
           "GPT-2 attention (Radford et al. 2019), at the rate and betas of GPT-3 Small (arXiv 2005.14165, appendix B)")
      .add("grad=512x512x4x4,lr=0.0002,betas=0.5x0.999,step=10",
           "pix2pix U-Net encoder, its rate and betas (Isola et al. 2016, arXiv 1611.07004, sections 3.3 and 6.1)");
  return list.take();
}

}  // namespace lockstep
