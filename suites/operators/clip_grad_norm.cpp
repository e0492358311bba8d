// SPDX-License-Identifier: Apache-2.0
#include "suites/operators/problem_list.hpp"
#include "suites/operators/problems.hpp"

namespace lockstep {

std::vector<ListedProblem> clip_grad_norm_problems() {
  ProblemList list("clip_grad_norm", {Direction::forward});
  list.in("smoke")
      .fills({Fill::normal, Fill::exact, Fill::adversarial, Fill::special})
      .add("grad0=61x33,grad1=61,grad2=1,max_norm=0.1", "a linear layer and a single number")
      .add("grad0=7x5,grad1=7,max_norm=0.05,norm_type=3", "order 3")
      .add("grad0=7x5,grad1=7,max_norm=0.02,norm_type=inf", "the largest element")
      .fills({Fill::normal})
      .add("grad0=61,max_norm=1e_05,norm_type=_inf", "the smallest element, so small that the 1e-6 shows")
      .add("grad0=1000x257,grad1=1000,max_norm=1", "a quarter of a million elements");

  list.in("edges")
      .add("grad0=1,max_norm=0.001", "one element, where the 1e-6 shows")
      .add("grad0=scalar,grad1=0x3,grad2=7,max_norm=0.001", "no axis, no element, less than a pack")
      .add("grad0=33,grad2=31,max_norm=0.01", "a parameter without gradient between two")
      .add("grad0=33,grad1=65,max_norm=100", "below the maximum: nothing changes")
      .add("grad0=1025,grad1=8191,max_norm=0.1,norm_type=1", "the sum, a prime")
      .add("grad0=33,grad1=5,max_norm=0.1,norm_type=0.5", "a fraction as order")
      .add("grad0=33,grad1=5,max_norm=3,norm_type=0", "the number of elements")
      .add("grad0=33,grad1=5,max_norm=1e_05,norm_type=_1", "a negative order")
      .add("grad0=33,grad1=5,max_norm=1e_05,norm_type=_inf", "the smallest element")
      .add("grad0=33,grad1=0,max_norm=1e_05,norm_type=_2", "a negative order, nothing in one tensor")
      .add("grad0=33,max_norm=0", "everything becomes 0")
      .add("grad0=33,max_norm=_0.01,error_if_nonfinite=true", "a negative maximum turns the sign")
      .fills({Fill::special})
      .add("grad0=2x33,grad1=31,max_norm=3,norm_type=1", "an infinite sum")
      .fills({Fill::normal})
      .layouts({Layout::unaligned})
      .add("grad0=1031,grad1=5,max_norm=0.1", "slices of a flat bucket")
      .layouts({Layout::channels_last})
      .add("grad0=8x12x3x3,max_norm=0.1", "a convolution's weight, channels innermost");

  list.in("models").add(
      "grad0=768x3072,grad1=3072,grad2=3072x768,grad3=768,max_norm=1",
      "BERT-base feed-forward (Devlin et al. 2018, arXiv 1810.04805; the maximum of its published training code)");
  return list.take();
}

}  // namespace lockstep
