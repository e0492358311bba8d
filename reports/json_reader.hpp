// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reads members of a JSON document and names the place of whatever is wrong: "report.json: cases[3].outcome: ...".

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "harness/data/error.hpp"
#include "reports/enum_names.hpp"
#include "reports/report_file.hpp"

namespace lockstep::reports {

class JsonReader {
 public:
  // Borrows `value`, which must outlive the reader. `place` is "report.json" or "report.json: cases[3]".
  JsonReader(const Json& value, std::string origin, std::string path)
      : value_(value), origin_(std::move(origin)), path_(std::move(path)) {}

  // Throws Error when this value is no object or lacks the member.
  JsonReader member(const std::string& key) const;
  bool has(const std::string& key) const;
  bool is_null() const;
  bool is_text() const;

  std::string text(const std::string& key) const { return member(key).as_text(); }
  bool boolean(const std::string& key) const;
  // Null reads as NaN unless the sibling "<key>_text" names an infinity.
  double number(const std::string& key) const;
  std::optional<double> optional_number(const std::string& key) const;
  std::vector<double> numbers(const std::string& key) const;  // null elements read as NaN
  std::vector<std::string> texts(const std::string& key) const;
  std::uint64_t unsigned_integer(const std::string& key) const { return member(key).as_unsigned(); }

  template <typename Integer = std::int64_t>
  Integer integer(const std::string& key) const {
    const JsonReader found = member(key);
    const std::int64_t wide = found.as_integer();
    if (wide < std::int64_t{std::numeric_limits<Integer>::min()} ||
        wide > std::int64_t{std::numeric_limits<Integer>::max()}) {
      found.wrong("an integer in range");
    }
    return static_cast<Integer>(wide);
  }

  template <typename Enum>
  Enum enumeration(const std::string& key) const {
    const JsonReader found = member(key);
    const std::string name = found.as_text();
    const std::optional<Enum> value = value_of<Enum>(name);
    if (!value) found.fail("\"" + name.substr(0, 40) + "\" is none of " + accepted_names<Enum>());
    return *value;
  }

  std::string as_text() const;
  double as_number() const;  // null reads as NaN
  std::int64_t as_integer() const;
  std::uint64_t as_unsigned() const;

  // Calls `visit` with every element of the array (or, with its key, of the object) under `key`.
  void each(const std::string& key, const std::function<void(const JsonReader&)>& visit) const;
  void each_member(const std::string& key,
                   const std::function<void(const std::string&, const JsonReader&)>& visit) const;

  [[noreturn]] void wrong(const std::string& expected) const;
  [[noreturn]] void fail(const std::string& what) const;

 private:
  const Json& value_;
  std::string origin_;
  std::string path_;
};

}  // namespace lockstep::reports
