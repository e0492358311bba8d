// SPDX-License-Identifier: Apache-2.0
#include "reports/schema_check.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "harness/data/error.hpp"

namespace lockstep::reports {
namespace {

bool has_type(const Json& value, const std::string& type) {
  if (type == "null") return value.is_null();
  if (type == "boolean") return value.is_boolean();
  if (type == "string") return value.is_string();
  if (type == "array") return value.is_array();
  if (type == "object") return value.is_object();
  if (type == "number") return value.is_number();
  if (type == "integer") return value.is_number_integer();
  throw Error("schema: unknown type \"" + type + "\"");
}

class Checker {
 public:
  Checker(const Json& root, std::size_t limit) : root_(root), limit_(limit) {}

  void check(const Json& schema, const Json& value, const std::string& path) {
    if (found_.size() >= limit_) return;
    refuse_unknown_keywords(schema);
    if (const auto reference = schema.find("$ref"); reference != schema.end()) {
      check(definition(reference->get<std::string>()), value, path);
    }
    check_value(schema, value, path);
    if (value.is_object()) check_object(schema, value, path);
    if (value.is_array() && schema.contains("items")) {
      std::size_t position = 0;
      for (const Json& element : value) check(schema["items"], element, path + "[" + std::to_string(position++) + "]");
    }
  }

  std::vector<std::string> take() { return std::move(found_); }

 private:
  static void refuse_unknown_keywords(const Json& schema) {
    static constexpr std::array<const char*, 15> known{
        "$schema", "$defs",      "title",    "description",          "$ref",    "type",     "const", "enum", "anyOf",
        "items",   "properties", "required", "additionalProperties", "minimum", "minLength"};
    for (const auto& [keyword, ignored] : schema.items()) {
      bool is_known = false;
      for (const char* name : known) is_known = is_known || keyword == name;
      if (!is_known) throw Error("schema: the checker does not know the keyword \"" + keyword + "\"");
    }
  }

  const Json& definition(const std::string& reference) const {
    static const std::string prefix = "#/$defs/";
    const bool local = reference.compare(0, prefix.size(), prefix) == 0;
    const std::string name = local ? reference.substr(prefix.size()) : "";
    if (!local || !root_.contains("$defs") || !root_["$defs"].contains(name)) {
      throw Error("schema: nothing stands at \"" + reference + "\"");
    }
    return root_["$defs"][name];
  }

  void check_value(const Json& schema, const Json& value, const std::string& path) {
    if (const auto type = schema.find("type"); type != schema.end()) {
      bool fits = false;
      const Json types = type->is_array() ? *type : Json::array({*type});
      for (const Json& name : types) fits = fits || has_type(value, name.get<std::string>());
      if (!fits) report(path, "expected " + types.dump() + ", found " + value.type_name());
    }
    if (schema.contains("const") && value != schema["const"]) report(path, "must be " + schema["const"].dump());
    if (schema.contains("enum")) {
      bool listed = false;
      for (const Json& choice : schema["enum"]) listed = listed || value == choice;
      if (!listed) report(path, shown(value) + " is none of " + schema["enum"].dump());
    }
    if (schema.contains("minimum") && value.is_number() && !(value.get<double>() >= schema["minimum"].get<double>())) {
      report(path, shown(value) + " is below " + schema["minimum"].dump());
    }
    if (schema.contains("minLength") && value.is_string() &&
        value.get_ref<const std::string&>().size() < schema["minLength"].get<std::size_t>()) {
      report(path, "is shorter than " + schema["minLength"].dump());
    }
    if (schema.contains("anyOf")) check_any_of(schema["anyOf"], value, path);
  }

  void check_any_of(const Json& choices, const Json& value, const std::string& path) {
    std::vector<std::string> closest;
    for (const Json& choice : choices) {
      Checker attempt(root_, limit_);
      attempt.check(choice, value, path);
      std::vector<std::string> violations = attempt.take();
      if (violations.empty()) return;
      closest = std::move(violations);
    }
    // The last choice is the real form (the first is null): its violations are what the reader wants.
    for (const std::string& line : closest) {
      if (found_.size() < limit_) found_.push_back(line);
    }
  }

  void check_object(const Json& schema, const Json& value, const std::string& path) {
    if (const auto required = schema.find("required"); required != schema.end()) {
      for (const Json& key : *required) {
        if (!value.contains(key.get<std::string>())) report(path, "lacks " + key.dump());
      }
    }
    const Json none = Json::object();
    const Json& properties = schema.contains("properties") ? schema["properties"] : none;
    for (const auto& [key, member] : value.items()) {
      const std::string place = path.empty() ? key : path + "." + key;
      if (properties.contains(key)) {
        check(properties[key], member, place);
      } else if (const auto rest = schema.find("additionalProperties"); rest != schema.end()) {
        if (rest->is_boolean() && !rest->get<bool>()) report(place, "is not a known member");
        if (rest->is_object()) check(*rest, member, place);
      }
    }
  }

  static std::string shown(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace).substr(0, 60);
  }

  void report(const std::string& path, const std::string& what) {
    if (found_.size() < limit_) found_.push_back((path.empty() ? "the document" : path) + ": " + what);
  }

  const Json& root_;
  std::size_t limit_;
  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> schema_violations(const Json& schema, const Json& document, std::size_t limit) {
  Checker checker(schema, limit);
  checker.check(schema, document, "");
  return checker.take();
}

}  // namespace lockstep::reports
