// SPDX-License-Identifier: Apache-2.0
#include "suites/training/process_launcher.hpp"

#include <algorithm>
#include <exception>

#include "harness/data/error.hpp"
#include "suites/training/record_gathering.hpp"
#include "suites/training/step_clock.hpp"

namespace lockstep {
namespace {

/// Rank 0 judges between two meetings, while the others wait.
constexpr double kLongestWaitSeconds = 24 * 3600;

void count_from(double beginning, std::vector<StepTimeline>& timelines) {
  const auto shift = [beginning](auto& stretch) {
    stretch.begin -= beginning;
    stretch.end -= beginning;
  };
  for (StepTimeline& step : timelines) {
    shift(step);
    for (PhaseSpan& span : step.spans) shift(span);
    for (PhaseSpan& span : step.reductions) shift(span);
  }
}

}  // namespace

template <class Act>
auto ProcessLauncher::unless_ended(Act act) {
  if (!ended_because_.empty()) throw Error("the ranks had parted before: " + ended_because_);
  try {
    return act();
  } catch (const std::exception& error) {
    ended_because_ = error.what();
    throw;
  }
}

std::vector<std::string> ProcessLauncher::meet(const std::string& subject, const std::string& word) {
  std::vector<std::string> texts = rank_.exchange(subject + '\n' + word, kLongestWaitSeconds);
  const auto subject_of = [](const std::string& text) { return text.substr(0, text.find('\n')); };
  for (std::size_t rank = 1; rank < texts.size(); ++rank)
    if (subject_of(texts[rank]) != subject_of(texts[0]))
      throw Error("the ranks are at different places: rank 0 at " + subject_of(texts[0]) + ", rank " +
                  std::to_string(rank) + " at " + subject_of(texts[rank]));
  for (std::string& text : texts) text.erase(0, text.find('\n') + 1);
  return texts;
}

void ProcessLauncher::run(const TrainingPlan& plan, const std::function<void(Communicator&)>& body,
                          TrainingRecord& record) {
  unless_ended([&] {
    Communicator& ranks = rank_.communicator();
    if (plan.ranks != ranks.size())
      throw Error("a training of " + std::to_string(plan.ranks) + " ranks; launched were " +
                  std::to_string(ranks.size()));
    meet("a training in mode " + plan.mode, "");
    ranks.set_step(-1);
    ranks.set_label("the beginning of time");
    ranks.barrier();
    const double beginning = StepClock().now();
    ranks.reset_traffic();
    ranks.set_label("");
    body(ranks);
    count_from(beginning, record.ranks.at(static_cast<std::size_t>(ranks.rank())).timelines);
    ranks.set_step(-1);
    gather_records(ranks, record);
  });
}

bool ProcessLauncher::all_go_on(const std::string& what, bool wants_to) {
  return unless_ended([&] {
    const std::vector<std::string> words = meet(what, wants_to ? "yes" : "no");
    return std::all_of(words.begin(), words.end(), [](const std::string& word) { return word == "yes"; });
  });
}

int ProcessLauncher::status_of_rank_0(int status) {
  return unless_ended([&] { return std::stoi(meet("the end", std::to_string(status)).at(0)); });
}

}  // namespace lockstep
