// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/check/findings.hpp"

#include "harness/simt/check/source_lines.hpp"

namespace lockstep::simt::check {
namespace {

constexpr std::size_t kMostTold = 8;  // the message stays readable

/// Lines as they are told: several addresses of code may lie on one line.
struct Told {
  const Finding* finding;
  std::string now, before;
  std::uint64_t count;
};

std::string sentence(const Told& told) {
  const Finding& finding = *told.finding;
  const Actor &now = finding.now, &before = finding.before;
  std::string text = std::string(name(finding.kind)) + " in block " + simt::text(now.block) + ", thread " +
                     simt::text(now.thread) + " at " + told.now + ": " + now.action + " of " + finding.what;
  if (before.code != 0)
    text += ", which block " + simt::text(before.block) + ", thread " + simt::text(before.thread) + " " +
            before.action + " at " + told.before;
  if (!finding.reason.empty()) text += "; " + finding.reason;
  if (told.count > 1) text += " (" + std::to_string(told.count) + " times)";
  return text;
}

}  // namespace

Finding* Findings::find(FaultKind kind, std::uintptr_t now, std::uintptr_t before) {
  for (Finding& finding : findings_)
    if (finding.now.code == now && finding.before.code == before && finding.kind == kind) {
      ++finding.count;
      return &finding;
    }
  return nullptr;
}

bool Findings::has_room() {
  if (findings_.size() < kMostFindings) return true;
  ++left_out_;
  return false;
}

void Findings::clear() {
  findings_.clear();
  left_out_ = 0;
}

std::string Findings::text() const {
  std::vector<std::uintptr_t> codes;
  for (const Finding& finding : findings_) {
    codes.push_back(finding.now.code);
    codes.push_back(finding.before.code);
  }
  const std::vector<std::string> lines = source_lines(codes);
  std::vector<Told> all;
  for (std::size_t i = 0; i < findings_.size(); ++i) {
    const Told next{
        .finding = &findings_[i], .now = lines[2 * i], .before = lines[2 * i + 1], .count = findings_[i].count};
    bool known = false;
    for (Told& told : all)
      if (told.finding->kind == next.finding->kind && told.now == next.now && told.before == next.before) {
        told.count += next.count;
        known = true;
      }
    if (!known) all.push_back(next);
  }
  std::string text;
  for (std::size_t i = 0; i < all.size() && i < kMostTold; ++i) text += (i > 0 ? " | " : "") + sentence(all[i]);
  if (all.size() > kMostTold) text += " | and " + std::to_string(all.size() - kMostTold) + " other findings";
  if (left_out_ > 0) text += " | and " + std::to_string(left_out_) + " more, not told apart";
  return text;
}

}  // namespace lockstep::simt::check
