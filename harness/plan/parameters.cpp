// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/parameters.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "harness/data/error.hpp"
#include "harness/data/printable.hpp"
#include "harness/plan/asked_names.hpp"

namespace lockstep {
namespace {

[[noreturn]] void reject(std::string_view name, const std::string& token, std::string_view accepted) {
  throw Error("parameter " + printable(std::string(name) + "=" + token) + "; accepted: " + std::string(accepted));
}

std::string with_minus(std::string token) {
  std::replace(token.begin(), token.end(), '_', '-');
  return token;
}

template <class Number>
bool read(const std::string& text, Number& value) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failure == std::errc{} && end == text.data() + text.size();
}

}  // namespace

const std::string* Parameters::find(std::string_view name) const {
  AskedNames::note(name);
  for (const auto& [key, token] : tokens_)
    if (key == name) return &token;
  return nullptr;
}

bool Parameters::has(std::string_view name) const { return find(name) != nullptr; }
bool Parameters::is_none(std::string_view name) const {
  const std::string* token = find(name);
  return token && *token == "none";
}

void Parameters::set(std::string_view name, std::string token) {
  for (auto& [key, old] : tokens_)
    if (key == name) {
      old = std::move(token);
      return;
    }
  tokens_.emplace_back(name, std::move(token));
}

void Parameters::set_integer(std::string_view name, std::int64_t value) {
  std::string token = std::to_string(value);
  std::replace(token.begin(), token.end(), '-', '_');
  set(name, std::move(token));
}
void Parameters::set_real(std::string_view name, double value) { set(name, real_token(value)); }
void Parameters::set_boolean(std::string_view name, bool value) { set(name, value ? "true" : "false"); }
void Parameters::set_integers(std::string_view name, const std::vector<std::int64_t>& values) {
  std::string token;
  for (const std::int64_t value : values) token += (token.empty() ? "" : "x") + std::to_string(value);
  std::replace(token.begin(), token.end(), '-', '_');
  set(name, values.empty() ? "empty" : token);
}
void Parameters::remove(std::string_view name) {
  std::erase_if(tokens_, [name](const auto& entry) { return entry.first == name; });
}

std::int64_t Parameters::integer(std::string_view name, std::int64_t fallback) const {
  const std::string* token = find(name);
  if (!token) return fallback;
  std::int64_t value = 0;
  if (!read(with_minus(*token), value)) reject(name, *token, "an integer");
  return value;
}

double Parameters::real(std::string_view name, double fallback) const {
  const std::string* token = find(name);
  if (!token) return fallback;
  double value = 0;
  if (!read(with_minus(*token), value)) reject(name, *token, "a number, with _ for the minus sign");
  return value;
}

bool Parameters::boolean(std::string_view name, bool fallback) const {
  const std::string* token = find(name);
  if (!token) return fallback;
  if (*token != "true" && *token != "false") reject(name, *token, "true, false");
  return *token == "true";
}

std::string Parameters::text(std::string_view name, std::string_view fallback) const {
  const std::string* token = find(name);
  return token ? *token : std::string(fallback);
}

std::vector<std::int64_t> Parameters::integers(std::string_view name, const std::vector<std::int64_t>& fallback) const {
  const std::string* token = find(name);
  if (!token) return fallback;
  std::vector<std::int64_t> values;
  if (*token == "empty") return values;
  const std::string text = with_minus(*token);
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('x', at), text.size());
    std::int64_t value = 0;
    if (!read(text.substr(at, end - at), value)) reject(name, *token, "integers joined by x, such as 3x2");
    values.push_back(value);
    at = end + 1;
  }
  return values;
}

std::string real_token(double value) {
  std::array<char, 32> buffer;
  const auto [end, failure] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  std::string token(buffer.data(), end);
  std::replace(token.begin(), token.end(), '-', '_');
  std::erase(token, '+');
  return token;
}

}  // namespace lockstep
