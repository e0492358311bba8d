// SPDX-License-Identifier: Apache-2.0
#include "harness/numerics/precision_contract.hpp"

#include <algorithm>
#include <cmath>

#ifdef __FAST_MATH__
#error "numerics must not be compiled with fast-math: NaN comparisons would be removed"
#endif

namespace lockstep {

namespace detail {
thread_local constinit const PrecisionContract* current_contract = nullptr;
thread_local constinit double current_roundoff = 0x1p-24;
}  // namespace detail

double PrecisionContract::depth(double terms) const {
  if (terms <= 1) return 0;
  if (partial_sums <= 1) return terms - 1;
  const double lanes = std::min<double>(static_cast<double>(partial_sums), terms);
  return std::ceil(terms / lanes) - 1 + std::ceil(std::log2(lanes));
}

const PrecisionContract& current_contract() {
  static const PrecisionContract float32;
  return detail::current_contract ? *detail::current_contract : float32;
}

ContractScope::ContractScope(const PrecisionContract& contract)
    : previous_(detail::current_contract), contract_(contract) {
  detail::current_contract = &contract_;
  detail::current_roundoff = contract_.roundoff();
}

ContractScope::~ContractScope() {
  detail::current_contract = previous_;
  detail::current_roundoff = current_contract().roundoff();
}

}  // namespace lockstep
