// SPDX-License-Identifier: Apache-2.0
#include "suites/operators/problem_list.hpp"
#include "suites/operators/problems.hpp"

namespace lockstep {

std::vector<ListedProblem> embedding_problems() {
  ProblemList list("embedding");
  list.in("smoke")
      .fills({Fill::normal, Fill::exact, Fill::adversarial, Fill::special})
      .add("weight=300x24,indices=4x100,padding_idx=7", "small enough to judge every element; a padding row")
      .fills({Fill::normal, Fill::adversarial})
      .add("weight=11x40,indices=150,scale_grad_by_freq=true", "every row is looked up often, and the sum divided")
      .fills({Fill::normal})
      .add("weight=4096x256,indices=8x512", "the shape on which judging is timed");

  list.in("edges")
      .add("weight=1x1,indices=1", "one element")
      .add("weight=3x5,indices=scalar", "one row, by an index without axes")
      .add("weight=3x5,indices=0x4", "no lookup: the gradient is zero everywhere")
      .add("weight=0x5,indices=0", "no row")
      .add("weight=1x31,indices=33", "every lookup reads the only row")
      .add("weight=2x33,indices=31x3,padding_idx=_1", "one above a warp, the padding row counted from the end")
      .add("weight=97x7,indices=5x3x2,scale_grad_by_freq=true,padding_idx=0", "odd everything, most rows never read")
      .add("weight=257x1,indices=1031", "rows of one element, a prime number of lookups")
      .add("weight=5x1033,indices=17", "long rows of a prime length")
      .dtypes({DType::f32, DType::bf16})
      .layouts({Layout::strided, Layout::unaligned})
      .add("weight=50x36,indices=3x40", "rows with gaps, rows off every vector boundary");

  list.in("models")
      .dtypes({DType::f32, DType::bf16})
      .add("weight=30522x768,indices=2x128,padding_idx=0",
           "BERT-base words, 2 sequences of 128 (Devlin et al. 2018, arXiv 1810.04805; its vocabulary and padding)")
      .add("weight=2x768,indices=4x128", "BERT-base segments: two rows share all lookups (arXiv 1810.04805)")
      .add("weight=50257x768,indices=1x256",
           "GPT-2 small, 256 tokens (Radford et al. 2019, table 2 and its vocabulary)")
      .add("weight=10000x1500,indices=35x20",
           "large LSTM on the Penn Treebank, 20 sequences of 35 (Zaremba et al. 2014, arXiv 1409.2329, section 4.1)");
  return list.take();
}

}  // namespace lockstep
