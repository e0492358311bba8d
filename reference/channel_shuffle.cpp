// SPDX-License-Identifier: Apache-2.0
#include "reference/channel_shuffle.hpp"

#include "harness/data/error.hpp"
#include "harness/plan/formula_operator.hpp"
#include "reference/operators.hpp"

namespace lockstep {

ChannelShuffle::ChannelShuffle(const Problem& problem) : shape(problem.shape("x")) {
  if (!problem.parameters.has("groups"))
    throw Error("channel_shuffle: parameter 'groups' is missing; accepted: groups=4");
  groups = problem.parameters.integer("groups", 1);
  if (shape.size() < 3)
    throw Refused("channel_shuffle expects input with > 2 dims, but got input with sizes " + to_text(shape));
  batch = shape[0];
  channels = shape[1];
  plane = element_count(Shape(shape.begin() + 2, shape.end()));
  if (groups < 1)
    throw Refused("Number of groups to divide channels in must be positive. Value of groups:" + std::to_string(groups));
  if (channels % groups != 0)
    throw Refused("Number of channels must be divisible by groups. Got " + std::to_string(channels) + " channels and " +
                  std::to_string(groups) + " groups.");
}

namespace {

/// Row-major index of the input element that output element `index` copies, for a shuffle with `groups` groups.
std::int64_t source_of(const ChannelShuffle& op, std::int64_t groups, std::int64_t index) {
  const std::int64_t channel = index / op.plane % op.channels, first = index - channel * op.plane;
  const std::int64_t position = channel / groups, group = channel % groups;
  return first + (group * (op.channels / groups) + position) * op.plane;
}

std::int64_t groups_of(const ChannelShuffle& op, Direction direction) {
  return direction == Direction::forward ? op.groups : op.channels / op.groups;
}

/// Copies and computes nothing: the bound of every element is zero.
template <class T, Direction kDirection>
class Shuffle {
 public:
  Shuffle(const Problem& problem, const Operands<T>& in)
      : op_(problem), groups_(groups_of(op_, kDirection)), values_(in[0]) {}
  T element(std::size_t, std::int64_t index) const { return values_[source_of(op_, groups_, index)]; }

 private:
  ChannelShuffle op_;
  std::int64_t groups_;
  Operand<T> values_;
};
template <class T>
using Forward = Shuffle<T, Direction::forward>;
template <class T>
using Backward = Shuffle<T, Direction::backward>;

/// The fault of copying from another place: `source` maps an output's index to the input's.
using Source = std::function<std::int64_t(std::int64_t index)>;
std::unique_ptr<Evaluator<double>> copy_from(const std::vector<Values>& in, Source source) {
  return std::make_unique<WrongAnswer>([&in, source](std::size_t, std::int64_t i) { return in[0][source(i)]; });
}

class ChannelShuffleOperator final : public FormulaOperator<Forward, Backward> {
 public:
  std::string_view name() const override { return "channel_shuffle"; }

  Signature signature(const Problem& problem) const override {
    const ChannelShuffle op(problem);
    const bool forward = problem.direction == Direction::forward;
    Signature s;
    s.inputs.push_back({.name = forward ? "x" : "g_y",
                        .role = forward ? Role::input : Role::gradient,
                        .dtype = problem.dtype,
                        .shape = op.shape,
                        .fill = {.moves_with_offset = true, .takes_special = true},
                        .takes_layout = true});
    s.outputs.push_back({.name = forward ? "y" : "d_x",
                         .role = Role::output,
                         .dtype = problem.dtype,
                         .shape = op.shape,
                         .fill = {},
                         .takes_layout = true,
                         .exact = true,
                         .copy = true});
    return s;
  }

  /// No arithmetic; every element is read once and written once.
  Cost cost(const Problem& problem) const override {
    const double elements = static_cast<double>(element_count(ChannelShuffle(problem).shape));
    return {0, 2 * elements * static_cast<double>(size_in_bytes(problem.dtype))};
  }

  std::vector<Fault> faults(const Problem&) const override {
    return {
        {"groups_swapped", "shuffled with C / groups groups",
         [](const Problem& p, const std::vector<Values>& in) -> std::unique_ptr<Evaluator<double>> {
           const ChannelShuffle op(p);
           if (op.groups * op.groups == op.channels) return nullptr;  // the same shuffle
           const std::int64_t groups = op.channels / groups_of(op, p.direction);
           return copy_from(in, [op, groups](std::int64_t i) { return source_of(op, groups, i); });
         }},
        {"shuffled_twice", "shuffled twice",
         [](const Problem& p, const std::vector<Values>& in) -> std::unique_ptr<Evaluator<double>> {
           const ChannelShuffle op(p);
           if (is_identity(op)) return nullptr;
           const std::int64_t groups = groups_of(op, p.direction);
           return copy_from(in,
                            [op, groups](std::int64_t i) { return source_of(op, groups, source_of(op, groups, i)); });
         }},
        {"not_shuffled", "channels left where they are",
         [](const Problem& p, const std::vector<Values>& in) -> std::unique_ptr<Evaluator<double>> {
           if (is_identity(ChannelShuffle(p))) return nullptr;
           return copy_from(in, [](std::int64_t i) { return i; });
         }},
        {"one_plane_off", "each plane taken from the channel after the right one",
         [](const Problem& p, const std::vector<Values>& in) -> std::unique_ptr<Evaluator<double>> {
           const ChannelShuffle op(p);
           if (op.channels < 2) return nullptr;
           const std::int64_t groups = groups_of(op, p.direction), image = op.channels * op.plane;
           return copy_from(in, [op, groups, image](std::int64_t i) {
             const std::int64_t first = i / image * image;
             return first + (source_of(op, groups, i) - first + op.plane) % image;
           });
         }},
        {"first_image_repeated", "every image takes its planes from the first",
         [](const Problem& p, const std::vector<Values>& in) -> std::unique_ptr<Evaluator<double>> {
           const ChannelShuffle op(p);
           if (op.batch < 2) return nullptr;
           const std::int64_t groups = groups_of(op, p.direction), image = op.channels * op.plane;
           return copy_from(in, [op, groups, image](std::int64_t i) { return source_of(op, groups, i % image); });
         }},
    };
  }

  std::vector<Fill> fills() const override { return {Fill::normal, Fill::exact, Fill::adversarial, Fill::special}; }

 private:
  static bool is_identity(const ChannelShuffle& op) { return op.groups == 1 || op.groups == op.channels; }
};

}  // namespace

const Operator& channel_shuffle_operator() {
  static const ChannelShuffleOperator instance;
  return instance;
}

}  // namespace lockstep
