// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "harness/communicator/modelled_link.hpp"
#include "suites/scaling/timed_training.hpp"

namespace lockstep {

/// How much of the communication over a modelled link is hidden behind the backward.
///   L = sum over buckets of the link's seconds; hideable = L - those of the last bucket, which no backward is left for
///   exposed = T(with the link) - T(communication left out)
///   hidden fraction = (L - exposed) / hideable; real communication under the link counts against it
struct LinkOverlap {
  TimedTraining training;
  LinkModel link;
  std::size_t buckets = 0;
  double link_seconds = 0, last_bucket_seconds = 0;
  StepSeries with_link, without;

  double exposed_seconds() const { return with_link.median() - without.median(); }
  double hidden_fraction() const;
  bool quiet() const { return with_link.quiet() && without.quiet(); }
  /// The formula with its numbers, one line.
  std::string text() const;
};

/// `link`: without it the seconds per byte are such that the communication of a step takes as long as its backward alone;
/// latencies are then a twentieth of that. Buffers are not broadcast: they are sent before the forward and hidden by
/// nothing. Throws Error for one rank, or where all gradients are one bucket.
LinkOverlap measure_link_overlap(TimedTraining training, const std::optional<LinkModel>& link, int repetitions,
                                 const Catalogue& catalogue,
                                 const std::function<bool(const std::string& next)>& proceed);

}  // namespace lockstep
