// SPDX-License-Identifier: Apache-2.0
#include "harness/numerics/repeated_terms.hpp"

namespace lockstep {

double repeated_additions(std::int64_t n, std::vector<double> sampled, double resolution) {
  if (sampled.empty() || !(resolution > 0) || !std::isfinite(resolution)) return 0;
  const double looked_at = static_cast<double>(sampled.size());
  for (double& term : sampled) term = std::floor(term / resolution + 0.5);
  std::erase_if(sampled, [](double term) { return term == 0 || !std::isfinite(term); });
  std::sort(sampled.begin(), sampled.end());
  const double added = static_cast<double>(sampled.size());
  double alike = 0, run = 0;
  for (std::size_t i = 1; i < sampled.size(); ++i) {
    run = sampled[i] == sampled[i - 1] ? run + 1 : 0;
    alike += run;
  }
  if (alike == 0) return 0;
  const double different = added * (added - 1) / 2 / alike;
  return static_cast<double>(n) * (added / looked_at) / 2 / different;
}

}  // namespace lockstep
