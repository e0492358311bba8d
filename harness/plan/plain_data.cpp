// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/plain_data.hpp"

#include <algorithm>
#include <charconv>

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

void append_runs(std::string& token, char kind, const std::vector<std::int64_t>& indices) {
  for (std::size_t first = 0; first < indices.size();) {
    std::size_t last = first;
    while (last + 1 < indices.size() && indices[last + 1] == indices[last] + 1) ++last;
    token += '.';
    token += kind + std::to_string(indices[first]);
    if (last > first) token += "to" + std::to_string(indices[last]);
    first = last + 1;
  }
}

[[noreturn]] void reject(std::string_view part) {
  throw Error("parameter data at '" + std::string(part) +
              "'; accepted: an input's name, .zero or .one, and elements such as .d5, .d7to9, .o12");
}

std::int64_t index_of(std::string_view text, std::string_view part) {
  std::int64_t index = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (failure != std::errc{} || end != text.data() + text.size() || index < 0) reject(part);
  return index;
}

void read_elements(std::string_view part, PlainInput& input) {
  if (part.size() < 2 || (part[0] != 'd' && part[0] != 'o')) reject(part);
  const std::size_t to = part.find("to");
  const std::int64_t first = index_of(part.substr(1, std::min(to, part.size()) - 1), part),
                     last = to == std::string_view::npos ? first : index_of(part.substr(to + 2), part);
  constexpr std::int64_t kLongestRun = std::int64_t{1} << 24;  // an id that was mistyped must not take all memory
  if (last < first || last - first > kLongestRun) reject(part);
  for (std::int64_t index = first; index <= last; ++index) (part[0] == 'd' ? input.drawn : input.one).push_back(index);
}

template <class Visit>
void for_each_part(std::string_view text, char separator, Visit visit) {
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(separator, at), text.size());
    visit(text.substr(at, end - at));
    at = end + 1;
  }
}

/// The plain numbers of one input.
struct PlainNumbers {
  double zero = 0, one = 1;
};

PlainNumbers plain_numbers(const TensorSpec& spec, Fill fill) {
  if (!is_floating(spec.dtype)) {
    const std::int64_t next = std::min(spec.fill.low + 1, std::max(spec.fill.low, spec.fill.high));
    return {static_cast<double>(spec.fill.low), static_cast<double>(next)};
  }
  if (spec.fill.positive) return {1, 1};
  return {0, fill == Fill::exact && spec.fill.exact_limit < 1 ? 0.0 : 1.0};
}

}  // namespace

std::string plain_data_token(const std::vector<PlainInput>& inputs) {
  std::string token;
  for (const PlainInput& input : inputs) {
    token += (token.empty() ? "" : "+") + input.name + (input.ones ? ".one" : ".zero");
    append_runs(token, 'd', input.drawn);
    append_runs(token, 'o', input.one);
  }
  return token;
}

std::vector<PlainInput> parse_plain_data(std::string_view token) {
  std::vector<PlainInput> inputs;
  for_each_part(token, '+', [&](std::string_view text) {
    PlainInput input;
    int position = 0;
    for_each_part(text, '.', [&](std::string_view part) {
      if (position == 0 && part.empty()) reject(text);
      if (position == 1 && part != "zero" && part != "one") reject(text);
      if (position == 0)
        input.name = part;
      else if (position == 1)
        input.ones = part == "one";
      else
        read_elements(part, input);
      ++position;
    });
    if (position < 2) reject(text);
    inputs.push_back(std::move(input));
  });
  return inputs;
}

Problem without_plain_data(Problem problem) {
  problem.parameters.remove(kPlainData);
  return problem;
}

void make_plain(const Problem& problem, const Signature& signature, std::vector<Values>& inputs) {
  if (!problem.parameters.has(kPlainData)) return;
  for (const PlainInput& plain : parse_plain_data(problem.parameters.text(kPlainData, "")))
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const TensorSpec& spec = signature.inputs[i];
      if (spec.name != plain.name || spec.role == Role::saved) continue;
      for (const auto* list : {&plain.drawn, &plain.one})
        if (!list->empty() && *std::max_element(list->begin(), list->end()) >= inputs[i].count())
          throw Error("parameter data names an element past the end of " + plain.name + " of shape " +
                      to_text(spec.shape));
      const PlainNumbers numbers = plain_numbers(spec, problem.fill);
      Values values(spec.dtype, spec.shape);
      for (std::int64_t k = 0; k < values.count(); ++k) values.set(k, plain.ones ? numbers.one : numbers.zero);
      for (const std::int64_t k : plain.drawn) values.set(k, inputs[i][k]);
      for (const std::int64_t k : plain.one) values.set(k, numbers.one);
      inputs[i] = std::move(values);
    }
}

}  // namespace lockstep
