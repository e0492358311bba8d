// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/fuzz_table.hpp"

#include <cctype>

namespace lockstep {
namespace {

// Reasons of one operation and verdict that are told apart; an implementation may say anything.
constexpr std::size_t kMostEntries = 5000;
constexpr std::size_t kWidthOfOperation = 34, kWidthOfCount = 8;

std::string padded(const std::string& text, std::size_t width) {
  return text.size() < width ? text + std::string(width - text.size(), ' ') : text + " ";
}

}  // namespace

std::string without_numbers(const std::string& text) {
  std::string result;
  const auto is_part = [&](char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == ',' || c == ' ' || c == 'x';
  };
  for (std::size_t at = 0; at < text.size();) {
    const bool list = text[at] == '[';
    const bool digit = std::isdigit(static_cast<unsigned char>(text[at])) != 0;
    const bool sign = text[at] == '-' && at + 1 < text.size() && std::isdigit(static_cast<unsigned char>(text[at + 1]));
    if (list) {
      const std::size_t end = text.find_first_not_of("0123456789-, ", at + 1);
      if (end != std::string::npos && text[end] == ']') {
        result += "[#]";
        at = end + 1;
        continue;
      }
    }
    if (digit || sign) {
      std::size_t end = at + 1;
      while (end < text.size() && is_part(text[end]) && text[end] != ' ' && text[end] != ',') ++end;
      while (end > at + 1 && !std::isdigit(static_cast<unsigned char>(text[end - 1]))) --end;
      result += '#';
      at = end;
      continue;
    }
    result += text[at++];
  }
  return result;
}

void FuzzTable::add(const std::string& operation, const std::string& verdict, const std::string& reason,
                    std::uint64_t number) {
  add(operation, "", verdict, reason, number);
}

void FuzzTable::add(const std::string& operation, const std::string& implementation, const std::string& verdict,
                    const std::string& reason, std::uint64_t number) {
  std::tuple key{operation, implementation, verdict, without_numbers(reason)};
  if (entries_.size() >= kMostEntries && !entries_.contains(key)) std::get<3>(key) = "other reasons";
  Entry& entry = entries_.try_emplace(key, Entry{0, number}).first->second;
  ++entry.count;
}

std::int64_t FuzzTable::count(const std::string& verdict) const {
  std::int64_t total = 0;
  for (const auto& [key, entry] : entries_)
    if (std::get<2>(key) == verdict) total += entry.count;
  return total;
}

std::string FuzzTable::text() const {
  std::string text = padded("operation", kWidthOfOperation) + padded("verdict", 13) + padded("count", kWidthOfCount) +
                     padded("first", kWidthOfCount) + "reason\n";
  for (const reports::DrawnRow& row : rows())
    text += padded(row.operation + (row.implementation.empty() ? "" : "/" + row.implementation), kWidthOfOperation) +
            padded(row.verdict, 13) + padded(std::to_string(row.count), kWidthOfCount) +
            padded(std::to_string(row.first), kWidthOfCount) + row.reason + "\n";
  return text;
}

std::vector<reports::DrawnRow> FuzzTable::rows() const {
  std::vector<reports::DrawnRow> rows;
  for (const auto& [key, entry] : entries_)
    rows.push_back({.operation = std::get<0>(key),
                    .implementation = std::get<1>(key),
                    .verdict = std::get<2>(key),
                    .reason = std::get<3>(key),
                    .count = entry.count,
                    .first = entry.first});
  return rows;
}

}  // namespace lockstep
