// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lockstep {

/// An operator's parameters under PyTorch's names, held as the tokens that appear in ids. Grammar of a token: letters,
/// digits, `_` and `.`; a minus sign is written `_` (1e_05, _0.5), lists are joined by `x` (3x2, `empty` for none), Python's
/// None is `none`, booleans are `true` and `false`. Order is kept, since it is part of the id.
class Parameters {
 public:
  bool has(std::string_view name) const;
  /// Sets or replaces. The token is used as it is.
  void set(std::string_view name, std::string token);
  void set_integer(std::string_view name, std::int64_t value);
  void set_real(std::string_view name, double value);
  void set_boolean(std::string_view name, bool value);
  void set_integers(std::string_view name, const std::vector<std::int64_t>& values);
  void remove(std::string_view name);

  /// Each returns the default when the parameter is absent and throws Error naming parameter and token when it cannot be
  /// read as that type.
  std::int64_t integer(std::string_view name, std::int64_t fallback) const;
  double real(std::string_view name, double fallback) const;
  bool boolean(std::string_view name, bool fallback) const;
  std::string text(std::string_view name, std::string_view fallback) const;
  std::vector<std::int64_t> integers(std::string_view name, const std::vector<std::int64_t>& fallback) const;
  bool is_none(std::string_view name) const;

  const std::vector<std::pair<std::string, std::string>>& tokens() const { return tokens_; }

 private:
  const std::string* find(std::string_view name) const;
  std::vector<std::pair<std::string, std::string>> tokens_;
};

/// Shortest token that reads back as the same double: 1e-05 becomes 1e_05.
std::string real_token(double value);

}  // namespace lockstep
