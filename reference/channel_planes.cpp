// SPDX-License-Identifier: Apache-2.0
#include "reference/channel_planes.hpp"

#include <string>
#include <utility>

#include "harness/data/error.hpp"

namespace lockstep {

ChannelPlanes::ChannelPlanes(Shape given) : shape(std::move(given)) {
  const std::string got = "D input (got " + std::to_string(shape.size()) + "D input)";
  if (shape.size() < 2) throw Refused("expected at least 2" + got);
  if (shape.size() > 5) throw Refused("expected at most 5" + got);
  images = shape[0];
  channels = shape[1];
  if (channels == 0) throw Refused("select(): index 0 out of range for tensor of size [0] at dimension 0");
  plane = element_count(Shape(shape.begin() + 2, shape.end()));
}

}  // namespace lockstep
