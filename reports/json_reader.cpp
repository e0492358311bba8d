// SPDX-License-Identifier: Apache-2.0
#include "reports/json_reader.hpp"

#include <nlohmann/json.hpp>

namespace lockstep::reports {

bool JsonReader::has(const std::string& key) const { return value_.is_object() && value_.contains(key); }
bool JsonReader::is_null() const { return value_.is_null(); }
bool JsonReader::is_text() const { return value_.is_string(); }

JsonReader JsonReader::member(const std::string& key) const {
  if (!value_.is_object()) wrong("an object");
  const auto found = value_.find(key);
  const std::string path = path_.empty() ? key : path_ + "." + key;
  if (found == value_.end()) throw Error(origin_ + ": " + path + " is missing; this version of a report needs it");
  return JsonReader(*found, origin_, path);
}

bool JsonReader::boolean(const std::string& key) const {
  const JsonReader found = member(key);
  if (!found.value_.is_boolean()) found.wrong("true or false");
  return found.value_.get<bool>();
}

double JsonReader::number(const std::string& key) const {
  const JsonReader found = member(key);
  if (found.is_null() && has(key + "_text")) {
    const std::string name = text(key + "_text");
    if (name == "inf") return std::numeric_limits<double>::infinity();
    if (name == "-inf") return -std::numeric_limits<double>::infinity();
    if (name != "nan") member(key + "_text").fail("\"" + name.substr(0, 40) + "\" is none of nan, inf, -inf");
  }
  return found.as_number();
}

std::optional<double> JsonReader::optional_number(const std::string& key) const {
  const JsonReader found = member(key);
  if (found.is_null()) return std::nullopt;
  return found.as_number();
}

std::vector<double> JsonReader::numbers(const std::string& key) const {
  std::vector<double> values;
  each(key, [&](const JsonReader& element) { values.push_back(element.as_number()); });
  return values;
}

std::vector<std::string> JsonReader::texts(const std::string& key) const {
  std::vector<std::string> values;
  each(key, [&](const JsonReader& element) { values.push_back(element.as_text()); });
  return values;
}

std::string JsonReader::as_text() const {
  if (!value_.is_string()) wrong("text");
  return value_.get<std::string>();
}

double JsonReader::as_number() const {
  if (value_.is_null()) return not_a_number;
  if (!value_.is_number()) wrong("a number or null");
  return value_.get<double>();
}

std::int64_t JsonReader::as_integer() const {
  if (!value_.is_number_integer()) wrong("an integer");
  if (value_.is_number_unsigned() &&
      value_.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    wrong("an integer in range");
  }
  return value_.get<std::int64_t>();
}

std::uint64_t JsonReader::as_unsigned() const {
  // A positive number set by hand into a Json is signed; one that was parsed is unsigned.
  if (!value_.is_number_integer() || (!value_.is_number_unsigned() && value_.get<std::int64_t>() < 0)) {
    wrong("an integer that is not negative");
  }
  return value_.get<std::uint64_t>();
}

void JsonReader::each(const std::string& key, const std::function<void(const JsonReader&)>& visit) const {
  const JsonReader list = member(key);
  if (!list.value_.is_array()) list.wrong("an array");
  std::size_t position = 0;
  for (const Json& element : list.value_) {
    visit(JsonReader(element, origin_, list.path_ + "[" + std::to_string(position++) + "]"));
  }
}

void JsonReader::each_member(const std::string& key,
                             const std::function<void(const std::string&, const JsonReader&)>& visit) const {
  const JsonReader object = member(key);
  if (!object.value_.is_object()) object.wrong("an object");
  for (const auto& [name, value] : object.value_.items()) {
    visit(name, JsonReader(value, origin_, object.path_ + "." + name));
  }
}

void JsonReader::wrong(const std::string& expected) const {
  fail("expected " + expected + ", found " + std::string(value_.type_name()));
}

void JsonReader::fail(const std::string& what) const {
  throw Error(origin_ + ": " + (path_.empty() ? "the document" : path_) + ": " + what);
}

}  // namespace lockstep::reports
